//! Section 3.5: configs and tokens that are missing, wrong, or too open.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use super::scene::{NOW, Scene, TOKEN, run};

#[test]
fn o_16_a_wrong_config_ends_with_4_and_its_place() {
    let scene = Scene::of(1);
    scene.makegood(&["-c", "none.toml", "audit"]).with(4, "there is no config none.toml");
    for (text, place, said) in [
        ("timezone = ", "bad.toml:1:12", ""),
        ("[backfill]\nbatch = 200\nbatsh = 1\n", "bad.toml:3:1", "unknown key `batsh`"),
        ("[backfill]\nbatch = \"s3cretvalue\"\n", "bad.toml:2:9", "wrong type of value"),
        (
            "[[pixel]]\nid = \"A\"\naccess_token = \"s3cretvalue\"\n",
            "bad.toml:3:1",
            "unknown key `access_token`",
        ),
        ("[[pixel]]\nid = \"A\"\naccess_token_file = [\"s3cretvalue\"]\n", "bad.toml:3:21", "wrong type"),
        ("[[pixel]]\nid = \"A\"\ntoken = s3cretvalue\n", "bad.toml:3:9", ""),
    ] {
        fs::write(scene.place.work.join("bad.toml"), text).unwrap();
        let url = &scene.sandbox.url;
        let ended = scene.makegood(&["-c", "bad.toml", "backfill", "--send", "--endpoint", url]);
        let ended = ended.with(4, place).with(4, said);
        let shows = ended.stderr.contains("s3cret") && !text.contains("batch = \"");
        assert!(!shows, "{}", ended.stderr);
    }
    fs::write(scene.place.work.join("bad.toml"), b"timezone = \"\xff\"").unwrap();
    scene.makegood(&["-c", "bad.toml", "audit"]).with(4, "not UTF-8");
    scene.makegood(&["-c", ".", "audit"]).with(4, "cannot read config");
    assert_eq!(scene.sent(), (0, 0));
}

#[test]
fn o_17_a_token_that_is_none_ends_with_4_and_is_not_shown() {
    let scene = Scene::of(1);
    let long = "t0kencanary".repeat(100_000);
    for text in [
        "",
        "\n",
        "   ",
        " t0kencanary",
        "t0kencanary ",
        "t0kencanary\n\n",
        "t0ken\ncanary",
        "t0kencanary\r",
        "t0kencan\u{e4}ry",
        "t0ken\0canary",
        "Bearer t0kencanary",
        "bearer t0kencanary\n",
        &long,
    ] {
        scene.token(text);
        let ended = scene.backfill().with(4, "token malformed (length ");
        let said = format!("{ended:?}");
        assert!(!said.contains("t0ken") && !said.contains("canary"), "{said}");
    }
    fs::remove_file(scene.place.work.join("token")).unwrap();
    scene.backfill().with(4, "there is no token file");
    assert_eq!(scene.sent(), (0, 0));
    for good in [format!("{TOKEN}\n"), format!("{TOKEN}\r\n")] {
        scene.token(&good);
        scene.backfill().with(0, "");
    }
    assert_eq!(scene.sent(), (1, 1));
}

#[test]
fn o_18_a_token_file_that_others_can_read_is_refused_with_its_fix() {
    let scene = Scene::of(1);
    let token = scene.place.work.join("token");
    for mode in [0o644, 0o640, 0o604, 0o666, 0o601, 0o620] {
        fs::set_permissions(&token, fs::Permissions::from_mode(mode)).unwrap();
        scene.backfill().with(4, "can be read by others").with(4, "hint: chmod 600 ");
    }
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let moved = scene.place.work.join("moved");
    fs::rename(&token, &moved).unwrap();
    symlink(&moved, &token).unwrap();
    scene.backfill().with(4, "is a symbolic link");
    fs::remove_file(&token).unwrap();
    fs::create_dir(&token).unwrap();
    scene.backfill().with(4, "is not a regular file");
    fs::remove_dir(&token).unwrap();
    fs::rename(&moved, &token).unwrap();
    if nix::unistd::geteuid().is_root() {
        chown(&token, Some(12_345), None).unwrap();
        scene.backfill().with(4, "belongs to another user");
        chown(&token, Some(0), None).unwrap();
    } else {
        eprintln!("skipped: only root can give a file to another user");
    }
    assert_eq!(scene.sent(), (0, 0));
    scene.backfill().with(0, "");
}

#[test]
fn o_19_no_option_takes_a_token() {
    let scene = Scene::of(1);
    for args in [
        ["--token", "t0kencanary"],
        ["--access-token", "t0kencanary"],
        ["--token=t0kencanary", "--send"],
        ["--access-token=t0kencanary", "--send"],
    ] {
        let ended = run(scene.command(&["backfill"]).args(args)).with(2, "unexpected argument");
        assert!(!format!("{ended:?}").contains("canary"), "{ended:?}");
    }
    // Nor a variable that nobody named.
    fs::remove_file(scene.place.work.join("token")).unwrap();
    let mut command = scene.sending(NOW, &[]);
    run(command.env("MAKEGOOD_TOKEN", TOKEN).env("MAKEGOOD_ACCESS_TOKEN", TOKEN)).with(4, "token file");
    assert_eq!(scene.sent(), (0, 0));
}
