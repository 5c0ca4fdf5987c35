//! A hundred hours of an hourly cron with outages planned in: what could be delivered was delivered
//! once, what could not is held with its reason, and the exit codes told the story.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::time::Duration as Wait;

use makegood::domain::{Duration, TimeMs};
use serde_json::{Value as Json, json};

use crate::checker;
use crate::faults::scene::{self, PIXEL, Scene, TOKEN, purchase};

const HOURS: u32 = 100;
const PER_HOUR: u32 = 4;

/// 2026-11-16T00:00:00Z, a Monday.
const START: TimeMs = TimeMs::from_ms(1_794_787_200_000);

/// What went wrong, and when. Hours are counted from the start; the cron runs at the end of each.
mod plan {
    use std::ops::Range;

    /// The funnel's own server has a dead token: TikTok refuses what it sends.
    pub const SERVER_TOKEN_DEAD: [Range<u32>; 3] = [10..14, 50..52, 60..62];
    /// TikTok takes what we send and answers 500: nobody knows.
    pub const ANSWERS_LOST: Range<u32> = 20..22;
    /// Our own token is wrong, until somebody mends it.
    pub const OUR_TOKEN_WRONG: Range<u32> = 30..33;
    /// TikTok throttles, and asks for an hour.
    pub const THROTTLED: u32 = 42;
    /// The machine dies with a request on the wire.
    pub const KILLED: u32 = 45;
    /// Nobody runs the cron: a long weekend.
    pub const AWAY: Range<u32> = 50..99;
    /// TikTok refuses what this one says.
    pub const BAD: &str = "e24-1-bad";
}

fn at(hour: u32, minutes: i64) -> TimeMs {
    START.plus(Duration::from_hours(i64::from(hour))).plus(Duration::from_mins(minutes))
}

/// One event of the funnel, and what its server did with it.
struct Planned {
    id: String,
    at: TimeMs,
    /// The code that TikTok gave the funnel's server; `None`: it never sent.
    server: Option<i64>,
}

fn hour(hour: u32) -> Vec<Planned> {
    (0..PER_HOUR)
        .map(|place| {
            let id = format!("e{hour}-{place}");
            let id = if plan::BAD.starts_with(&id) { plan::BAD.to_owned() } else { id };
            let server = if plan::SERVER_TOKEN_DEAD.iter().any(|hours| hours.contains(&hour)) {
                Some(40105)
            } else {
                // Every third hour one is forgotten. The last of each hour always arrives, so the log
                // is seen to reach beyond it.
                (!hour.is_multiple_of(3) || place != 1).then_some(0)
            };
            Planned { id, at: at(hour, 5 + 15 * i64::from(place)), server }
        })
        .collect()
}

