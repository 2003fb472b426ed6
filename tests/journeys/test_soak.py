"""Whatever is killed at whatever moment, nothing acknowledged is lost, doubled or left over.

Runs and clients work: they log, upload and register, through the SDK and in MLflow's protocol. At
random moments one of them is killed: the service, an agent, the fork server, an agent that saves
what another left, a script, a client, a collector of contents that is in more of a hurry than the
service's own. Whoever works writes a line into a ledger of its own *after* each call that returned,
so that what must be there is known.

SOAK_KILLS says how many are killed (8 by default; `make soak` takes 500), SOAK_SEED repeats the
choices of a run that failed, SOAK_AT_ONCE says how many runs work at the same time. With
TESTS_ON=postgresql the records are on a server of the soak's own, which is killed, too, and two
processes follow the one that serves and take over from it.
"""

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runyard_server.testing.databases import is_postgresql, programs, use
from runyard_server.testing.postgres import PostgresServer

KILLS = int(os.environ.get("SOAK_KILLS", "8"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(1 << 30))))
AT_ONCE = int(os.environ.get("SOAK_AT_ONCE", "3"))
END_SECONDS = 120.0
FOLLOWERS = 2
PROGRESS = 25
TERMINAL = ("Completed", "Failed", "Canceled")
# What a script does, and how it remembers what has been acknowledged. Calls that need the service
# are tried again while it is away; what a registration may then double is counted as tried.
SCRIPT = """
import json, os, sys, time, urllib.error, urllib.parse, urllib.request
from azureml.core import Run
run, ledger = Run.get_context(), os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(what, number):
    os.write(ledger, f"{what} {number}\\n".encode())
def again(work):
    for _ in range(300):
        try:
            return work()
        except Exception as error:
            if "exist" in str(error).lower():
                return None
            time.sleep(0.1)
    raise SystemExit("the service does not come back")
def address():
    told = urllib.parse.urlsplit(os.environ["MLFLOW_TRACKING_URI"])
    ledgers = os.path.dirname(sys.argv[1])
    if os.path.exists(ledgers + "/several"):
        # MLflow's client knows one address; that of a process may be gone for good.
        with open(os.path.join(ledgers, "../..", "home", "service.json")) as file:
            there = urllib.parse.urlsplit(json.load(file)["url"])
        told = told._replace(netloc=there.netloc)
    return told.geturl()
def mlflow(method, path, fields):
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
    url = address() + "/api/2.0/" + path
    try:
        request = urllib.request.Request(url, body, headers, method=method)
        urllib.request.urlopen(request, timeout=30).read()
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode())
place = os.environ["MLFLOW_EXPERIMENT_ID"] + "/" + run.id + "/artifacts/tracked"
def track(step):
    points = [{"key": "tracked", "value": n, "timestamp": 1000 + n, "step": n}
              for n in range(step, step + 5)]
    again(lambda: mlflow("POST", "mlflow/runs/log-batch", {"run_id": run.id, "metrics": points}))
    for n in range(step, step + 5):
        note("point", n)
def keep(step):
    body = (f"kept {step}" * 100).encode()
    again(lambda: mlflow("PUT", f"mlflow-artifacts/artifacts/{place}/{step}", body))
    note("kept", step)
    name = "tracked-" + run.id
    again(lambda: mlflow("POST", "mlflow/registered-models/create", {"name": name}))
    note("version?", step)
    def version():
        note("version?", step)
        mlflow("POST", "mlflow/model-versions/create",
               {"name": name, "source": "mlflow-artifacts:/" + place, "run_id": run.id})
    again(version); note("version", step)
for step in range(30):
    run.log("step", step); note("metric", step)
    print("line", step, flush=True); note("line", step)
    if step % 5 == 0:
        path = f"outputs/part-{step}"
        with open(path + ".new", "w") as file:
            file.write(f"part {step}" * 100)
        os.rename(path + ".new", path); note("output", step)
    if step % 10 == 3:
        with open(f"up-{step}", "w") as file:
            file.write(f"up {step}" * 100)
        again(lambda: run.upload_file(f"up/{step}", f"up-{step}")); note("upload", step)
        note("register?", step)
        def register():
            note("register?", step)
            return run.register_model("model-" + run.id, model_path=f"up/{step}")
        again(register); note("register", step)
    if step % 5 == 4:
        track(step - 4)
    if step % 10 == 8:
        keep(step)
    time.sleep(0.05)
note("end", 0)
"""
CLIENT = """
import os, sys
from azureml.core import Environment, Experiment, Model, ScriptRunConfig, Workspace
source, ledgers, ledger, seed = sys.argv[1:]
ledger = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
environment = Environment("plain")
environment.python.user_managed_dependencies = True
environment.python.interpreter_path = sys.executable
number = 0
while True:
    work = os.path.join(ledgers, f"{seed}-{number}.script")
    config = ScriptRunConfig(source, "train.py", [work], compute_target="local",
                             environment=environment)
    run = Experiment(Workspace.from_config(), "soak").submit(config)
    os.write(ledger, f"run {run.id} {work}\\n".encode())
    store = Workspace.from_config().get_default_datastore()
    note = os.path.join(ledgers, f"{seed}-{number}.note")
    open(note, "w").write(run.id * 50)
    store.upload_files([note], target_path="notes", show_progress=False)
    os.write(ledger, f"file {os.path.basename(note)} {run.id}\\n".encode())
    os.write(ledger, f"register? notes-{seed}\\n".encode())
    Model.register(Workspace.from_config(), model_path=note, model_name=f"notes-{seed}")
    os.write(ledger, f"register notes-{seed}\\n".encode())
    number += 1
    run.wait_for_completion(raise_on_error=False)
"""
# The service's own collector waits for a day; so does nobody who kills it for an hour.
COLLECTOR = """
import sys, time
from pathlib import Path
from runyard_server.core.clock import Clock
from runyard_server.execution import collecting
from runyard_server.testing import parts
with parts.parts(Path(sys.argv[1]), Clock()) as system:
    while True:
        collecting.collect(system, grace=30_000_000)
        time.sleep(1)
"""


