#!/usr/bin/env python3
"""Follows a thousand files under a burst, and prints what it cost.

    python3 benches/follow.py [--program PATH] [--files 1000] [--rate 10000] [--seconds 60]

Lines are numbered; at the end the set stored must be the set written. Needs nothing but Python and a
built makegood (target/release/makegood unless named).
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINE = (
    '{{"event_id":"e{:09}","event":"page_view","occurred_at":"2026-11-20T12:34:56Z","session_id":"s{:07}",'
    '"source":"tiktok","pixel_id":"C4A1B2C3D4E5F6G7H8I9","page":{{"url":"https://quiz.example.com/f/46?step={}"}}}}\n'
)
ROUND = 0.05  # seconds between two writes of the burst


class Run:
    def __init__(self, program, folder, files):
        self.folder, self.program = folder, program
        self.paths = [folder / f"{number:04}.log" for number in range(files)]
        self.written = 0
        self.wal_peak = 0

    def write(self, count):
        """So many lines, over all files."""
        share, rest = divmod(count, len(self.paths))
        for at, path in enumerate(self.paths):
            lines = share + (at < rest)
            if lines:
                first = self.written
                text = "".join(LINE.format(n, n % 9973, n % 17) for n in range(first, first + lines))
                with open(path, "a") as log:
                    log.write(text)
                self.written += lines

    def stored(self):
        self.see_wal()
        if not (self.folder / "makegood.db").exists():
            return 0
        try:
            with sqlite3.connect(f"file:{self.folder}/makegood.db?mode=ro", uri=True, timeout=30) as database:
                return database.execute("SELECT count(*) FROM event").fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    def see_wal(self):
        try:
            self.wal_peak = max(self.wal_peak, os.stat(self.folder / "makegood.db-wal").st_size)
        except FileNotFoundError:
            pass

    def wait(self, patience=600):
        """Seconds until all that was written is stored."""
        start = time.monotonic()
        while self.stored() < self.written:
            if time.monotonic() - start > patience:
                sys.exit(f"lost: {self.written - self.stored()} of {self.written}")
            time.sleep(0.01)
        return time.monotonic() - start


def peak_memory(pid):
    """Bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def burst(run, rate, seconds):
    """Writes at a rate; returns how many seconds it took."""
    start = time.monotonic()
    target = rate * seconds
    done = 0
    while done < target:
        due = min(target, int((time.monotonic() - start) * rate) + 1)
        if due > done:
            run.write(due - done)
            done = due
        run.see_wal()
        time.sleep(ROUND)
    return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="target/release/makegood")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    program = str(Path(options.program).resolve())
    with tempfile.TemporaryDirectory() as name:
        run = Run(program, Path(name), options.files)
        run.write(options.files)
        child = subprocess.Popen([program, "import", "--follow", "*.log"], cwd=name, stderr=subprocess.DEVNULL)
        try:
            first = run.wait()
            took = burst(run, options.rate, options.seconds)
            behind = run.wait()
            busy = cpu_seconds(child.pid)
            latencies = []
            for _ in range(20):
                time.sleep(0.3)
                run.write(1)
                latencies.append(run.wait())
            time.sleep(3)
            before = cpu_seconds(child.pid)
            time.sleep(10)
            idle = (cpu_seconds(child.pid) - before) / 10
            memory = peak_memory(child.pid)
        finally:
            child.send_signal(signal.SIGTERM)
            code = child.wait()
        with sqlite3.connect(f"{name}/makegood.db") as database:
            stored = {row[0] for row in database.execute("SELECT event_id FROM event")}
        lost = run.written - len(stored & {f"e{n:09}" for n in range(run.written)})
    latencies.sort()
    print(f"files {options.files}, lines {run.written:,}, burst {options.rate:,}/s wanted for {options.seconds} s")
    print(f"written at {options.rate * options.seconds / took:,.0f}/s; all stored {behind:.2f} s after the last")
    print(f"lost {lost}, exit {code}, first look {first:.2f} s")
    print(f"peak memory {memory / 2**20:.0f} MiB, write-ahead log peak {run.wal_peak / 2**20:.0f} MiB")
    print(f"latency at rest: median {latencies[10]:.3f} s, worst {latencies[-1]:.3f} s of {len(latencies)}")
    print(f"processor: {busy / took:.2f} cores in the burst, {idle:.3f} at rest")
    sys.exit(1 if lost or code else 0)


if __name__ == "__main__":
    main()
