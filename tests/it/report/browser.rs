//! One headless Chromium, spoken to over two pipes.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value as Json, json};

/// How long an answer may take on a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(90);

/// A browser with one empty tab; ends with the value.
pub struct Browser {
    child: Child,
    to: File,
    from: Receiver<Json>,
    session: String,
    sent: u64,
    /// What the browser said without being asked.
    events: Vec<Json>,
    _folder: tempfile::TempDir,
}

/// Whether there is a Chromium.
pub fn is_installed() -> bool {
    Command::new("chromium")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

impl Browser {
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("makegood-browser-").tempdir().unwrap();
        let [ask, answer] = ["ask", "answer"].map(|name| folder.path().join(name));
        assert!(Command::new("mkfifo").args([&ask, &answer]).status().unwrap().success());
        // What the DevTools pipe wants: commands on descriptor 3, answers on descriptor 4.
        let child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<\"$ASK\" 4>\"$ANSWER\"", "chromium"])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .env("ASK", &ask)
            .env("ANSWER", &answer)
            .env("HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // In the order in which the shell opens the other ends.
        let to = OpenOptions::new().write(true).open(&ask).unwrap();
        let from = BufReader::new(File::open(&answer).unwrap());
        let (send, receive) = channel();
        std::thread::spawn(move || {
            for message in from.split(0).map_while(Result::ok) {
                if send.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let session = String::new();
        let mut browser =
            Self { child, to, from: receive, session, sent: 0, events: Vec::new(), _folder: folder };
        let tab = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attached =
            browser.call("Target.attachToTarget", &json!({"targetId": tab["targetId"], "flatten": true}));
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Calls a method of the tab and waits for its result.
    pub fn call(&mut self, method: &str, params: &Json) -> Json {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let message = self.next(method);
            if message["id"] == self.sent {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&self, waiting_for: &str) -> Json {
        self.from.recv_timeout(ANSWER_MAX).unwrap_or_else(|error| panic!("chromium: {waiting_for}: {error}"))
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, path: &Path) {
        self.events.clear();
        self.call("Page.navigate", &json!({"url": format!("file://{}", path.display())}));
        while self.events_of("Page.loadEventFired").is_empty() {
            let event = self.next("load");
            self.events.push(event);
        }
    }

    /// The value of an expression; a promise is waited for.
    pub fn value(&mut self, expression: &str) -> Json {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", &params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// What the browser said under a name since the page was opened.
    pub fn events_of(&self, name: &str) -> Vec<&Json> {
        self.events.iter().filter(|event| event["method"] == name).map(|event| &event["params"]).collect()
    }

    /// Looks at the page as on a screen of this width, or on paper.
    pub fn look(&mut self, width: u32, scheme: &str, media: &str) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}),
        );
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", &json!({"media": media, "features": features}));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