@dataclass
class Soak:
    """The state of one soak."""

    yard: Any
    dice: random.Random
    ledgers: Path
    source: str
    clients: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    touched: set[str] = field(default_factory=set)
    server: PostgresServer | None = None
    started: int = 0
    collector: subprocess.Popen[bytes] | None = None
    followers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def keep_clients(self) -> None:
        """See to it that so many clients work, and one collector."""
        self.keep_collector()
        self.keep_followers()
        self.clients = {n: c for n, c in self.clients.items() if c.poll() is None}
        while len(self.clients) < AT_ONCE:
            number, self.started = self.started, self.started + 1
            words = [self.source, str(self.ledgers), str(self.ledger(number)), str(number)]
            with (self.ledgers / f"client-{number}.out").open("wb") as output:
                self.clients[number] = subprocess.Popen(
                    [sys.executable, "-c", CLIENT, *words],
                    cwd=self.yard.folder,
                    stdout=output,
                    stderr=output,
                )

    def keep_collector(self) -> None:
        """See to it that contents are collected where a service has begun to keep some."""
        is_there = self.collector is not None and self.collector.poll() is None
        # In PostgreSQL whoever leads is the only one that writes, so a collector of its own cannot.
        if not is_there and not is_postgresql() and (self.yard.home / "service.json").exists():
            with (self.ledgers / "collector.out").open("ab") as output:
                words = [sys.executable, "-c", COLLECTOR, str(self.yard.home)]
                self.collector = subprocess.Popen(words, stdout=output, stderr=output)

    def keep_followers(self) -> None:
        """See to it that others can take over, where several may serve one database."""
        self.followers = [each for each in self.followers if each.poll() is None]
        # Not before the first one serves: it is to be a client that starts that.
        if self.server is None or not (self.yard.home / "service.json").exists():
            return
        while len(self.followers) < FOLLOWERS:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            words = [sys.executable, "-P", "-m", "runyard_server.app", "--port", str(port)]
            with (self.ledgers / "followers.out").open("ab") as output:
                started = subprocess.Popen(words, stdout=output, stderr=output)
            self.followers.append(started)

    def services(self) -> dict[str, int]:
        """The process that serves, and those that would take over."""
        alive = {str(each.pid): each.pid for each in self.followers if each.poll() is None}
        return {**self.yard.services(), **alive}

    def collectors(self) -> dict[str, int]:
        """The living collector."""
        here = self.collector
        return {} if here is None or here.poll() is not None else {"collector": here.pid}

    def servers(self) -> dict[str, int]:
        """The server of the database, where that is PostgreSQL."""
        return {} if self.server is None else {"": self.server.pid}

    def restart_server(self) -> None:
        """Cut the database's power, and have it back at once, soon, or after all have given up."""
        assert self.server is not None
        self.server.kill()
        time.sleep(self.dice.choice((0.0, 1.0, 12.0)))
        self.server.start()

    def wait_for_work(self) -> None:
        """Let runs begin between kills, however slow the machine is."""
        wanted = sum(self.killed.values()) * 2 // 3
        end = time.monotonic() + END_SECONDS
        while len(self.runs()) <= wanted or not self.yard.scripts():
            assert time.monotonic() < end, f"seed {SEED}: no run begins any more"
            self.keep_clients()
            time.sleep(0.05)

    def ledger(self, number: int) -> Path:
        return self.ledgers / f"client-{number}"

    def strike(self) -> bool:
        """Kill something; say whether there was something to kill."""
        kinds = {
            "service": self.services,
            "agent": lambda: self.yard.agents("agent"),
            "fork server": self.yard.fork_servers,
            "script": self.yard.scripts,
            "client": lambda: {str(n): c.pid for n, c in self.clients.items()},
            "collector": self.collectors,
            "database": self.servers,
        }
        kind = self.dice.choices(list(kinds), [3, 6, 2, 2, 2, 1, 2 if self.server else 0])[0]
        victims = sorted(kinds[kind]().items())
        if not victims:
            return False
        name, pid = self.dice.choice(victims)
        if kind == "database":
            self.restart_server()
        elif not self.yard.kill(pid):
            return False
        self.killed[kind] += 1
        if kind == "fork server":
            # Agents that wait at its gate go with it.
            self.touched |= {path.name for path in (self.yard.home / "runs").glob("*")}
        if kind in ("agent", "script"):
            self.touched.add(name)
        if kind == "agent" and self.dice.random() < 0.6:
            self.strike_salvage(name)
        return True

    def strike_salvage(self, run: str) -> None:
        """Kill the agent that saves what another left, at a random moment of its work."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            pid = self.yard.agents("salvage").get(run)
            if pid is not None:
                time.sleep(self.dice.uniform(0, 0.15))
                if self.yard.kill(pid):
                    self.killed["salvage"] += 1
                return
            time.sleep(0.005)

    def runs(self) -> list[tuple[str, Path]]:
        """The runs that clients were told of, with the ledgers of their scripts."""
        return [(words[1], Path(words[2])) for words in self.told("run")]

    def told(self, what: str) -> list[list[str]]:
        """The lines of the clients' ledgers of one kind."""
        found = []
        for number in range(self.started):
            with suppress(FileNotFoundError):
                lines = self.ledger(number).read_text().splitlines()
                found += [line.split(" ") for line in lines if line.startswith(what + " ")]
        return found


