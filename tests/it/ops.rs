//! What the program hands to others: schedulers, shells, collectors; and what it wipes from its files.

mod asking;
mod erasing;
mod examples;
mod metrics;
mod outside;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::Place;

/// A place with a config that sends to a sandbox inside the program, in a folder with a blank and a `%`.
fn place() -> (Place, std::path::PathBuf) {
    let place = Place::new();
    let folder = place.work.join("my data 100%");
    fs::create_dir(&folder).unwrap();
    fs::write(
        folder.join("makegood.toml"),
        "[[source]]\npath = \"*.jsonl\"\n\n[[pixel]]\nid = \"C0EXAMPLE0PIXEL00001\"\n\
         access_token_file = \"token\"\n\n[backfill]\nsandbox = true\n",
    )
    .unwrap();
    fs::write(folder.join("token"), "0123456789abcdef0123456789abcdef01234567\n").unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(folder.join("token"), private).unwrap();
    fs::write(
        folder.join("funnel.jsonl"),
        "{\"event_id\":\"e1\",\"event\":\"lead\",\"occurred_at\":\"2026-11-20T12:00:00Z\"}\n",
    )
    .unwrap();
    (place, folder)
}

fn makegood(place: &Place, folder: &Path, args: &[&str]) -> std::process::Output {
    place.command(env!("CARGO_BIN_EXE_makegood"), folder).args(args).output().unwrap()
}

fn schedule(place: &Place, folder: &Path, scheduler: &str) -> std::path::PathBuf {
    let out = place.work.join("units");
    let args = ["schedule", scheduler, "--every", "30m", "--out", out.to_str().unwrap()];
    let made = makegood(place, folder, &args);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    out
}

#[test]
fn systemd_takes_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("skipped: systemd-analyze is not here");
        return;
    }
    let (place, folder) = place();
    let out = schedule(&place, &folder, "systemd");
    let units = [
        "makegood-backfill.service",
        "makegood-backfill.timer",
        "makegood-prune.service",
        "makegood-prune.timer",
        "makegood-follow.service",
    ];
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(units.map(|unit| out.join(unit)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    let about_ours: Vec<&str> = said.lines().filter(|line| line.contains("makegood")).collect();
    assert!(verified.status.success() && about_ours.is_empty(), "{said}");
    let timer = fs::read_to_string(out.join("makegood-backfill.timer")).unwrap();
    let calendar = timer.lines().find_map(|line| line.strip_prefix("OnCalendar=")).unwrap();
    let next = Command::new("systemd-analyze").args(["calendar", calendar]).output().unwrap();
    assert!(next.status.success(), "{calendar}");
}

/// The `.deb` brings units of its own; what `schedule` closes is closed in them as well.
#[test]
fn the_packages_units_are_as_closed_as_those_of_schedule() {
    let (place, folder) = place();
    let out = schedule(&place, &folder, "systemd");
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd");
    let closing = |line: &&str| {
        ["Protect", "Restrict", "Private", "NoNew", "Lock", "Memory", "SystemCall", "UMask"]
            .iter()
            .any(|word| line.starts_with(word))
    };
    for unit in fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()) {
        let own = fs::read_to_string(packaged.join(&unit))
            .unwrap_or_else(|_| panic!("the package lacks {}", unit.display()));
        let made = fs::read_to_string(out.join(&unit)).unwrap();
        // Home and temporary folders are opened only where a path lies in them, as in this test's.
        let wanted = made.lines().filter(closing).map(|line| match line.split_once('=').unwrap().0 {
            "ProtectHome" => "ProtectHome=yes",
            "PrivateTmp" => "PrivateTmp=yes",
            _ => line,
        });
        for line in wanted {
            assert!(own.lines().any(|own| own == line), "{} lacks {line}", unit.display());
        }
    }
}

/// `makegood schedule cron | crontab -` is root's as well as anybody's: no line names a user.
#[test]
fn what_is_printed_for_cron_is_a_crontab_of_ones_own() {
    let (place, folder) = place();
    let printed = String::from_utf8(makegood(&place, &folder, &["schedule", "cron"]).stdout).unwrap();
    let lines: Vec<&str> = printed.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 2, "{printed}");
    for line in lines {
        let command = line.splitn(6, ' ').last().unwrap();
        assert!(command.starts_with("cd "), "{line}");
    }
}

