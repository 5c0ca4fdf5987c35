//! Section 3.3, as an operator meets it: exit code, words, and what the next run does.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value as Json, json};

use super::raw;
use super::scene::{NOW, Scene, run};

/// Thirty events whose requests meet these steps; the run, and how many requests it made.
fn meets(steps: &[Json]) -> (Scene, super::scene::Ended, u64) {
    let scene = Scene::of(30);
    scene.script(steps);
    let ended = scene.backfill();
    let (requests, _) = scene.sent();
    (scene, ended, requests)
}

/// A run an hour later, with nothing in its way: all thirty are counted, each once.
fn heals(scene: &Scene) {
    scene.script(&[]);
    scene.backfill_at("2026-11-20T13:00:00Z").with(0, "");
    assert_eq!((scene.sent().1, scene.accepted()), (30, 30));
}

#[test]
fn n_01_nobody_listens_and_the_run_says_so() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let scene = Scene::of(30);
    let ended = run(&mut scene.sending_to(&format!("http://127.0.0.1:{port}"), NOW, &[]));
    let ended = ended.with(6, "could not connect");
    assert!(ended.stdout.contains("Sent 0 of 30 planned: 30 not reached"), "{}", ended.stdout);
    heals(&scene);
}

#[test]
fn n_12_a_login_page_is_no_answer_and_is_not_shown() {
    let (scene, ended, requests) = meets(&[json!({"body": "<html>please sign in</html>", "times": 30})]);
    let ended = ended.with(6, "");
    assert_eq!(requests, 3);
    assert!(!format!("{ended:?}").contains("sign in"));
    heals(&scene);
}

#[test]
fn n_16_one_bad_event_ends_with_3_and_its_code() {
    let (scene, ended, requests) = meets(&[json!({"when_event_id_contains": "e17", "code": 40002})]);
    ended.with(3, "1 refused by TikTok");
    assert!(requests <= 15, "{requests}");
    assert_eq!(scene.sent().1, 29);
    let shown = scene.makegood(&["events", "--verdict", "refused", "--format", "ndjson"]);
    assert!(shown.stdout.contains("\"e17\"") && shown.stdout.contains("40002"), "{}", shown.stdout);
}

#[test]
fn n_19_n_20_n_29_what_nobody_knows_ends_with_its_code_on_record() {
    for (code, exit, requests) in [(40050, 3, 3), (49999, 3, 3), (59999, 6, 3), (20001, 3, 33)] {
        let (scene, ended, made) = meets(&[json!({"code": code, "times": 100})]);
        assert_eq!((ended.code, made), (exit, requests), "{code}: {ended:#?}");
        assert_eq!(scene.accepted(), 0);
        let story = scene.makegood(&["explain", "e0"]).stdout;
        assert!(story.contains(&code.to_string()), "{story}");
    }
}

#[test]
fn n_24_a_throttle_is_obeyed_by_the_next_process() {
    for status in [200, 401] {
        let (scene, ended, requests) =
            meets(&[json!({"code": 40100, "status": status, "retry_after": "60"})]);
        ended.with(6, "TikTok throttles; no request before");
        assert_eq!(requests, 1);
        scene.backfill_at("2026-11-20T12:00:20Z").with(6, "TikTok throttles");
        assert_eq!(scene.sent().0, 1, "no request of the second process");
        // Not for ever, and the token is not blamed.
        heals(&scene);
    }
}

#[test]
fn n_25_server_errors_end_with_6_and_the_next_cron_waits() {
    for status in [500, 502, 503, 504] {
        let scene = Scene::of(80);
        scene.script(&[json!({"status": status, "body": "<html>", "times": 50})]);
        scene.backfill().with(6, "");
        assert_eq!(scene.sent().0, 5, "one try per batch, and five batches");
        scene.backfill_at("2026-11-20T12:04:20Z").with(6, "");
        assert_eq!(scene.sent().0, 5);
    }
}

#[test]
fn n_26_a_page_instead_of_an_answer_ends_with_4_after_one_request() {
    for status in [400, 404, 405, 415] {
        let (scene, ended, requests) = meets(&[json!({"status": status, "body": "<html>", "times": 30})]);
        ended.with(4, &format!("HTTP {status}"));
        assert_eq!(requests, 1);
        heals(&scene);
    }
}

#[test]
fn n_27_a_token_that_dies_is_not_used_again_until_it_changes() {
    for (k, dies) in [
        (1, json!({"code": 40105, "status": 401})),
        (2, json!({"code": 40102})),
        (3, json!({"status": 401, "body": ""})),
    ] {
        let steps = [vec![json!({"do": "ok"}); k - 1], vec![dies]].concat();
        let (scene, ended, requests) = meets(&steps);
        ended.with(5, "refused the token of pixel");
        let accepted = i64::try_from(10 * (k - 1)).unwrap();
        assert_eq!((requests, scene.accepted()), (u64::try_from(k).unwrap(), accepted), "exactly k requests");
        scene.backfill_at("2026-11-20T12:10:00Z").with(5, "has not changed; nothing was sent");
        assert_eq!(scene.sent().0, u64::try_from(k).unwrap(), "not one more");
        scene.token("another0123456789abcdef0123456789abcdef00");
        heals(&scene);
    }
}

