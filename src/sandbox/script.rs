//! The JSON form of a script: `POST /sandbox/script`.

use std::time::Duration;

use serde::Deserialize;

use super::faults::{Blames, Fault, Poison, Says, Script, Step, Taken};

/// Steps that one line may ask for; a script is a test's, not a flood.
const TIMES_MAX: usize = 100_000;

/// What stands in the body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptWire {
    #[serde(default)]
    steps: Vec<StepWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Do {
    Ok,
    Answer,
    Hang,
    Reset,
    Close,
    Redirect,
    Truncate,
    Drip,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepWire {
    #[serde(default = "answer")]
    r#do: Do,
    status: Option<u16>,
    code: Option<i64>,
    message: Option<String>,
    body: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    retry_after: Option<String>,
    location: Option<String>,
    #[serde(default)]
    taken: bool,
    #[serde(default)]
    delay_ms: u64,
    drip_ms: Option<u64>,
    times: Option<usize>,
    when_event_id_contains: Option<String>,
    #[serde(default)]
    names_index: bool,
}

const fn answer() -> Do {
    Do::Answer
}

/// Reads a script.
///
/// `{"steps":[{"code":40100,"retry_after":"3"},{"do":"hang","taken":true},{"do":"ok","times":5},
/// {"when_event_id_contains":"bad","code":40002,"names_index":true}]}`
pub(super) fn read(body: &[u8]) -> Result<Script, &'static str> {
    let wire: ScriptWire = serde_json::from_slice(body).map_err(
        |_| "not a script: {\"steps\":[{\"do\":\"ok|answer|hang|reset|close|redirect|truncate|drip\",…}]}",
    )?;
    let mut script = Script::default();
    for step in wire.steps {
        if let Some(id_contains) = step.when_event_id_contains {
            let blames = if step.names_index { Blames::Index } else { Blames::Nobody };
            script.poison.push(Poison { id_contains, code: step.code.unwrap_or(40002), blames });
            continue;
        }
        let times = step.times.unwrap_or(1);
        if times > TIMES_MAX {
            return Err("times is at most 100000");
        }
        let step = Step { delay: Duration::from_millis(step.delay_ms), fault: fault(step) };
        script.steps.extend(std::iter::repeat_n(step, times));
    }
    Ok(script)
}

fn fault(step: StepWire) -> Option<Fault> {
    let taken = if step.taken { Taken::Yes } else { Taken::No };
    let mut headers = step.headers;
    headers.extend(step.retry_after.map(|wait| ("Retry-After".to_owned(), wait)));
    headers.extend(step.location.map(|location| ("Location".to_owned(), location)));
    let says = match (step.code, step.body) {
        (Some(code), None) => Says::Code(code, step.message.unwrap_or_else(|| "scripted".to_owned())),
        (_, body) => Says::Text(body.unwrap_or_default()),
    };
    let answer = |status| Fault::Answer { taken, status, says, headers };
    match step.r#do {
        Do::Ok => None,
        Do::Answer => Some(answer(step.status.unwrap_or(200))),
        Do::Redirect => Some(answer(step.status.unwrap_or(302))),
        Do::Hang => Some(Fault::Hang(taken)),
        Do::Reset => Some(Fault::Reset(taken)),
        Do::Close => Some(Fault::Close(taken)),
        Do::Truncate => Some(Fault::Truncate),
        Do::Drip => Some(Fault::Drip(Duration::from_millis(step.drip_ms.unwrap_or(300)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_read() {
        let script = read(
            br#"{"steps":[{"code":40100,"status":401,"retry_after":"3"},{"do":"hang","taken":true},
                {"do":"ok","times":2,"delay_ms":50},{"do":"redirect","location":"http://x/"},
                {"do":"drip"},{"status":503,"body":"<html>"},{"code":0,"taken":true,"body":"{}"},
                {"when_event_id_contains":"bad","names_index":true}]}"#,
        )
        .unwrap();
        let steps: Vec<_> = script.steps.into_iter().collect();
        assert_eq!(steps.len(), 8);
        assert_eq!(steps[0].fault, Some(Fault::code(401, 40100).with_header("Retry-After", "3")));
        assert_eq!(steps[1].fault, Some(Fault::Hang(Taken::Yes)));
        assert_eq!(steps[2], Step { delay: Duration::from_millis(50), fault: None });
        assert_eq!(steps[4].fault, Some(Fault::redirect(302, "http://x/")));
        assert_eq!(steps[6].fault, Some(Fault::text(503, "<html>")));
        assert_eq!(steps[7].fault, Some(Fault::text(200, "{}").but_taken()));
        let rule = Poison { id_contains: "bad".into(), code: 40002, blames: Blames::Index };
        assert_eq!(script.poison, [rule]);
    }

    #[test]
    fn a_misspelt_step_is_refused() {
        for body in
            [&b"{"[..], br#"{"step":[]}"#, br#"{"steps":[{"cod":1}]}"#, br#"{"steps":[{"do":"explode"}]}"#]
        {
            assert!(read(body).is_err());
        }
        assert!(read(br#"{"steps":[{"do":"ok","times":100001}]}"#).is_err());
    }
}
