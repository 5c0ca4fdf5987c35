#!/usr/bin/env python3
"""Import and audit against DuckDB, in the same interleaved rounds on the same files.

    cargo build --release && python3 benches/import.py [--events 200000,1000000] [--rounds 3]

Makes the logs with `makegood demo`, then in every round: both import both logs into a new database;
makegood imports the same paths again, then copies of them; both audit. Prints medians and the
spread, CPU seconds, peak memory and sizes, and holds the ratios against their targets. DuckDB comes
from PyPI into a virtual environment under target/bench/.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"
DUCKDB = "duckdb==2.0.0"
# The logs end in the past, so that nothing is waiting. The audit is not given `--now`: a clock that
# stands still measures nothing.
END = "2026-01-15T00:00:00Z"
RANGE = ["--since", "2026-01-01", "--until", "2026-02-01"]

# What must hold: (name, of which measure, at most, aim).
RATIOS = [
    ("import wall, x DuckDB with a primary key", "import", 0.8, 0.6),
    ("copies under other names, x first import", "copies", 1.0, None),
    ("audit, x DuckDB's three queries", "audit", 1.5, 1.0),
]
RSS_MAX_MB, SIZE_MAX, AGAIN_MAX_S, GROWTH_MAX = 256, 0.30, 1.0, 1.3


def python_with_duckdb():
    """The interpreter of a virtual environment that has DuckDB."""
    python = WORK / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
    if subprocess.run([python, "-c", "import duckdb"], capture_output=True).returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", DUCKDB], check=True)
    return str(python)


def measured(command):
    """Runs a command: wall, CPU seconds, peak memory in MB, and what it printed."""
    out, err = WORK / "out", WORK / "err"
    with open(out, "wb") as to_out, open(err, "wb") as to_err:
        start = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=to_out, stderr=to_err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    talk = err.read_text(errors="replace")
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}: ended with {process.returncode}\n{talk}")
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "rss": usage.ru_maxrss / 1024,
        "out": out.read_text(errors="replace"),
        "err": talk,
    }


def size(database):
    return sum(path.stat().st_size for path in database.parent.glob(database.name + "*"))


def generate(makegood, events):
    """The two logs; made once per count."""
    folder = WORK / f"logs-{events}"
    logs = folder / "funnel.jsonl", folder / "delivery.jsonl"
    if not all(log.exists() for log in logs):
        shutil.rmtree(folder, ignore_errors=True)
        measured([makegood, "--now", END, "demo", "--events", events, "--logs-only", "--out", folder])
    for log in logs:  # into the page cache, in pieces: a child's peak memory counts from its parent's
        with open(log, "rb") as lines:
            while lines.read(1 << 20):
                pass
    return logs


def fresh(name):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def makegood_import(makegood, logs, copies):
    folder = fresh("makegood")
    database = folder / "makegood.db"
    command = [makegood, "--db", database, "-q", "import"]
    first = measured([*command, *logs])
    result = {"import": first, "again": measured([*command, *logs])}
    result["size"] = size(database)
    result["copies"] = measured([*command, *copies])
    return result


def makegood_audit(makegood):
    """The time inside the process where `-v` tells it, else the wall time."""
    run = measured([makegood, "--db", WORK / "makegood" / "makegood.db", "-v", "audit", "--no-import", "--json", *RANGE])
    inside = re.findall(r"audited .*?in ([0-9.]+) s", run["err"])
    run["seconds"] = float(inside[-1]) if inside else run["wall"]
    run["inside"] = bool(inside)
    if not run["seconds"]:
        sys.exit("the audit took no time: is the clock standing still?")
    run["totals"] = json.loads(run["out"])["totals"]
    return run


def duck(python, *arguments):
    run = measured([python, ROOT / "benches" / "duck.py", *arguments])
    run.update(json.loads(run["out"]))
    return run


def one_round(makegood, python, id_type, logs, copies, swapped):
    """One round; swapped: DuckDB first."""
    result = {}

    def ours():
        result["makegood"] = makegood_import(makegood, logs, copies)
        result["makegood"]["audit"] = makegood_audit(makegood)

    def theirs():
        database = fresh("duckdb") / "duck.db"
        result["duckdb"] = {"import": duck(python, "import", database, *logs, id_type), "size": size(database)}
        result["duckdb"]["audit"] = duck(python, "audit", database)

    for side in (theirs, ours) if swapped else (ours, theirs):
        side()
    result["load"] = os.getloadavg()[0]
    totals, other = result["makegood"]["audit"]["totals"], result["duckdb"]["audit"]
    for what in ("events", "missing"):
        if totals[what] != other[what]:
            sys.exit(f"the sides disagree on {what}: makegood {totals[what]}, DuckDB {other[what]}")
    return result


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def line(what, rounds, pick):
    runs = [pick(each) for each in rounds]
    walls, cpus = [run["wall"] for run in runs], [run["cpu"] for run in runs]
    print(f"  {what:<28} wall {spread(walls)} s   CPU {spread(cpus)} s   peak {max(run['rss'] for run in runs):.0f} MB")


def verdict(what, value, most, aim=None, shown=None):
    met = value <= most
    aims = "" if aim is None else f", aim {aim}{' met' if value <= aim else ' not met'}"
    print(f"  {'ok  ' if met else 'MISS'}  {what}: {shown or f'{value:.2f}'} (at most {most}{aims})")
    return met


def report(events, logs, rounds):
    text = sum(log.stat().st_size for log in logs)
    missing = rounds[0]["duckdb"]["audit"]["missing"]
    loads = [each["load"] for each in rounds]
    print(f"\n{events} events, {text / 1e6:.0f} MB in two logs, {len(rounds)} rounds, load {spread(loads, 1)}; {missing} missing on both sides")
    line("makegood import", rounds, lambda each: each["makegood"]["import"])
    line("makegood import, same paths", rounds, lambda each: each["makegood"]["again"])
    line("makegood import, copies", rounds, lambda each: each["makegood"]["copies"])
    line("makegood audit", rounds, lambda each: each["makegood"]["audit"])
    line("DuckDB import, primary key", rounds, lambda each: each["duckdb"]["import"])
    line("DuckDB audit, three queries", rounds, lambda each: each["duckdb"]["audit"])
    inside = rounds[0]["makegood"]["audit"]["inside"]
    for side in ("makegood", "duckdb"):
        share = rounds[-1][side]["size"] / text
        seconds = spread([each[side]["audit"]["seconds"] for each in rounds], 3)
        where = "inside the process" if side == "duckdb" or inside else "whole process"
        print(f"  {side:<28} database {share:.3f} of the logs   audit {seconds} s {where}")
    pairs = {
        "import": lambda each: each["makegood"]["import"]["wall"] / each["duckdb"]["import"]["wall"],
        "copies": lambda each: each["makegood"]["copies"]["wall"] / each["makegood"]["import"]["wall"],
        "audit": lambda each: each["makegood"]["audit"]["seconds"] / each["duckdb"]["audit"]["seconds"],
    }
    met = []
    for what, measure, most, aim in RATIOS:
        ratios = [pairs[measure](each) for each in rounds]
        met.append(verdict(what, statistics.median(ratios), most, aim, spread(ratios)))
    again = statistics.median(each["makegood"]["again"]["wall"] for each in rounds)
    met.append(verdict("the same paths again, seconds", again, AGAIN_MAX_S))
    peak = max(each["makegood"][task]["rss"] for each in rounds for task in ("import", "again", "copies", "audit"))
    met.append(verdict("peak memory, MB", peak, RSS_MAX_MB, shown=f"{peak:.0f}"))
    met.append(verdict("database, x logs", rounds[-1]["makegood"]["size"] / text, SIZE_MAX))
    return all(met)


def growth(results):
    """Time per event of the largest count against the smallest."""
    (few, small), (many, large) = sorted(results.items())[0], sorted(results.items())[-1]
    print(f"\ngrowth from {few} to {many} events, x linear")
    met = True
    for task, what, most in (("import", "wall", 1.4), ("audit", "seconds", GROWTH_MAX)):
        before, after = (statistics.median(each["makegood"][task][what] for each in rounds) for rounds in (small, large))
        met &= verdict(task, (after / many) / (before / few), most)
        before, after = (max(each["makegood"][task]["rss"] for each in rounds) for rounds in (small, large))
        print(f"        peak memory: {before:.0f} MB, then {after:.0f} MB")
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", default="1000000", help="one or more counts, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ids", choices=["varchar", "uuid"], default="varchar", help="DuckDB's type of event_id")
    parser.add_argument("--makegood", type=Path, default=ROOT / "target" / "release" / "makegood")
    parser.add_argument("--prepare", action="store_true", help="only install DuckDB")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a target is missed")
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    python = python_with_duckdb()
    if arguments.prepare:
        return 0
    results, met = {}, True
    for events in sorted(int(count) for count in arguments.events.split(",")):
        logs = generate(arguments.makegood, events)
        copies = [shutil.copy(log, WORK / f"copy-of-{log.name}") for log in logs]
        results[events] = [
            one_round(arguments.makegood, python, arguments.ids.upper(), logs, copies, index % 2 == 1)
            for index in range(arguments.rounds)
        ]
        met &= report(events, logs, results[events])
    if len(results) > 1:
        met &= growth(results)
    return 1 if arguments.strict and not met else 0


if __name__ == "__main__":
    sys.exit(main())
