//! The sandbox, asked over its socket.

use makegood::domain::TimeMs;
use makegood::sandbox::{Key, Options, Sandbox};
use serde_json::{Value as Json, json};

use crate::http::{ask, post, purchase, request};

const TRACK: &str = "/open_api/v1.3/event/track/";
const NOW: TimeMs = TimeMs::from_ms(1_795_176_000_000);

async fn sandbox() -> Sandbox {
    Sandbox::start(Options { now: Some(NOW), token: Some("right".into()), ..Options::default() })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_request_is_counted_once() {
    let sandbox = sandbox().await;
    let body = request("P", &[purchase("e1"), purchase("e2")]).to_string();
    for copies in 1..=2 {
        let (status, answer) = post(&sandbox, TRACK, &body).await;
        assert_eq!((status, &answer["code"], &answer["message"]), (200, &json!(0), &json!("OK")));
        assert_eq!(answer["request_id"].as_str().unwrap().len(), 34);
        assert_eq!(answer["data"], json!({}));
        let counted = sandbox.counted();
        assert_eq!(counted.len(), 2);
        assert!(counted.iter().all(|key| key.copies == copies && key.counted == 1));
    }
    let (_, counted) = post_get(&sandbox, "GET", "/sandbox/counted", "").await;
    assert_eq!(
        counted["totals"],
        json!({
            "keys": 2, "copies": 4, "counted": 2, "counted_twice": 0, "requests": 2, "test_events": 0
        })
    );
    assert_eq!(
        counted["keys"][0],
        json!({
            "pixel": "P", "event": "CompletePayment", "event_id": "e1", "copies": 2, "counted": 1,
            "first_at": "2026-11-20T12:00:00Z"
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_strict_about_the_way_of_asking() {
    let sandbox = sandbox().await;
    let body = request("P", &[purchase("e1")]).to_string();
    let json = "Content-Type: application/json\r\n";
    for (method, path, headers, status, code) in [
        ("POST", TRACK, format!("Access-Token: right\r\n{json}"), 200, Some(0)),
        ("POST", TRACK, json.to_owned(), 401, Some(40104)),
        ("POST", TRACK, format!("Access-Token: \r\n{json}"), 401, Some(40104)),
        ("POST", TRACK, format!("Access-Token: wrong\r\n{json}"), 401, Some(40105)),
        ("POST", TRACK, format!("Access-Token: Bearer right\r\n{json}"), 401, Some(40105)),
        ("POST", TRACK, format!("Authorization: Bearer right\r\n{json}"), 401, Some(40104)),
        ("POST", TRACK, "Access-Token: right\r\nContent-Type: text/plain\r\n".to_owned(), 415, None),
        ("GET", TRACK, format!("Access-Token: right\r\n{json}"), 405, None),
        ("POST", TRACK.trim_end_matches('/'), format!("Access-Token: right\r\n{json}"), 404, None),
        ("POST", "/open_api/v1.3/pixel/track/", format!("Access-Token: right\r\n{json}"), 404, None),
    ] {
        let (got, text) = ask(&sandbox, method, path, &headers, body.as_bytes()).await;
        let answer: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
        assert_eq!((got, answer["code"].as_i64()), (status, code), "{method} {path} {headers}");
    }
    let (_, answer) = post(&sandbox, TRACK, &request("P", &[json!({"event": "Lead"})]).to_string()).await;
    assert_eq!(answer["code"], 40002);
    assert_eq!(answer["message"], "data.0.event_time: missing");
    assert_eq!(sandbox.counted().len(), 1, "only the first request was taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn chunked_bodies_are_read_and_connections_kept() {
    let sandbox = sandbox().await;
    let body = request("P", &[purchase("e1")]).to_string();
    let (left, right) = body.split_at(40);
    let chunked = format!("{:x}\r\n{left}\r\n{:x};x=y\r\n{right}\r\n0\r\n\r\n", left.len(), right.len());
    let headers = "Access-Token: right\r\nContent-Type: application/json; charset=utf-8\r\n\
                   Transfer-Encoding: chunked\r\n";
    let (status, text) = ask(&sandbox, "POST", TRACK, headers, chunked.as_bytes()).await;
    assert!(status == 200 && text.contains("\"code\":0"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_leg_and_the_clock_are_set_from_outside() {
    let sandbox = sandbox().await;
    let copy = json!({"event_source_id": "P", "event": "CompletePayment", "event_id": "e1"}).to_string();
    assert_eq!(post(&sandbox, "/sandbox/browser", &copy).await.1, json!({"effect": "counted"}));
    let (_, clock) = post(&sandbox, "/sandbox/clock", "{\"advance_ms\":172800000}").await;
    assert_eq!(clock, json!({"now": "2026-11-22T12:00:00Z"}));
    post(&sandbox, TRACK, &request("P", &[purchase("e1")]).to_string()).await;
    assert_eq!(sandbox.counted()[0].counted, 2, "48 hours later it counts again");
    post(&sandbox, "/sandbox/clock", "{\"now\":\"2026-11-22T12:05:01Z\"}").await;
    assert_eq!(sandbox.browser(Key::new("P", "CompletePayment", "e1")).word(), "dropped");
    for (path, body) in [
        ("/sandbox/clock", "{}"),
        ("/sandbox/clock", "{\"now\":\"noon\"}"),
        ("/sandbox/browser", "{\"event\":1}"),
    ] {
        assert_eq!(post(&sandbox, path, body).await.0, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn test_events_are_kept_apart() {
    let sandbox = sandbox().await;
    let mut body = request("P", &[purchase("e1")]);
    body["test_event_code"] = json!("TEST123");
    let (_, answer) = post(&sandbox, TRACK, &body.to_string()).await;
    assert_eq!(answer["code"], 0);
    assert!(sandbox.counted().is_empty());
    assert_eq!(sandbox.requests()[0].events[0].effect, "test");
    assert_eq!(sandbox.counted_json()["totals"]["test_events"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_stands_before_the_answer_and_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.jsonl");
    let options = Options { record: Some(path.clone()), now: Some(NOW), ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    post(
        &sandbox,
        "/sandbox/script",
        r#"{"steps":[{"do":"ok"},{"code":40100},{"do":"close","taken":true}]}"#,
    )
    .await;
    let body = request("P", &[purchase("e1")]).to_string();
    for _ in 0..2 {
        post(&sandbox, TRACK, &body).await;
    }
    let headers = "Access-Token: any\r\nContent-Type: application/json\r\n";
    assert_eq!(ask(&sandbox, "POST", TRACK, headers, body.as_bytes()).await.0, 0, "closed without an answer");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told =
        |at: usize| (lines[at]["status"].as_i64(), lines[at]["code"].as_i64(), lines[at]["effect"].clone());
    assert_eq!(told(0), (Some(200), Some(0), json!("taken")));
    assert_eq!(told(1), (Some(200), Some(40100), json!("not-taken")));
    assert_eq!(told(2), (None, None, json!("taken")));
    let event = &lines[2]["events"][0];
    assert_eq!((&event["event"], &event["event_id"]), (&json!("CompletePayment"), &json!("e1")));
    assert_eq!((&event["effect"], &event["sha256"]), (&json!("dropped"), &lines[0]["events"][0]["sha256"]));
    assert_eq!(lines[0]["body_sha256"].as_str().unwrap().len(), 64);
    assert!(!text.contains("95.104.11.250"), "no personal data");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_on_loopback_only() {
    let address = Some("0.0.0.0:0".parse().unwrap());
    assert!(Sandbox::start(Options { address, ..Options::default() }).await.is_err());
}

async fn post_get(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (u16, Json) {
    let (status, text) = ask(sandbox, method, path, "", body.as_bytes()).await;
    (status, serde_json::from_str(&text).unwrap())
}