#[test]
fn n_28_no_permission_ends_with_5_and_a_wrong_request_with_4() {
    for (code, exit) in [(40001, 5), (40117, 4), (41000, 4)] {
        let (scene, ended, requests) = meets(&[json!({"code": code, "times": 9})]);
        ended.with(exit, &format!("code {code}"));
        assert_eq!(requests, 1, "{code}");
        heals(&scene);
    }
}

#[test]
fn n_30_a_redirect_ends_with_4_and_the_other_host_hears_nothing() {
    for status in [301, 302, 303, 307, 308] {
        let (elsewhere, connections) = raw::counting();
        let (scene, ended, requests) =
            meets(&[json!({"do": "redirect", "status": status, "location": elsewhere})]);
        ended.with(4, "the server redirects");
        assert_eq!((requests, *connections.lock().unwrap()), (1, 0));
        heals(&scene);
    }
}

#[test]
fn n_35_proxies_of_the_environment_hear_nothing() {
    let (proxy, connections) = raw::counting();
    let scene = Scene::of(30);
    let mut command = scene.sending(NOW, &[]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, &proxy);
    }
    run(command.env("NO_PROXY", "")).with(0, "");
    assert_eq!((*connections.lock().unwrap(), scene.sent()), (0, (3, 30)));
}

#[test]
fn n_37_an_address_that_is_not_tiktoks_is_refused_before_the_token_is_read() {
    let scene = Scene::of(1);
    // A token that could not be read would be the complaint, if it were looked at.
    fs::remove_file(scene.place.work.join("token")).unwrap();
    for (url, said) in [
        ("http://business-api.tiktok.com", "must be https"),
        ("https://example.com", "neither business-api.tiktok.com nor a loopback"),
        ("https://me:secretword@business-api.tiktok.com", "must not hold a user name"),
        ("http://10.0.0.1:80", "neither"),
        ("file:///etc/passwd", "must be https"),
    ] {
        let ended = run(&mut scene.sending_to(url, NOW, &[])).with(4, said);
        assert!(!format!("{ended:?}").contains("secretword"), "{ended:?}");
        assert!(!ended.stderr.contains("token"), "{ended:?}");
    }
    // No setting but the option names an address.
    scene.config("endpoint = \"https://example.com\"\n");
    scene.makegood(&["backfill", "--dry-run"]).with(4, "unknown key `endpoint`");
}

#[test]
fn n_38_nothing_of_an_answers_message_is_kept_or_shown() {
    let long = "x".repeat(1 << 19);
    let message = format!("Invalid email jane.doe@example.com \u{1b}[31m\u{9b} {long}");
    let (scene, ended, _) = meets(&[json!({"code": 40002, "message": message, "times": 100})]);
    for ended in [ended, scene.makegood(&["explain", "e0"]), scene.makegood(&["audit"])] {
        let said = ended.stdout + &ended.stderr;
        assert!(!said.contains("jane") && !said.contains('\u{1b}') && !said.contains("xxxx"), "{said}");
    }
    for (name, bytes) in scene.bytes() {
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!holds(b"jane.doe") && !holds(b"xxxxxxxx"), "{name}");
    }
}

#[test]
fn n_39_a_test_send_delivers_nothing_and_stands_in_nobodys_way() {
    let scene = Scene::of(30);
    run(&mut scene.sending(NOW, &["--test-event-code", "TEST12345"])).with(0, "");
    assert_eq!(scene.sent(), (3, 0));
    let missing = scene.makegood(&["events", "--verdict", "delivered", "--format", "ndjson"]);
    assert_eq!(missing.stdout, "");
    // A test code in the config would turn every backfill into a test.
    scene.backfill().with(0, "");
    assert_eq!((scene.sent(), scene.accepted()), ((6, 30), 30));
    scene.config("test_event_code = \"TEST12345\"\n");
    scene.backfill().with(4, "unknown key `test_event_code`");
}

#[test]
fn q_a_quiet_cron_hears_of_the_third_temporary_end_in_a_row() {
    let scene = Scene::of(10);
    let down = json!({"status": 503, "body": "<html>", "times": 50});
    scene.script(&[down]);
    let quiet = |now: &str| run(&mut scene.sending(now, &["-q"])).with(6, "");
    for now in ["2026-11-20T12:00:00Z", "2026-11-20T12:10:00Z"] {
        let ended = quiet(now);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""), "{now}");
    }
    quiet("2026-11-20T13:00:00Z").with(6, "no answer from TikTok");
    // A run that went well begins the row anew.
    scene.script(&[]);
    scene.backfill_at("2026-11-20T18:00:00Z").with(0, "");
    scene.log_of("late.jsonl", "2026-11-20T02:00:00Z", ["late".to_owned()].into_iter());
    scene.makegood(&["import", "late.jsonl"]).with(0, "");
    scene.script(&[json!({"status": 503, "body": "<html>", "times": 50})]);
    assert_eq!(quiet("2026-11-20T19:00:00Z").stderr, "");
    // Six hours before the 47 hours are over there is no time to wait for a third.
    assert_eq!(quiet("2026-11-21T18:59:00Z").stderr, "");
    let (scene, down) = (Scene::of(10), json!({"status": 503, "body": "<html>", "times": 50}));
    scene.script(&[down]);
    run(&mut scene.sending("2026-11-21T19:00:01Z", &["-q"])).with(6, "no answer from TikTok");
}
