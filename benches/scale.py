#!/usr/bin/env python3
"""One machine with SQLite against a Spark cluster, at growing sizes, on the same made-up logs.

    .ci/spark; python3 benches/scale.py [--events 1000000,5000000,10000000]

Of each size, logged by two hosts (tests/spark/hosts.py):
  one     all logs into one database, then an audit
  merge   a database per host, then `merge` into one, then an audit
  cluster a database per host, `ship` from each, then `reconcile` on a master and two workers
Prints wall and CPU seconds and peak memory: of all processes, the cluster's as well. All three must find
the same number of missing events. Needs what .ci/spark installs and about 2 GB of disk per million
events; everything is removed afterwards.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "spark"))

from cluster import Cluster, EventLog, Meter, event_logs, kill_all
from hosts import HOSTS, PIXEL, make_logs

END = "2026-01-15T00:00:00Z"
CONFIG = f'[[pixel]]\nid = "{PIXEL}"\n'
WEEK = ["--since", "2026-01-01", "--until", "2026-02-01"]


class Cost:
    def __init__(self, wall, cpu, peak):
        self.wall, self.cpu, self.peak = wall, cpu, peak

    def then(self, other):
        """One after the other: times add up, memory is the larger one."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))

    def beside(self, other):
        """At the same time on machines of their own: CPU adds up, the longer wall and the larger memory count."""
        return Cost(max(self.wall, other.wall), self.cpu + other.cpu, max(self.peak, other.peak))

    def __str__(self):
        return f"{self.wall:9.1f} s {self.cpu:9.1f} s {self.peak / 1e6:9,.0f} MB"


class Bench:
    def __init__(self, makegood, place):
        self.makegood, self.place = makegood, place

    def run(self, folder, *arguments, cluster=None):
        """Runs makegood in a folder: what it cost with all its children, and what it printed."""
        command = [str(part) for part in (self.makegood, "--now", END, *arguments)]
        out, err = self.place / "out", self.place / "err"
        with open(out, "wb") as to_out, open(err, "wb") as to_err:
            start = time.perf_counter()
            process = subprocess.Popen(command, cwd=folder, stdout=to_out, stderr=to_err, start_new_session=True,
                                       env=cluster.environment() if cluster else None)
            try:
                with Meter({process.pid} | (cluster.sessions() if cluster else set())) as meter:
                    _, status, usage = os.wait4(process.pid, 0)
            except BaseException:
                kill_all(process)
                raise
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(command)}: ended with {process.returncode}\n{err.read_text(errors='replace')}")
        # What the kernel says of one process is exact; a cluster's processes are not our children.
        cpu = meter.cpu if cluster else usage.ru_utime + usage.ru_stime
        return Cost(wall, cpu, max(meter.bytes, usage.ru_maxrss * 1024)), out

    def folder(self, name, config=""):
        folder = self.place / name
        folder.mkdir()
        (folder / "makegood.toml").write_text(CONFIG + config)
        return folder

    def audit(self, folder):
        cost, out = self.run(folder, "audit", "--no-import", "--json", *WEEK)
        return cost, json.loads(out.read_text())["totals"]["missing"]

    def size(self, events, spark):
        """All three ways on so many events."""
        logs = make_logs(self.makegood, events, END, self.place)
        bytes_ = sum(path.stat().st_size for host in logs.values() for path in host)
        print(f"\n{events:,} events, {bytes_ / 1e9:.1f} GB of logs; load {os.getloadavg()[0]:.1f}", flush=True)
        print(f"  {'':34} {'wall':>11} {'CPU':>11} {'peak memory':>12}")
        result, missing = {}, {}

        one = self.folder("one")
        imported, _ = self.run(one, "import", "-q", *[path for host in logs.values() for path in host])
        self.show("one: import", imported)
        audited, missing["one"] = self.audit(one)
        self.show("one: audit", audited)
        result["one"] = imported.then(audited)
        shutil.rmtree(one)

        each, machines = None, {host: self.folder(host) for host in HOSTS}
        for host, folder in machines.items():
            cost, _ = self.run(folder, "import", "-q", *logs[host])
            each = each.beside(cost) if each else cost
        for path in (path for host in logs.values() for path in host):
            path.unlink()
        self.show("each host: import", each)

        merged = self.folder("merged")
        cost, _ = self.run(merged, "merge", "-q", *[folder / "makegood.db" for folder in machines.values()])
        self.show("merge: both databases", cost)
        audited, missing["merge"] = self.audit(merged)
        self.show("merge: audit", audited)
        result["merge"] = each.then(cost).then(audited)
        shutil.rmtree(merged)

        shipped, segments = None, self.place / "segments"
        for host, folder in machines.items():
            cost, _ = self.run(folder, "ship", "-q", "--to", segments, "--host", host)
            shipped = shipped.beside(cost) if shipped else cost
        for folder in machines.values():
            shutil.rmtree(folder)
        self.show("cluster: ship, each host", shipped)
        with Cluster(spark, self.place / "cluster") as cluster:
            there = self.folder("there", f'[reconcile]\ncommand = "{cluster.command()}"\n')
            cost, _ = self.run(
                there, "reconcile", "-q", "--engine", "spark", "--segments", segments, "--out", there / "out",
                cluster=cluster,
            )
            log = EventLog(event_logs(cluster.events)[-1])
        self.show("cluster: reconcile", cost)
        print(f"  tasks {log.tasks}, {log.remote_bytes / 1e6:,.0f} MB between the workers; "
              f"{disk(segments) / 1e9:.2f} GB of segments")
        audited, missing["cluster"] = self.audit(there)
        result["cluster"] = each.then(shipped).then(cost)
        if len(set(missing.values())) != 1:
            sys.exit(f"the answers differ: {missing}")
        print(f"  all three: {missing['one']:,} missing")
        for name, cost in result.items():
            self.show(f"{name}, all together", cost)
        return result

    @staticmethod
    def show(name, cost):
        print(f"  {name:34} {cost}", flush=True)


def disk(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--events", default="1000000,5000000,10000000")
    parse.add_argument("--makegood", type=Path, default=ROOT / "target" / "release" / "makegood")
    args = parse.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    (spark,) = (ROOT / "target" / "spark" / "venv").glob("lib/python3*/site-packages/pyspark")
    results = {}
    for events in map(int, args.events.split(",")):
        with tempfile.TemporaryDirectory(prefix="scale-", dir=ROOT / "target") as name:
            results[events] = Bench(args.makegood.resolve(), Path(name)).size(events, spark)
    print("\nper million events, and against the smallest size:")
    (smallest, base), *_ = results.items()
    for way in base:
        for events, result in results.items():
            cost, scale = result[way], events / 1e6
            share = lambda now, then: now / scale / (then / (smallest / 1e6))
            print(
                f"  {way:8} {events:>11,}: "
                f"{cost.wall / scale:7.1f} s wall ({share(cost.wall, base[way].wall):4.2f} x), "
                f"{cost.cpu / scale:7.1f} s CPU ({share(cost.cpu, base[way].cpu):4.2f} x), "
                f"peak {cost.peak / 1e6:,.0f} MB in all"
            )


if __name__ == "__main__":
    main()