/// The logs grow by an hour.
fn log(scene: &Scene, events: &[Planned]) {
    let append = |name: &str, text: &str| {
        let mut file =
            OpenOptions::new().create(true).append(true).open(scene.place.work.join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    let (mut funnel, mut delivery) = (String::new(), String::new());
    for event in events {
        writeln!(funnel, "{}", purchase(&event.id, &event.at.to_string())).unwrap();
        let Some(code) = event.server else { continue };
        let receipt = json!({
            "type": "delivery", "event_id": event.id, "event": "CompletePayment", "pixel_id": PIXEL,
            "channel": "events_api", "sent_at": event.at.plus(Duration::from_secs(2)).to_string(),
            "http_status": 200, "code": code,
        });
        writeln!(delivery, "{receipt}").unwrap();
    }
    append("funnel.jsonl", &funnel);
    append("delivery.jsonl", &delivery);
}

fn settings(scene: &Scene) {
    let text = format!(
        "[[source]]\npath = \"funnel.jsonl\"\n\n[[source]]\npath = \"delivery.jsonl\"\n\n[[pixel]]\nid = \"{PIXEL}\"\naccess_token_file = \"token\"\n\n\
         [backfill]\nrate = \"100/s\"\nbatch = 10\nconnect_timeout = \"1s\"\ntotal_timeout = \"3s\"\n"
    );
    fs::write(scene.place.work.join("makegood.toml"), text).unwrap();
}

/// What TikTok does in this hour. One event is refused whatever happens.
fn script(scene: &Scene, hour: u32) {
    let mut steps = vec![json!({"when_event_id_contains": "bad", "code": 40002})];
    if plan::ANSWERS_LOST.contains(&hour) {
        steps.push(json!({"status": 500, "body": "<html>", "taken": true, "times": 50}));
    } else if plan::OUR_TOKEN_WRONG.contains(&hour) {
        steps.push(json!({"code": 40105, "times": 50}));
    } else if hour == plan::THROTTLED {
        steps.push(json!({"code": 40100, "retry_after": "3600", "times": 50}));
    } else if hour == plan::KILLED {
        steps.push(json!({"do": "hang", "taken": true}));
    }
    scene.script(&steps);
}

/// The exit code of this hour's cron; `None`: it was killed.
fn cron(scene: &Scene, hour: u32) -> Option<i32> {
    let now = at(hour + 1, 0);
    scene.ask("POST", "/sandbox/clock", &json!({"now": now.to_string()}).to_string());
    script(scene, hour);
    if hour == plan::OUR_TOKEN_WRONG.end {
        scene.token(&TOKEN.replace('0', "1"));
    }
    let mut command = scene.sending(&now.to_string(), &["-q"]);
    if hour != plan::KILLED {
        return Some(scene::run(&mut command).code);
    }
    let before = scene.sent().0;
    let mut child = scene::piped(&mut command);
    while scene.sent().0 == before {
        assert!(child.try_wait().unwrap().is_none(), "it ended with nothing on the wire");
        std::thread::sleep(Wait::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

fn verdicts(scene: &Scene) -> BTreeMap<String, (String, Option<String>)> {
    let now = at(HOURS, 0).to_string();
    let args = ["--now", &now, "events", "--since", "2026-11-01", "--until", "2026-12-01"];
    let listed = scene::run(scene.place.makegood().args(args).args(["--format", "ndjson"])).with(0, "");
    let text = |line: &Json, name: &str| line[name].as_str().map(str::to_owned);
    listed
        .stdout
        .lines()
        .map(|line| {
            let line: Json = serde_json::from_str(line).unwrap();
            (text(&line, "event_id").unwrap(), (text(&line, "verdict").unwrap(), text(&line, "reason")))
        })
        .collect()
}

#[test]
fn a_hundred_hours_with_outages_deliver_once_what_could_be_delivered() {
    let scene = Scene::empty();
    settings(&scene);
    let mut story = BTreeMap::new();
    let mut events = Vec::new();
    for now in 0..HOURS {
        let new = hour(now);
        log(&scene, &new);
        events.extend(new);
        if !plan::AWAY.contains(&now) {
            story.insert(now, cron(&scene, now));
        }
    }

    // The exit codes told the story; all other hours were silent successes.
    let told: Vec<_> = story.iter().filter(|(_, code)| **code != Some(0)).map(|(h, c)| (*h, *c)).collect();
    let temporary = Some(6);
    assert_eq!(
        told,
        [
            (plan::ANSWERS_LOST.start + 1, temporary),
            (24, Some(3)),
            (plan::OUR_TOKEN_WRONG.start, Some(5)),
            (plan::OUR_TOKEN_WRONG.start + 1, Some(5)),
            (plan::OUR_TOKEN_WRONG.start + 2, Some(5)),
            (plan::THROTTLED, temporary),
            (plan::KILLED, None),
            // Back from the weekend: what grew too old is held, and said once.
            (plan::AWAY.end, Some(3)),
        ]
    );

    // Delivered once: the server's own, and every other event that was not too old when the cron came back.
    let back = at(plan::AWAY.end + 1, 0);
    let late = |event: &&Planned| {
        let age = back.since(event.at);
        plan::AWAY.contains(&u32::try_from(event.at.since(START).as_ms() / 3_600_000).unwrap())
            && age >= Duration::from_hours(47)
    };
    let owed: Vec<_> = events.iter().filter(|event| event.server != Some(0)).collect();
    let expected: BTreeSet<_> = owed
        .iter()
        .filter(|event| !late(event) && event.id != plan::BAD)
        .map(|event| event.id.clone())
        .collect();
    let counted: BTreeSet<_> = scene.ask("GET", "/sandbox/counted", "")["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["counted"] == 1)
        .map(|key| key["event_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(counted, expected);
    scene.sent();
    let agreed =
        checker::check(&scene.place.work.join("makegood.db"), &scene.place.work.join("requests.jsonl"));
    assert_eq!(agreed, expected.len());

    let verdicts = verdicts(&scene);
    assert_eq!(verdicts.len(), events.len());
    for event in &events {
        let (verdict, reason) = &verdicts[&event.id];
        let is_delivered = event.server == Some(0) || expected.contains(&event.id);
        assert_eq!(verdict == "delivered", is_delivered, "{}", event.id);
        if !is_delivered {
            let code = if event.id == plan::BAD { "code-40002" } else { "code-40105" };
            assert_eq!((verdict.as_str(), reason.as_deref()), ("refused", Some(code)), "{}", event.id);
        }
    }
    let held = owed.iter().copied().filter(late).count();
    assert_eq!(clock(&scene)["held"], json!([{"class": "late-browser-unseen", "events": held}]));
}

/// What the audit says of the clock at the end.
fn clock(scene: &Scene) -> Json {
    let now = at(HOURS, 0).to_string();
    let range = ["--since", "2026-11-01", "--until", "2026-12-01", "--json"];
    let audit = scene::run(scene.place.makegood().args(["--now", &now, "audit"]).args(range)).with(0, "");
    serde_json::from_str::<Json>(&audit.stdout).unwrap()["clock"].clone()
}
