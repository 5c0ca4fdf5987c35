#!/usr/bin/env python3
"""The same answers from a Spark cluster as from SQLite, on made-up logs of two hosts.

    check.py --makegood FILE --spark SPARK_HOME --place FOLDER [--events 1000000]

Each event is logged by one host and its deliveries by the other. Both import and ship; a third machine's
database takes what a master and two workers find in the segments. Beside it, one database imports all logs:
that is the truth. Called by .ci/spark.
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from cluster import Cluster, EventLog, die_with_parent, event_logs, kill_all, processes_of
from hosts import HOSTS, OTHER_PIXEL, PIXEL, make_logs, plant, torn

# The logs end in the past; no step looks at the machine's clock.
END = "2026-01-15T00:00:00Z"
PLANTED_AT = "2026-01-14T22:30:00Z"
KILL_WITHIN_S = 600
COVERAGE = ("day", "pixel", "event", "expected", "delivered", "missing")
HEAD = f"""
[[pixel]]
id = "{PIXEL}"
access_token_file = "token"

[[pixel]]
id = "{OTHER_PIXEL}"
access_token_file = "token"

[backfill]
sandbox = true
"""


def check(holds, message):
    if not holds:
        raise SystemExit(f"FAILED: {message}")


def equal(found, truth, what):
    if found != truth:
        only = lambda one, other: [row for row in one if row not in other][:3]
        show = lambda rows: "\n    ".join(map(str, rows)) or "-"
        found_set, truth_set = (set(map(str, rows)) for rows in (found, truth))
        raise SystemExit(
            f"FAILED: {what}: {len(found):,} of the cluster, {len(truth):,} of SQLite\n"
            f"  only of the cluster:\n    {show(only(sorted(found_set), truth_set))}\n"
            f"  only of SQLite:\n    {show(only(sorted(truth_set), found_set))}"
        )
    print(f"equal: {what}, {len(truth):,} rows", flush=True)


class Machine:
    """A folder with a config and a database: a host, the coordinator, or the one that knows all."""

    def __init__(self, place, makegood, name, config=""):
        self.folder, self.makegood, self.name = place / name, makegood, name
        self.environment = None
        self.folder.mkdir()
        token = self.folder / "token"
        token.write_text("made-up-token-of-the-demo\n")
        token.chmod(0o600)
        (self.folder / "makegood.toml").write_text(HEAD + config)

    def start(self, *arguments):
        """In a session of its own: whatever it starts can be ended with it."""
        command = [self.makegood, "--now", END, *map(str, arguments)]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=die_with_parent,
        )

    def run(self, *arguments, code=0):
        process = self.start(*arguments)
        try:
            out, err = process.communicate()
        finally:
            kill_all(process)
        check(
            code is None or process.returncode == code,
            f"{self.name}: makegood {' '.join(map(str, arguments))} ended with {process.returncode}, "
            f"not {code}\n{out[-2000:]}{err[-4000:]}",
        )
        self.code, self.err = process.returncode, err
        return out

    def missing(self):
        """Every missing event with all that is known of it."""
        lines = self.run("events", "--verdict", "missing", "--format", "ndjson").splitlines()
        return sorted(lines)

    def missing_count(self):
        query = "SELECT count(*) AS n FROM verdict WHERE verdict IN ('unknown', 'refused', 'never_sent')"
        return json.loads(self.run("sql", "--format", "ndjson", query))["n"]

    def plan(self):
        """What a backfill would send, body by body, and why it holds the rest."""
        out = self.folder / "requests.ndjson"
        out.unlink(missing_ok=True)
        text = self.run("backfill", "--dry-run", "--requests", out)
        sent = []
        for line in out.read_text().splitlines():
            body = json.loads(line)
            sent += [json.dumps([body["event_source_id"], event], sort_keys=True) for event in body["data"]]
        held = [line.split(None, 3)[:3] for line in text.splitlines() if line.startswith(" hold")]
        return sorted(sent), held

    def coverage(self):
        """Expected, delivered and missing keys of each day, pixel and event, as this database holds them."""
        rows = self.run("sql", "--format", "ndjson", """
            SELECT substr(occurred_at, 1, 10) AS day, coalesce(pixel_id, '') AS pixel, event, count(*) AS expected,
              sum(verdict = 'delivered') AS delivered, sum(verdict <> 'delivered') AS missing
            FROM verdict
            WHERE verdict NOT IN ('excluded', 'waiting')
            GROUP BY 1, 2, 3""")
        return sorted(tuple(json.loads(row)[name] for name in COVERAGE) for row in rows.splitlines())


class Coordinator(Machine):
    """Reconciles over the segments; each run writes a folder and leaves one event log."""

    def __init__(self, place, makegood, name, cluster, segments):
        line = cluster.command()
        super().__init__(place, makegood, name, f'\n[reconcile]\ncommand = "{line}"\n')
        self.cluster, self.segments, self.runs = cluster, segments, 0
        self.environment = cluster.environment()

    def coverage(self):
        """What the cluster counted, as it is kept."""
        with closing(sqlite3.connect(self.folder / "makegood.db")) as database:
            return sorted(database.execute("""
                SELECT date(day_ms / 1000, 'unixepoch'), pixel, event, expected, delivered, missing
                FROM coverage"""))

    def lines(self):
        """The lines that came back."""
        parts = self.out.glob("*/missing/part-*")
        return sorted(line for part in parts for line in part.read_bytes().split(b"\n") if line)

    def ledger(self):
        """What a second run must not change."""
        with closing(sqlite3.connect(self.folder / "makegood.db")) as database:
            tables = ("event", "receipt", "session", "contact")
            return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}

    def arguments(self):
        self.runs += 1
        self.out = self.folder / f"out-{self.runs}"
        return "reconcile", "--engine", "spark", "--segments", self.segments, "--out", self.out

    def reconcile(self, code=0):
        before = set(event_logs(self.cluster.events))
        start = time.monotonic()
        self.run(*self.arguments(), code=code)
        self.seconds = time.monotonic() - start
        (log,) = set(event_logs(self.cluster.events)) - before
        return EventLog(log)

    def reconcile_while(self, act):
        """Does `act` once both workers have results that the rest of the job needs, and waits for the end."""
        before = set(event_logs(self.cluster.events))
        process = self.start(*self.arguments())
        try:
            start = time.monotonic()
            log = None
            while not (log and log.stages and len(log.tasks) == 2):
                check(process.poll() is None, "the job ended before a worker could be killed: more events are needed")
                check(time.monotonic() - start < KILL_WITHIN_S, f"no stage was done after {KILL_WITHIN_S} s")
                time.sleep(0.2)
                new = set(event_logs(self.cluster.events)) - before
                try:
                    log = EventLog(new.pop()) if new else None
                except FileNotFoundError:
                    continue  # renamed, for the job is done
            act()
            check(process.poll() is None, "the job ended before the worker was killed")
            out, err = process.communicate()
        finally:
            kill_all(process)
        check(process.returncode == 0, f"with a worker killed it ended with {process.returncode}\n{out}{err}")
        (name,) = set(event_logs(self.cluster.events)) - before
        return EventLog(name)


def must_be_distributed(log, hosts):
    check(log.broadcasts == 0, "a broadcast join hid the cluster")
    check(log.shuffles > 0, "the plan shuffles nothing")
    for host in hosts:
        check(log.tasks.get(host, 0) > 0, f"no task ran on {host}: {log.tasks}")
    check(log.remote_bytes > 0, "no byte went from one worker to the other")


def same_answers(coordinator, truth, when):
    equal(coordinator.missing(), truth["missing"], f"missing events, {when}")
    equal(coordinator.coverage(), truth["coverage"], f"coverage per day, pixel and event, {when}")
    sent, held = coordinator.plan()
    equal(sent, truth["plan"][0], f"what a backfill would send, {when}")
    equal(held, truth["plan"][1], f"what it would hold, {when}")


def answers(machine):
    return {"missing": machine.missing(), "coverage": machine.coverage(), "plan": machine.plan()}


def news(hosts, truth, union):
    """What happens after the first run: 40 missing events are delivered after all, one more goes missing."""
    late = [json.loads(row) for row in truth["missing"] if json.loads(row)["event"] == "CompletePayment"][:40]
    for number, row in enumerate(late):
        line = {
            "type": "delivery", "event_id": row["event_id"], "event": row["event"], "pixel_id": row["pixel_id"],
            "channel": "events_api", "sent_at": "2026-01-14T23:30:00Z", "http_status": 200, "code": 0, "message": "OK",
            "request_id": f"2026011423300{number}",
        }
        with open(hosts[HOSTS[number % 2]][1], "a") as log:
            log.write(json.dumps(line) + "\n")
    with open(hosts[HOSTS[1]][0], "a") as log:
        log.write(json.dumps({
            "event_id": "came-later", "event": "lead", "occurred_at": "2026-01-14T23:10:00Z", "source": "tiktok",
            "pixel_id": PIXEL, "session_id": "later", "user": {"ttclid": "E.C.P.later"},
            "page": {"url": "https://quiz.example.com/f/46"},
        }) + "\n")
    union.run("import", "-q", *[log for logs in hosts.values() for log in logs])


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--makegood", type=Path, required=True)
    parse.add_argument("--spark", type=Path, required=True)
    parse.add_argument("--place", type=Path, required=True)
    parse.add_argument("--events", type=int, default=1_000_000)
    args = parse.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    place, makegood = args.place.resolve(), args.makegood.resolve()
    segments = place / "segments"

    step(f"{args.events:,} made-up events, logged by two hosts")
    logs = make_logs(makegood, args.events, END, place)
    plant(PLANTED_AT).append_to(logs)

    step("SQLite over all logs: the truth")
    union = Machine(place, makegood, "union")
    union.run("import", "-q", *[log for host in logs.values() for log in host])
    truth = answers(union)

    step("each host imports its own and ships")
    hosts = {host: Machine(place, makegood, host) for host in HOSTS}
    for host, machine in hosts.items():
        machine.run("import", "-q", *logs[host])
        machine.run("ship", "--to", segments, "--host", host)
    naive = sum(machine.missing_count() for machine in hosts.values())
    check(naive > 2 * len(truth["missing"]), f"the hosts' own answers add up to {naive}: the logs prove nothing")
    print(f"added up, the hosts would miss {naive:,} events; over the union it is {len(truth['missing']):,}")
    files = sorted(segments.rglob("*"))
    for host, machine in hosts.items():
        machine.run("ship", "--to", segments, "--host", host)
    check(sorted(segments.rglob("*")) == files, "shipping again wrote something")
    torn(segments)

    with Cluster(args.spark, place / "cluster") as cluster:
        sessions = cluster.sessions()
        coordinator = Coordinator(place, makegood, "coordinator", cluster, segments)

        step("a master, two workers")
        log = coordinator.reconcile()
        must_be_distributed(log, cluster.hosts)
        print(
            f"{coordinator.seconds:.0f} s; tasks {log.tasks}, {log.remote_bytes / 1e6:.1f} MB between the workers, "
            f"no broadcast join"
        )
        same_answers(coordinator, truth, "from the cluster")

        step("again, and a worker with its executor is killed in the middle: nothing new")
        rows, lines = coordinator.ledger(), coordinator.lines()
        lost = cluster.hosts[-1]
        log = coordinator.reconcile_while(lambda: cluster.kill_worker(lost))
        check(lost in log.removed, f"Spark never noticed that {lost} was gone: {log.removed}")
        print(f"{lost} lost after {log.tasks.get(lost, 0)} of its tasks; {log.failed_tasks} tasks failed")
        equal(coordinator.lines(), lines, "lines that came back, with a worker killed")
        check(coordinator.ledger() == rows, f"a second run changed the ledger: {rows} became {coordinator.ledger()}")
        same_answers(coordinator, truth, "with a worker killed")

        step("a segment that was cut short is refused, and nothing changes")
        cluster.start_worker(lost)
        cluster.wait_for(2)
        cut = next(Path(segments, "delivered").glob("dt=2026-01-14/src=web1/*.jsonl.gz"))
        whole = cut.read_bytes()
        cut.write_bytes(whole[: len(whole) // 2])
        coordinator.run(*coordinator.arguments(), code=None)
        check(coordinator.code != 0, "half a segment was taken for a whole one")
        check(coordinator.ledger() == rows, "a failed run changed the ledger")
        print(f"exit code {coordinator.code}: {coordinator.err.strip()}")
        cut.write_bytes(whole)

        step("deliveries that were logged later, on either host")
        news(logs, truth, union)
        for host, machine in hosts.items():
            machine.run("import", "-q", *logs[host])
            machine.run("ship", "--to", segments, "--host", host)
        truth = answers(union)
        coordinator.reconcile()
        same_answers(coordinator, truth, "after the news")
        sessions |= cluster.sessions()
    left = processes_of(sessions)
    check(not left, f"processes are left: {left}")


def step(text):
    print(f"\n-- {text}", flush=True)


if __name__ == "__main__":
    main()