def _check(workspace: Any, run_id: str, ledger: Path, soak: Soak) -> str:
    """Compare what a run has with what its script was told; give its status."""
    from azureml.core import Run
    from azureml.core.model import Model

    run = Run.get(workspace, run_id)
    status = str(run.get_status())
    said: dict[str, list[int]] = {}
    if ledger.exists():
        for line in ledger.read_text().splitlines():
            what, _, number = line.partition(" ")
            said.setdefault(what, []).append(int(number))
    what = f"seed {SEED}, run {run_id} ({status})"
    if run_id not in soak.touched:
        assert status == "Completed", f"{what}: {run.get_details().get('error')}"
        assert "end" in said, what
    steps = run.get_metrics().get("step", [])
    steps = steps if isinstance(steps, list) else [steps]
    _whole(f"{what}: metrics", steps, said.get("metric", []))
    text = b""
    with suppress(Exception):
        run.download_file("azureml-logs/70_driver_log.txt", f"{run_id}.log")
        text = Path(f"{run_id}.log").read_bytes()
    lines = [int(line[5:]) for line in text.decode().splitlines() if line.startswith("line ")]
    _whole(f"{what}: lines", lines, said.get("line", []))
    names = run.get_file_names()
    assert len(names) == len(set(names)), what
    for kind, prefix, begin in (
        ("output", "outputs/part-", "part"),
        ("upload", "up/", "up"),
        ("kept", "tracked/", "kept"),
    ):
        for step in said.get(kind, []):
            name = f"{prefix}{step}"
            assert name in names, f"{what}: {name} is lost"
            run.download_file(name, "got")
            assert Path("got").read_text() == f"{begin} {step}" * 100, f"{what}: {name}"
    points = run.get_metrics("tracked").get("tracked", [])
    _whole(f"{what}: points", points, said.get("point", []), more=5)
    for model, kind in (("model", "register"), ("tracked", "version")):
        tries = said.get(f"{kind}?", [])
        least, most = len(said.get(kind, [])), len(tries) - len(set(tries))
        made = Model.list(workspace, name=f"{model}-{run_id}")
        _versions(f"{what}: {model}", made, least, most)
    return status


