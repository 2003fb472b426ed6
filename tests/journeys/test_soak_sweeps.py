"""Whatever is killed at whatever moment, a sweep makes each trial once and keeps its verdicts.

Several sweeps go on at once: trials that are runs, of v1 and native ones, and trials that processes
make themselves; with samplers that learn and with policies. At random moments one part is killed:
the service, also in the middle of a write; an agent, the fork server, a script, a client. What a
trial is worth follows from its parameters alone, so each value can be checked; scripts and clients
write into ledgers of their own after each call that returned.

SOAK_KILLS says how many are killed (5 by default; `make soak` takes 300), SOAK_SEED repeats the
choices of a run that failed.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol.sweeps import SWEEP_LOG, SweepRecord, TrialRecord

KILLS = int(os.environ.get("SOAK_KILLS", "5"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(1 << 30))))
LONG = KILLS > 50
TRIALS = int(os.environ.get("SOAK_TRIALS", "200" if LONG else "4"))
# How long a step of a trial that is a run takes, and one that a process makes itself.
PAUSES = (0.02, 0.25) if LONG else (0.02, 0.1)
END_SECONDS = 1200.0 if LONG else 100.0
STEPS = 5
PROGRESS = 25
TERMINAL = ("Completed", "Failed", "Canceled")
# The sweeps: what makes the trials, sampler, policy. The short form has the first three.
SWEEPS = [
    ("v1", "random", "bandit"),
    ("self", "tpe", "median"),
    ("native", "tpe", "median"),
    ("self", "random", "bandit"),
    ("v1", "random", "truncation"),
    ("self", "random", "asha"),
    ("native", "random", "asha"),
    ("self", "grid", "none"),
]
CHOSEN = SWEEPS if LONG else SWEEPS[:3]
WORTH = """
def worth(lr, units, step):
    return lr * units * (1 + step)
