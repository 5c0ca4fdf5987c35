"""A Spark cluster on loopback addresses, what its processes cost, and what its event log says.

One master on 127.0.0.1 and a worker each on 127.0.0.2, .3, …: separate processes with separate block
managers, so that rows which change hands do it over sockets. The disk is one and the same.
"""

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

UP_MAX_S = 180
PR_SET_PDEATHSIG = 1
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """The kernel ends a child whose parent was killed before it could clean up."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def processes_of(sessions):
    """The pids of these sessions: whoever starts others, as a worker its executors, shares one with them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) in sessions and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def cpu_seconds(pid):
    """Of a process, without its children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(field) for field in fields[11:13]) / TICKS


def resident_bytes(pid):
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Cluster:
    """Started by `with`, and gone after it, whatever happened inside."""

    def __init__(self, home, folder, workers=2):
        self.home, self.folder = Path(home).resolve(), Path(folder).resolve()
        self.hosts = [f"127.0.0.{number}" for number in range(2, 2 + workers)]
        self.master, self.workers = None, {}
        self.port, self.web = free_port(), free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        self.events = self.folder / "events"

    def __enter__(self):
        self.events.mkdir(parents=True)
        try:
            self.master = self.spawn(
                "127.0.0.1", "master", "master.Master", "-p", self.port, "--webui-port", self.web
            )
            for host in self.hosts:
                self.start_worker(host)
            self.wait_for(len(self.hosts))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in [*self.workers.values(), self.master]:
            if process:
                kill_all(process)

    def environment(self, host="127.0.0.1"):
        """What each Spark process needs to know, and nothing of the caller's Spark."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
        return clean | {
            "SPARK_HOME": str(self.home),
            "SPARK_NO_DAEMONIZE": "1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_LOCAL_IP": host,
            "SPARK_LOCAL_DIRS": str(self.folder / f"scratch-{host}"),
        }

    def spawn(self, host, name, role, *arguments):
        log = open(self.folder / f"{name}.log", "ab")
        command = [self.home / "bin" / "spark-class", f"org.apache.spark.deploy.{role}", "-h", host, *arguments]
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder, env=self.environment(host), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=die_with_parent,
        )

    def start_worker(self, host):
        self.workers[host] = self.spawn(
            host, f"worker-{host}", "worker.Worker",
            "-c", "1", "-m", "2g", "-d", self.folder / f"work-{host}", "--webui-port", "0", self.url,
        )

    def kill_worker(self, host):
        """SIGKILL to the worker and its executors, as if the machine had lost power."""
        kill_all(self.workers.pop(host))

    def wait_for(self, count):
        start = time.monotonic()
        while self.alive() != count:
            for process in [self.master, *self.workers.values()]:
                if process.poll() is not None:
                    raise RuntimeError(f"a Spark process ended at once; see {self.folder}/*.log")
            if time.monotonic() - start > UP_MAX_S:
                raise RuntimeError(f"no {count} workers after {UP_MAX_S} s; see {self.folder}/*.log")
            time.sleep(0.2)

    def alive(self):
        """How many workers the master holds for alive; None before it listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/json/", timeout=5) as answer:
                return json.load(answer)["aliveworkers"]
        except OSError:
            return None

    def command(self, **more):
        """The line for `[reconcile] command`; every join has to go over the network."""
        settings = {
            "spark.driver.memory": "512m",
            "spark.executor.memory": "1g",
            "spark.executor.cores": "1",
            "spark.cores.max": str(len(self.hosts)),
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.autoBroadcastJoinThreshold": "-1",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": self.events.as_uri(),
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.compress": "false",
            "spark.ui.enabled": "false",
            "spark.sql.catalogImplementation": "in-memory",
            "spark.sql.warehouse.dir": (self.folder / "warehouse").as_uri(),
        } | {f"spark.{name}": value for name, value in more.items()}
        confs = " ".join(f"--conf {name}={value}" for name, value in settings.items())
        return f"{self.home}/bin/spark-sql --master {self.url} {confs}"

    def sessions(self):
        return {process.pid for process in [self.master, *self.workers.values()]}


def kill_all(leader):
    """SIGKILL to a session's leader and to all that it started."""
    while left := processes_of({leader.pid}):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        leader.poll()
        time.sleep(0.05)
    leader.wait()


class Meter(threading.Thread):
    """CPU seconds and the largest sum of resident memory of some sessions, looked at five times a second.

    CPU is counted from the moment of its making on. What a process did after it was last looked at is lost, and
    so is one that lived shorter than that; the JVMs of a cluster live for minutes.
    """

    def __init__(self, sessions):
        super().__init__(daemon=True)
        self.sessions, self.bytes, self.done = set(sessions), 0, threading.Event()
        self.seen = {}
        self.look()
        self.before = sum(self.seen.values())

    def look(self):
        pids = processes_of(self.sessions)
        self.bytes = max(self.bytes, sum(map(resident_bytes, pids)))
        for pid in pids:
            self.seen[pid] = max(self.seen.get(pid, 0), cpu_seconds(pid))

    def run(self):
        while not self.done.wait(0.2):
            self.look()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()
        self.look()
        self.cpu = sum(self.seen.values()) - self.before


class EventLog:
    """What an application did, as Spark wrote it down; also readable while it runs."""

    def __init__(self, path):
        self.hosts, self.tasks, self.remote_bytes = {}, {}, 0
        self.broadcasts, self.shuffles, self.removed, self.stages = 0, 0, [], 0
        self.failed_tasks, self.task_seconds = 0, 0.0
        for line in path.read_text(errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the last line of a log that is still written
            self.take(event)

    def take(self, event):
        kind = event["Event"]
        if kind == "SparkListenerExecutorAdded":
            self.hosts[event["Executor ID"]] = event["Executor Info"]["Host"]
        elif kind == "SparkListenerExecutorRemoved":
            self.removed.append(self.hosts.get(event["Executor ID"]))
        elif kind == "SparkListenerStageCompleted":
            self.stages += 1
        elif kind == "SparkListenerTaskEnd":
            if event["Task End Reason"]["Reason"] != "Success":
                self.failed_tasks += 1
                return
            host = event["Task Info"]["Host"]
            self.tasks[host] = self.tasks.get(host, 0) + 1
            read = event["Task Metrics"]["Shuffle Read Metrics"]
            self.task_seconds += event["Task Metrics"]["Executor CPU Time"] / 1e9
            self.remote_bytes += read["Remote Bytes Read"] + read["Remote Bytes Read To Disk"]
        elif "physicalPlanDescription" in event:
            plan = event["physicalPlanDescription"]
            self.broadcasts += len(re.findall(r"Broadcast(?:HashJoin|NestedLoopJoin|Exchange)", plan))
            self.shuffles += len(re.findall(r"\bExchange\b", plan))


def event_logs(folder):
    """Finished and unfinished ones, oldest first."""
    return sorted((path for path in Path(folder).iterdir() if path.is_file()), key=lambda path: path.stat().st_mtime)