def _versions(what: str, made: list[Any], least: int, most: int) -> None:
    """Each version that was told is there, numbered without a gap, with the bytes it had."""
    assert least <= len(made) <= most, f"{what}: {least} to {most} versions, not {len(made)}"
    assert sorted(model.version for model in made) == list(range(1, len(made) + 1)), what
    assert all(model.verify().is_intact for model in made), f"{what}: contents of models"


def _whole(what: str, found: list[int], said: list[int], more: int = 1) -> None:
    """Nothing lost, nothing doubled, no gap; what came last may be there and not be noted."""
    assert found == list(range(len(found))), f"{what}: gaps or doubles: {found}"
    assert len(said) <= len(found) <= len(said) + more, f"{what}: {len(found)} of {len(said)}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer | None]:
    """A PostgreSQL that may be killed, for the machine's state folder; None with a file."""
    if not is_postgresql():
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="runyard-pg-"))
    with PostgresServer(folder, programs(), durable=True) as started:
        use(tmp_path / "home", started.new_database())
        yield started


@pytest.mark.slow
@pytest.mark.timeout(120 + 20 * KILLS)
def test_nothing_is_lost_whatever_is_killed(server: PostgresServer | None, yard: Any) -> None:
    """Every run ends; what was acknowledged is there once; no process, folder or file is left."""
    from azureml.core import Experiment, Model, Run, Workspace

    ledgers = yard.folder / "ledgers"
    ledgers.mkdir()
    if server is not None:
        (ledgers / "several").touch()
    soak = Soak(yard, random.Random(SEED), ledgers, yard.script(SCRIPT), server=server)
    sys.stdout.write(f"soak: seed {SEED}, {KILLS} kills\n")
    while sum(soak.killed.values()) < KILLS:
        soak.keep_clients()
        soak.wait_for_work()
        time.sleep(soak.dice.uniform(0.0, 0.8))
        if soak.strike() and sum(soak.killed.values()) % PROGRESS == 0:
            sys.stdout.write(f"soak: {sum(soak.killed.values())} kills, {len(soak.runs())} runs\n")
            sys.stdout.flush()
    collector = [] if soak.collector is None else [soak.collector]
    for client in (*soak.clients.values(), *collector, *soak.followers):
        client.kill()
        client.wait()
    workspace = Workspace.from_config()
    runs = soak.runs()
    # Also those whose client was killed before it heard of them.
    made = [run.id for run in Experiment(workspace, "soak").get_runs()]
    assert {run_id for run_id, _ in runs} <= set(made), f"seed {SEED}: a run is lost"
    deadline = time.monotonic() + END_SECONDS
    waiting = set(made)
    while waiting:
        assert time.monotonic() < deadline, f"seed {SEED}: {waiting} do not end"
        waiting = {one for one in waiting if Run.get(workspace, one).get_status() not in TERMINAL}
        time.sleep(0.2)
    told = Counter(_check(workspace, run_id, ledger, soak) for run_id, ledger in runs)
    store = workspace.get_default_datastore()
    for _, name, content in soak.told("file"):
        store.download(
            str(yard.folder / "got-files"),
            prefix=f"notes/{name}",
            overwrite=True,
            show_progress=False,
        )
        assert (yard.folder / "got-files" / "notes" / name).read_text() == content * 50, name
    told_of, tried = ([name for _, name in soak.told(kind)] for kind in ("register", "register?"))
    for name in set(tried):
        least, most = told_of.count(name), tried.count(name)
        _versions(f"seed {SEED}: {name}", Model.list(workspace, name=name), least, most)
    yard.kill_service()
    Workspace.from_config().get_details()
    yard.until(lambda: not yard.left_over(), f"seed {SEED}: {yard.left_over()}", 60)
    orphans = [pid for run_id in made for pid in yard.run_processes(run_id)]
    assert orphans == [], f"seed {SEED}"
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(soak.killed.items()))
    sys.stdout.write(
        f"soak: seed {SEED}: killed {counted}; {len(made)} runs: "
        f"{', '.join(f'{count} {status}' for status, count in sorted(told.items()))}; "
        "0 lost, 0 doubled, 0 gaps, 0 orphans, 0 left folders or files\n"
    )