"""
SCRIPT = f"""
import argparse, os, time
from azureml.core import Run
{WORTH}
parser = argparse.ArgumentParser()
parser.add_argument("--ledgers"), parser.add_argument("--lr", type=float)
parser.add_argument("--units", type=int)
given, run = parser.parse_args(), Run.get_context()
ledger = os.open(os.path.join(given.ledgers, run.id), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(*words):
    os.write(ledger, (" ".join(map(str, words)) + "\\n").encode())
note("begin", given.lr, given.units)
for step in range({STEPS}):
    run.log("acc", worth(given.lr, given.units, step))
    note("metric", step)
    time.sleep({PAUSES[0]})
note("end")
"""
CLIENT = """
import os, sys
from azureml.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
source, ledgers, ledger, kind, sampler, policy, trials = sys.argv[1:]
trials, workspace = int(trials), Workspace.from_config()
if os.path.exists(ledger):
    run = Run.get(workspace, open(ledger).read())
else:
    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    config = ScriptRunConfig(source, "train.py", ["--ledgers", ledgers], compute_target="local",
                             environment=environment)
    if kind == "v1":
        from azureml.train.hyperdrive import *
        space = {"--lr": uniform(0.001, 1), "--units": choice(range(1, 65))}
        policies = {"bandit": lambda: BanditPolicy(slack_factor=0.5, delay_evaluation=2),
                    "truncation": lambda: TruncationSelectionPolicy(20, delay_evaluation=2)}
        sweep = HyperDriveConfig(RandomParameterSampling(space), "acc", PrimaryMetricGoal.MAXIMIZE,
                                 trials, 2, policy=policies[policy](), run_config=config)
    else:
        import runyard
        space = {"lr": runyard.uniform(0.001, 1), "units": runyard.integer(1, 64)}
        policies = {"median": lambda: runyard.median(delay=2),
                    "asha": lambda: runyard.asha(max_steps=5, factor=2)}
        sweep = runyard.Sweep(space, {"acc": "maximize"}, sampler, policies[policy](), trials, 2,
                              max_failures=None).over(config)
    run = Experiment(workspace, "soak-" + kind).submit(sweep)
    with open(ledger + ".new", "w") as file:
        file.write(run.id)
    os.rename(ledger + ".new", ledger)
run.wait_for_completion(show_output=True, raise_on_error=False)
"""
WORKER = f"""
import os, sys, time
from azureml.core import Workspace
from runyard.protocol.errors import RunyardError
from runyard.protocol.sweeps import Exchange, Reported, Told
{WORTH}
sweep, ledger, name = sys.argv[1:]
ledger = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(*words):
    os.write(ledger, (" ".join(map(str, words)) + "\\n").encode())
service, sequence = Workspace.from_config().service, 0
def exchange(**given):
    global sequence
    sequence += 1
    for _ in range(300):
        try:
            answer = service.sweeps.exchange(sweep, Exchange(name, sequence, **given))
        except RunyardError as error:
            note("error", error)
            time.sleep(0.1)
            continue
        for each in answer.verdicts:
            note("verdict", each.number)
        for each in answer.trials:
            note("given", each.number)
        return answer
    raise SystemExit("the service does not come back")
stock, told, over = [], [], False
while not over or stock or told:
    answer = exchange(ask=0 if stock else 2, told=told)
    for each in told:
        note("told", each.number)
    stock, told, over = stock + answer.trials, [], answer.ended
    if not stock:
        time.sleep(0.1)
        continue
    trial, stopped = stock.pop(0), False
    for step in range({STEPS}):
        time.sleep({PAUSES[1]})
        value = worth(trial.params["lr"], trial.params["units"], step)
        verdicts = exchange(reported=[Reported(trial.number, step + 1, value)]).verdicts
        if any(each.number == trial.number for each in verdicts):
            break
    told = [Told(trial.number, [value])]
note("end")
"""


@dataclass
class Slot:
    """One of the sweeps that go on at once, and who works for it.

    Args:
        kind: `v1`, `native`, or `self`: processes make the trials.
        sampler: Its sampler.
        policy: Its policy.
        sweep: Its id, once that is known.
        clients: Its living clients.
        killed: Names of the clients that were killed.
    """

    kind: str
    sampler: str
    policy: str
    number: int
    sweep: str = ""
    clients: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: set[str] = field(default_factory=set)
    started: int = 0


@dataclass
class Soak:
    """The state of one soak."""

    yard: Any
    workspace: Any
    dice: random.Random
    ledgers: Path
    source: str
    slots: list[Slot]
    killed: Counter[str] = field(default_factory=Counter)
    touched: set[str] = field(default_factory=set)
    verdicts: dict[tuple[str, int], str] = field(default_factory=dict)

    def keep_clients(self) -> None:
        """See to it that each sweep has its clients."""
        for slot in self.slots:
            slot.clients = {n: c for n, c in slot.clients.items() if c.poll() is None}
            if slot.kind == "self":
                slot.sweep = slot.sweep or self.begin(slot)
            if not slot.clients or (slot.kind == "self" and len(slot.clients) < 2):
                self.start(slot)

    def begin(self, slot: Slot) -> str:
        """Begin a sweep whose trials processes make themselves."""
        import runyard
        from runyard.protocol.sweeps import CreateSweep

        space = {"lr": runyard.uniform(0.001, 1), "units": runyard.integer(1, 64)}
        if slot.sampler == "grid":
            space = {"lr": runyard.choice(*(n / 20 for n in range(1, 21))), "units": space["units"]}
        policies: dict[str, Any] = {
            "median": lambda: runyard.median(delay=2),
            "bandit": lambda: runyard.bandit(slack_factor=0.5, delay=2),
            "asha": lambda: runyard.asha(max_steps=STEPS, factor=2),
            "none": lambda: None,
        }
        policy = policies[slot.policy]()
        goal = {"acc": "maximize"}
        sweep = runyard.Sweep(space, goal, slot.sampler, policy, TRIALS, seed=slot.number)
        order = CreateSweep(sweep._spec("soak-self"), run_id=f"self-{slot.number}")
        return str(self.workspace.service.sweeps.create(order).id)

    def start(self, slot: Slot) -> None:
        """Start a client, unless the sweep has ended."""
        slot.started += 1
        name = f"client-{slot.number}-{slot.started}"
        ledger = str(self.ledgers / name)
        if slot.kind == "self":
            if self.workspace.service.sweeps.get(slot.sweep).status in TERMINAL:
                return
            words = [WORKER, slot.sweep, ledger, name]
        else:
            ledger = str(self.ledgers / f"slot-{slot.number}")
            if slot.sweep and self.workspace.service.sweeps.get(slot.sweep).status in TERMINAL:
                return
            kinds = (slot.kind, slot.sampler, slot.policy, str(TRIALS))
            words = [CLIENT, self.source, str(self.ledgers), ledger, *kinds]
        with (self.ledgers / f"{name}.out").open("wb") as output:
            slot.clients[name] = subprocess.Popen(
                [sys.executable, "-c", *words], cwd=self.yard.folder, stdout=output, stderr=output
            )

    def look(self) -> int:
        """Note verdicts that have been written down; give how many trials have ended."""
        ended = 0
        for record in self.workspace.service.sweeps.list():
            for slot in self.slots:
                with suppress(OSError):
                    slot.sweep = slot.sweep or (self.ledgers / f"slot-{slot.number}").read_text()
            for state, count in record.counts.items():
                ended += count if state != "running" else 0
            for trial in self.trials(record.id, "stopped"):
                known = self.verdicts.setdefault((record.id, trial.number), trial.reason)
                assert known == trial.reason, f"seed {SEED}: {record.id} {trial}"
        return ended

    def trials(self, sweep: str, state: str | None = None) -> list[TrialRecord]:
        from runyard.protocol.sweeps import TrialQuery

        return list(self.workspace.service.sweeps.trials(sweep, TrialQuery(state)))

    def wait_for_work(self) -> None:
        """Spread the kills over all trials, however slow the machine is."""
        wanted = len(self.slots) * TRIALS * 0.9 * sum(self.killed.values()) / KILLS
        end = time.monotonic() + END_SECONDS
        while True:
            self.keep_clients()
            if self.look() >= wanted:
                return
            assert time.monotonic() < end, f"seed {SEED}: no trial ends any more"
            time.sleep(0.2)

    def strike(self) -> bool:
        """Kill something; say whether there was something to kill."""
        kinds = {
            "service": self.yard.services,
            "service as it writes": self.yard.services,
            "agent": lambda: self.yard.agents("agent"),
            "fork server": self.yard.fork_servers,
            "script": self.yard.scripts,
            "client": lambda: {n: c.pid for s in self.slots for n, c in s.clients.items()},
        }
        kind = self.dice.choices(list(kinds), [3, 4, 4, 1, 3, 3])[0]
        victims = sorted(kinds[kind]().items())
        if not victims:
            return False
        name, pid = self.dice.choice(victims)
        if kind == "service as it writes":
            self.wait_for_write()
        if not self.yard.kill(pid):
            return False
        self.killed[kind] += 1
        if kind == "fork server":
            # Agents that wait at its gate go with it.
            self.touched |= {path.name for path in (self.yard.home / "runs").glob("*")}
        if kind in ("agent", "script"):
            self.touched.add(name)
        if kind == "client":
            next(slot for slot in self.slots if name in slot.clients).killed.add(name)
        return True

    def wait_for_write(self) -> None:
        """Wait until the service begins to write, and a random moment of it."""
        logs = list(self.yard.home.rglob("*-wal"))
        before, end = _states(logs), time.monotonic() + 2
        while time.monotonic() < end and _states(logs) == before:
            time.sleep(0.0002)
        time.sleep(self.dice.uniform(0, 0.003))

    def told(self, slot: Slot) -> Iterator[tuple[str, str, int]]:
        """What the workers of a sweep have noted: client, word, trial."""
        for count in range(1, slot.started + 1):
            name = f"client-{slot.number}-{count}"
            with suppress(FileNotFoundError):
                for line in (self.ledgers / name).read_text().splitlines():
                    words = line.split(" ")
                    if words[0] in ("given", "told", "verdict"):
                        yield name, words[0], int(words[1])


def _states(files: list[Path]) -> list[tuple[int, int]]:
    found = []
    for each in files:
        with suppress(OSError):
            state = each.stat()
            found.append((state.st_size, state.st_mtime_ns))
    return found


def _worth(params: dict[str, Any], step: int) -> float:
    lr, units = (params.get(name, params.get("--" + name)) for name in ("lr", "units"))
    assert lr is not None
    assert units is not None
    return float(lr * units * (1 + step))


def _check(soak: Soak, record: SweepRecord) -> Counter[str]:
    """Compare a sweep with what its scripts and clients were told; give its trials by state."""
    trials = soak.trials(record.id)
    what = f"seed {SEED}, sweep {record.id} ({record.status}, {record.reason})"
    assert record.status == "Completed", what
    assert [each.number for each in trials] == list(range(TRIALS)), f"{what}: lost or doubled"
    counted = Counter(each.state for each in trials)
    assert counted == record.counts, f"{what}: {counted} and {record.counts}"
    assert not counted["running"], f"{what}: {counted}"
    assert not counted["canceled"], f"{what}: {counted}"
    for trial in trials:
        assert trial.ended_at, f"{what}: {trial}"
        assert bool(trial.reason) == (trial.state != "completed"), (what, trial)
        verdict = soak.verdicts.get((record.id, trial.number))
        assert verdict is None or (trial.state, trial.reason) == ("stopped", verdict), (what, trial)
    best = max(each.best for each in trials if each.best is not None)
    assert record.best is not None
    assert record.best.best == best, f"{what}: {record.best}"
    return counted


def _check_runs(soak: Soak, record: SweepRecord) -> None:
    """Each trial is one child, begun once, that has what its script logged and ended as said."""
    from azureml.core import Run

    run, trials = Run.get(soak.workspace, record.id), soak.trials(record.id)
    what = f"seed {SEED}, sweep {record.id}"
    children = {each.id: each for each in run.get_children()}
    assert set(children) == {each.run for each in trials}, f"{what}: children"
    run.download_file(SWEEP_LOG, "sweep.txt")
    log = Path("sweep.txt").read_text().splitlines()
    for trial in trials:
        child = children[str(trial.run)]
        status, this = child.get_status(), f"{what}: {trial}"
        ended = {"Completed": ("completed",), "Failed": ("failed",), "Canceled": ("stopped",)}
        assert trial.state in ended[status], f"{this}: {status}"
        if status == "Failed":
            assert trial.run in soak.touched, f"{this}: {child.get_details().get('error')}"
        said: Counter[str] = Counter()
        with suppress(FileNotFoundError):
            for line in (soak.ledgers / str(trial.run)).read_text().splitlines():
                said[line.partition(" ")[0]] += 1
        assert said["begin"] <= 1, f"{this}: begun {said['begin']} times"
        assert said["end"] or status != "Completed", this
        found = child.get_metrics().get("acc", [])
        found = found if isinstance(found, list) else [found]
        assert found == [_worth(trial.params, step) for step in range(len(found))], this
        assert said["metric"] <= len(found) <= said["metric"] + 1, f"{this}: {found} of {said}"
        assert trial.best == (max(found) if found else None), f"{this}: {found}"
        for text in (f"Scheduling job, id='{trial.run}'", f"Job '{trial.run}' has ended as"):
            assert sum(text in line for line in log) == 1, f"{this}: {text}"
        times = sum(f"Job '{trial.run}' is stopped by the policy" in line for line in log)
        # A run may be done before its cancel reaches it: then it has not been stopped.
        assert (trial.state == "stopped") <= times <= 1, f"{this}: stopped {times} times"


def _check_told(soak: Soak, slot: Slot, record: SweepRecord) -> None:
    """Each trial was made by one process at a time, has its value, and its verdict came once."""
    what = f"seed {SEED}, sweep {record.id}"
    noted: dict[str, list[tuple[int, str]]] = {"given": [], "told": [], "verdict": []}
    for client, word, number in soak.told(slot):
        noted[word].append((number, client))
    trials = {each.number: each for each in soak.trials(record.id)}
    for number, trial in trials.items():
        this = f"{what}: {trial}"
        makers = [client for n, client in noted["given"] if n == number]
        assert len(set(makers)) == len(makers), f"{this}: given twice to one of {makers}"
        living = [client for client in makers if client not in slot.killed]
        assert len(living) <= 1, f"{this}: {makers}"
        verdicts = sum(n == number for n, _ in noted["verdict"])
        assert verdicts <= (trial.state == "stopped"), f"{this}: {verdicts} verdicts"
        last = _worth(trial.params, (trial.position or STEPS) - 1)
        assert trial.best == last, f"{this}: {last}"
        assert trial.state in ("completed", "stopped"), this
        if trial.state == "completed":
            assert trial.values == [_worth(trial.params, STEPS - 1)], this
    assert {number for number, _ in noted["told"]} <= set(trials), what


@pytest.mark.slow(30)
@pytest.mark.timeout(240 + 20 * KILLS)
def test_no_trial_is_lost_or_doubled_whatever_is_killed(yard: Any) -> None:
    """Every trial ends once and as it was told; verdicts stand; the sweeps end as they should."""
    from azureml.core import Workspace

    ledgers = yard.folder / "ledgers"
    ledgers.mkdir()
    slots = [Slot(*each, number) for number, each in enumerate(CHOSEN)]
    source = yard.script(SCRIPT)
    soak = Soak(yard, Workspace.from_config(), random.Random(SEED), ledgers, source, slots)
    sys.stdout.write(f"soak: seed {SEED}, {KILLS} kills, {len(slots)} sweeps of {TRIALS}\n")
    while sum(soak.killed.values()) < KILLS:
        soak.wait_for_work()
        time.sleep(soak.dice.uniform(0.0, 0.8))
        if soak.strike() and sum(soak.killed.values()) % PROGRESS == 0:
            sys.stdout.write(f"soak: {sum(soak.killed.values())} kills, {soak.look()} ended\n")
            sys.stdout.flush()
    sweeps = _ended(soak)
    by_id = {slot.sweep: slot for slot in slots}
    assert set(by_id) <= {each.id for each in sweeps}, f"seed {SEED}: a sweep is lost"
    told: Counter[str] = Counter()
    for record in sweeps:
        told += _check(soak, record)
        if record.spec.base is not None:
            _check_runs(soak, record)
        else:
            _check_told(soak, by_id[record.id], record)
    yard.kill_service()
    Workspace.from_config().get_details()
    yard.until(lambda: not yard.left_over(), f"seed {SEED}: {yard.left_over()}", 60)
    children = [f"{each.id}_{n}" for each in sweeps for n in range(TRIALS)]
    assert _of_runs(children) == [], f"seed {SEED}: processes are left"
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(soak.killed.items()))
    sys.stdout.write(
        f"soak: seed {SEED}: killed {counted}; {len(sweeps)} sweeps, {sum(told.values())} trials: "
        f"{', '.join(f'{count} {state}' for state, count in sorted(told.items()))}; "
        "0 lost, 0 doubled, 0 verdicts changed, 0 orphans, 0 left folders or files\n"
    )


def _ended(soak: Soak) -> list[SweepRecord]:
    """Wait until all sweeps have ended, and their clients with them."""
    deadline = time.monotonic() + END_SECONDS
    while True:
        soak.keep_clients()
        soak.look()
        found = list(soak.workspace.service.sweeps.list())
        going = [each for each in found if each.status not in TERMINAL]
        if not going and all(slot.sweep for slot in soak.slots):
            break
        left = [(each.id, each.counts, each.reason) for each in going]
        assert time.monotonic() < deadline, f"seed {SEED}: {left} do not end"
        time.sleep(0.2)
    for slot in soak.slots:
        for name, client in slot.clients.items():
            assert client.wait(60) == 0, (soak.ledgers / f"{name}.out").read_text()[-2000:]
    return found


def _of_runs(run_ids: list[str]) -> list[int]:
    """The living processes that carry the id of one of these runs in their environment."""
    marks = {f"RUNYARD_RUN_ID={each}".encode() for each in run_ids}
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and marks & set((entry / "environ").read_bytes().split(b"\0")):
                found.append(int(entry.name))
    return found