/// Runs the lines of a crontab as cron would: by `sh`, with next to no environment.
#[test]
fn the_lines_of_cron_run_in_a_bare_environment() {
    let (place, folder) = place();
    let out = schedule(&place, &folder, "cron");
    let table = fs::read_to_string(out.join("makegood")).unwrap();
    let mut ran = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields = if nix::unistd::geteuid().is_root() { 6 } else { 5 };
        let command = line.splitn(fields + 1, ' ').last().unwrap().replace("\\%", "%");
        let done = Command::new("env").args(["-i", "sh", "-c", &command]).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{command}: {said}");
        assert!(done.stdout.is_empty() && said.is_empty(), "silent while all is well: {said}");
        ran += 1;
    }
    assert_eq!(ran, 2);
    assert!(folder.join("makegood.db").exists());
}

#[test]
fn the_property_list_of_launchd_is_one() {
    let (place, folder) = place();
    let out = schedule(&place, &folder, "launchd");
    let read = "import plistlib, sys; p = plistlib.load(open(sys.argv[1], 'rb')); \
                print(p['StartInterval'], p['ProgramArguments'][2], sep='\\n')";
    let path = out.join("org.makegood.backfill.plist");
    let Ok(parsed) = Command::new("python3").args(["-c", read]).arg(&path).output() else {
        println!("skipped: python3 is not here");
        return;
    };
    let said = String::from_utf8_lossy(&parsed.stdout).into_owned();
    let config = folder.join("makegood.toml");
    assert_eq!(said, format!("1800\n{}\n", config.display()), "{}", String::from_utf8_lossy(&parsed.stderr));
}

#[test]
fn a_schedule_is_found_again() {
    let (place, folder) = place();
    assert!(makegood(&place, &folder, &["-q", "import"]).status.success());
    let json = |place: &Place| {
        let status = makegood(place, &folder, &["--now", "2026-11-20T12:10:00Z", "status", "--json"]).stdout;
        serde_json::from_slice::<serde_json::Value>(&status).unwrap()["next_run_at"].clone()
    };
    assert_eq!(json(&place), serde_json::Value::Null);
    let out = schedule(&place, &folder, "systemd");
    let home = place.home().join(".config/systemd/user");
    fs::create_dir_all(&home).unwrap();
    fs::copy(out.join("makegood-backfill.timer"), home.join("makegood-backfill.timer")).unwrap();
    assert_eq!(json(&place), "2026-11-20T12:30:00Z");
}

#[test]
fn a_shell_reads_the_completions() {
    let place = Place::new();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "-n")] {
        let script = makegood(&place, &place.work, &["completions", shell]);
        assert!(script.status.success() && script.stdout.len() > 2_000, "{shell}");
        let path = place.work.join(shell);
        fs::write(&path, &script.stdout).unwrap();
        match Command::new(shell).arg(check).arg(&path).output() {
            Ok(read) => {
                assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
            }
            Err(_) => println!("skipped: {shell} is not here"),
        }
    }
    for shell in ["powershell", "elvish"] {
        let script = makegood(&place, &place.work, &["completions", shell]);
        let text = String::from_utf8(script.stdout).unwrap();
        assert!(text.contains("backfill") && text.contains("--dry-run"), "{shell}");
    }
}

#[test]
fn every_command_has_its_manual_page() {
    let place = Place::new();
    assert!(makegood(&place, &place.work, &["man", "man1"]).status.success());
    for page in ["makegood.1", "makegood-audit.1", "makegood-config-show.1", "makegood-erase.1"] {
        let text = fs::read_to_string(place.work.join("man1").join(page)).unwrap();
        assert!(text.contains(".TH") && text.contains(".SH NAME"), "{page}");
    }
    let page = fs::read_to_string(place.work.join("man1/makegood-backfill.1")).unwrap();
    assert!(page.contains("Examples:") && page.contains("\\-\\-dry\\-run"));
}
