"""Whatever is killed at whatever moment, nothing acknowledged is lost, doubled or left over.

Runs and clients work; at random moments one of them is killed: the service, an agent, the fork
server, an agent that saves what another left, a script, a client. Whoever works writes a line into
a ledger of its own *after* each call that returned, so that what must be there is known.

SOAK_KILLS says how many are killed (8 by default; `make soak` takes 500), SOAK_SEED repeats the
choices of a run that failed, SOAK_AT_ONCE says how many runs work at the same time.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

KILLS = int(os.environ.get("SOAK_KILLS", "8"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(1 << 30))))
AT_ONCE = int(os.environ.get("SOAK_AT_ONCE", "3"))
END_SECONDS = 120.0
PROGRESS = 25
TERMINAL = ("Completed", "Failed", "Canceled")
# What a script does, and how it remembers what has been acknowledged. Calls that need the service
# are tried again while it is away; what a registration may then double is counted as tried.
SCRIPT = """
import os, sys, time
from azureml.core import Run
run, ledger = Run.get_context(), os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(what, number):
    os.write(ledger, f"{what} {number}\\n".encode())
def again(work):
    for _ in range(300):
        try:
            return work()
        except Exception as error:
            if "exist" in str(error):
                return None
            time.sleep(0.1)
    raise SystemExit("the service does not come back")
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
    time.sleep(0.05)
note("end", 0)
"""
CLIENT = """
import os, sys
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
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
    number += 1
    run.wait_for_completion(raise_on_error=False)
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
    started: int = 0

    def keep_clients(self) -> None:
        """See to it that so many clients work."""
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
            "service": self.yard.services,
            "agent": lambda: self.yard.agents("agent"),
            "fork server": self.yard.fork_servers,
            "script": self.yard.scripts,
            "client": lambda: {str(n): c.pid for n, c in self.clients.items()},
        }
        kind = self.dice.choices(list(kinds), [3, 6, 2, 2, 2])[0]
        victims = sorted(kinds[kind]().items())
        if not victims:
            return False
        name, pid = self.dice.choice(victims)
        if not self.yard.kill(pid):
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
    for kind, prefix, begin in (("output", "outputs/part-", "part"), ("upload", "up/", "up")):
        for step in said.get(kind, []):
            name = f"{prefix}{step}"
            assert name in names, f"{what}: {name} is lost"
            run.download_file(name, "got")
            assert Path("got").read_text() == f"{begin} {step}" * 100, f"{what}: {name}"
    made = Model.list(workspace, name=f"model-{run_id}")
    assert all(model.verify().is_intact for model in made), f"{what}: contents of models"
    versions = len(made)
    tried = len(said.get("register?", [])) - len(set(said.get("register?", [])))
    assert len(said.get("register", [])) <= versions <= tried, f"{what}: models"
    return status


def _whole(what: str, found: list[int], said: list[int]) -> None:
    """Nothing lost, nothing doubled, no gap; one more may be there than was noted."""
    assert found == list(range(len(found))), f"{what}: gaps or doubles: {found}"
    assert len(said) <= len(found) <= len(said) + 1, f"{what}: {len(found)} of {len(said)}"


@pytest.mark.slow
@pytest.mark.timeout(120 + 20 * KILLS)
def test_nothing_is_lost_whatever_is_killed(yard: Any) -> None:
    """Every run ends; what was acknowledged is there once; no process, folder or file is left."""
    from azureml.core import Experiment, Run, Workspace

    ledgers = yard.folder / "ledgers"
    ledgers.mkdir()
    soak = Soak(yard, random.Random(SEED), ledgers, yard.script(SCRIPT))
    sys.stdout.write(f"soak: seed {SEED}, {KILLS} kills\n")
    while sum(soak.killed.values()) < KILLS:
        soak.keep_clients()
        soak.wait_for_work()
        time.sleep(soak.dice.uniform(0.0, 0.8))
        if soak.strike() and sum(soak.killed.values()) % PROGRESS == 0:
            sys.stdout.write(f"soak: {sum(soak.killed.values())} kills, {len(soak.runs())} runs\n")
            sys.stdout.flush()
    for client in soak.clients.values():
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
