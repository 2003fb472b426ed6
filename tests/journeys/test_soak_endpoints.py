"""Whatever is killed at whatever moment, endpoints answer, each request for itself.

Eight endpoints are under load; at random moments a part is killed: the service, the gateway, a
worker, its supervisor, its agent, the fork server. The service's end costs no request; a worker's
at most those that it had, a gateway's those on its connections. Each request has an id of its own,
so an answer for another one is told, and each failure is held against the kills that it may be of.

SOAK_KILLS says how many are killed (5 by default; `make soak` takes 500), SOAK_SEED repeats the
choices of a run that failed.
"""

import bisect
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.journeys.serving_load import BROKEN, OK, REFUSED, WRONG, Call, Load, script

if TYPE_CHECKING:
    from collections.abc import Callable

KILLS = int(os.environ.get("SOAK_KILLS", "5"))
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(1 << 30))))
LONG = KILLS > 50
# Seconds between two kills at most, and between an answer and the next request of a connection.
PAUSE, BREATH = (4.0, 0.05) if LONG else (0.6, 0.03)
END_SECONDS = 200.0 if LONG else 60.0
PROGRESS = 25
# How much later than its cause a failure may be: that an agent is gone is noticed by a service.
LATE = 30.0
# A worker that died often is started again after up to a minute, and ten seconds are waited for it.
RESTART_SECONDS = 85.0
# Endpoints beside their plainest form, by how many calls one replica may lose at once.
SHAPES: list[dict[str, Any]] = [
    {},
    {},
    {},
    {},
    {},
    {"pause": 0.2},
    {"concurrency": 4, "pause": 0.01},
    {"replicas": 2, "pause": 0.01},
]
MORTAL = ("worker", "supervisor", "agent")


@dataclass(frozen=True)
class Kill:
    """What was killed and when; `endpoint` is "" where that is of none."""

    at: float
    kind: str
    endpoint: str = ""


@dataclass
class Soak:
    """The state of one soak."""

    yard: Any
    workspace: Any
    dice: random.Random
    endpoints: list[Any]
    kills: list[Kill] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def look(self) -> bool:
        """Ask for all endpoints, which starts a service; say whether all are well."""
        well = True
        for record in self.workspace.service.endpoints.list():
            before = self.counts.get(record.name, 0)
            assert record.requests >= before, f"seed {SEED}: {record.name} counts back: {record}"
            self.counts[record.name] = record.requests
            (main,) = record.deployments
            states = [each.state for each in main.replicas]
            well &= states == ["ready"] * main.spec.scaling.min_replicas
            well &= record.state == "Healthy"
        return well

    def strike(self) -> bool:
        """Kill something; say whether there was something to kill."""
        kinds: dict[str, Callable[[], dict[str, int]]] = {
            "service": self.yard.services,
            "gateway": self.yard.gateways,
            "worker": self.yard.workers,
            "supervisor": self.yard.scripts,
            "agent": lambda: self.yard.agents("agent"),
            "fork server": self.yard.fork_servers,
        }
        kind = self.dice.choices(list(kinds), [5, 3, 5, 2, 2, 1])[0]
        victims = sorted(kinds[kind]().items())
        if not victims:
            return False
        name, pid = self.dice.choice(victims)
        now = time.monotonic()
        if not self.yard.kill(pid):
            return False
        self.kills.append(Kill(now, kind, name.partition("_")[0] if kind in MORTAL else ""))
        return True


def _deploy(workspace: Any, yard: Any) -> list[Any]:
    from runyard.sdk.endpoints import Endpoint
    from runyard.sdk.environments import Environment

    environment = Environment("own")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    made = []
    for number, shape in enumerate(SHAPES):
        more = dict(shape)
        text = script(f"mark-{number}", more.pop("pause", 0.0))
        path = Path(yard.script(text, "score.py", f"source-{number}")) / "score.py"
        made.append(
            Endpoint.deploy(
                workspace, f"soak-{number}", script=str(path), environment=environment, **more
            )
        )
    for each in made:
        each.wait(timeout=END_SECONDS)
    return made


def _facts(endpoints: list[Any]) -> list[Any]:
    """What no kill may change."""
    found = []
    for each in endpoints:
        record = each.workspace.service.endpoints.get(each.name)
        shares = [(one.name, one.percent, one.revision) for one in record.deployments]
        found.append((each.name, record.address, each.keys(), record.access, shares))
    return found


class Answers:
    """When requests to each endpoint were answered."""

    def __init__(self, calls: list[Call]) -> None:
        self._of: dict[str, list[tuple[float, float]]] = {}
        for each in calls:
            if each.outcome == OK:
                self._of.setdefault(each.endpoint, []).append((each.began, each.ended))
        for found in self._of.values():
            found.sort()

    def back(self, kill: Kill, endpoint: str) -> float:
        """When one that was asked after a kill was answered."""
        found = self._of.get(endpoint, [])
        place = bisect.bisect(found, (kill.at,))
        return min((ended for _, ended in found[place : place + 20]), default=float("inf"))


def _unexplained(calls: list[Call], kills: list[Kill]) -> list[Call]:
    """The failures that are of no kill that may cost what they are."""
    mortal = [each for each in kills if each.kind in MORTAL]
    gateways = [each for each in kills if each.kind == "gateway"]
    answers = Answers(calls)

    def explains(kill: Kill, call: Call) -> bool:
        if call.outcome in (BROKEN, REFUSED):
            # A connection that was at rest finds out with its next request.
            return kill.at <= call.ended and call.began <= answers.back(kill, call.endpoint) + 1.0
        late = LATE if call.outcome == "502" else RESTART_SECONDS
        return kill.endpoint == call.endpoint and call.began - late <= kill.at <= call.ended

    causes = {BROKEN: gateways, REFUSED: gateways, "502": mortal, "503": mortal}
    return [
        call
        for call in calls
        if call.outcome != OK
        and not any(explains(kill, call) for kill in causes.get(call.outcome, []))
    ]


def _check(calls: list[Call], kills: list[Kill]) -> None:
    """Hold what became of the requests against what was killed."""
    what = f"seed {SEED}, {kills}"
    assert not [each for each in calls if each.outcome == WRONG], what
    left = _unexplained(calls, kills)
    assert left == [], f"{what}: {len(left)} failures of no kill, such as {left[:10]}"
    for number, shape in enumerate(SHAPES):
        name = f"soak-{number}"
        lost = sum(each.endpoint == name and each.outcome == "502" for each in calls)
        held = shape.get("concurrency", 1)
        most = held * sum(each.endpoint == name for each in kills)
        assert lost <= most, f"{what}: {name} lost {lost} requests, {most} were being answered"


def _told(calls: list[Call], kills: list[Kill]) -> str:
    killed = Counter(each.kind for each in kills)
    outcomes = Counter(each.outcome for each in calls)
    answers = Answers(calls)
    away = [
        min(answers.back(kill, f"soak-{n}") for n in range(5)) - kill.at
        for kill in kills
        if kill.kind == "gateway"
    ]
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(killed.items()))
    became = ", ".join(f"{count} {what}" for what, count in outcomes.most_common())
    gone = f"gateway back after {sorted(away)[len(away) // 2]:.2f} s, " if away else ""
    longest = f"{max(away):.2f} s at the longest; " if away else ""
    return f"killed {counted}; requests: {became}; {gone}{longest}"


@pytest.fixture(autouse=True)
def cleaned_up(yard: Any) -> Iterator[None]:
    """Gateway and replicas outlive the service, also that of a test which failed."""
    yield
    yard.kill_serving()


@pytest.mark.slow(30)
@pytest.mark.timeout(300 + 10 * KILLS)
def test_endpoints_answer_whatever_is_killed(yard: Any) -> None:
    """No answer goes astray, each failure is one that a kill may cost, nothing is left or lost."""
    from azureml.core import Workspace

    workspace = Workspace.from_config()
    endpoints = _deploy(workspace, yard)
    soak = Soak(yard, workspace, random.Random(SEED), endpoints)
    facts = _facts(endpoints)
    sys.stdout.write(f"soak: seed {SEED}, {KILLS} kills, {len(endpoints)} endpoints\n")
    load = Load(dict.fromkeys(endpoints, 3), BREATH, yard.folder / "ledger")
    try:
        load.until(100)
        while len(soak.kills) < KILLS:
            time.sleep(soak.dice.uniform(0.0, PAUSE))
            if soak.dice.random() < 0.7:
                soak.look()
            if soak.strike() and len(soak.kills) % PROGRESS == 0:
                sys.stdout.write(f"soak: {len(soak.kills)} kills\n")
                sys.stdout.flush()
        yard.until(
            lambda: _settled(soak),
            f"seed {SEED}: {soak.kills}: not all are well again",
            END_SECONDS,
        )
        calls = load.end()
    finally:
        load.kill()
    _check(calls, soak.kills)
    assert _facts(endpoints) == facts, f"seed {SEED}"
    _end(yard, endpoints, soak.kills)
    told = _told(calls, soak.kills)
    sys.stdout.write(f"soak: seed {SEED}: {told}0 astray, 0 of no kill, 0 orphans\n")


def _settled(soak: Soak) -> bool:
    """Whether all endpoints are well, and not just because nothing has noticed the last kill.

    Until a service has, the records say what was before it; and a worker dies after its supervisor.
    """
    for pause in (0.5, 0.0):
        if not soak.look() or _wrongly_many(soak.yard):
            return False
        time.sleep(pause)
    return True


def _wrongly_many(yard: Any) -> dict[str, list[int]]:
    """The processes of endpoints that have not an agent, a supervisor and a worker a replica.

    What an agent began goes on without it until a service notices that it is gone.
    """
    agents = yard.agents("agent")
    found = {}
    for number, shape in enumerate(SHAPES):
        name, replicas = f"soak-{number}", shape.get("replicas", 1)
        watching = [pid for run, pid in agents.items() if run.partition("_")[0] == name]
        pids = yard.model_processes(name)
        if (len(watching), len(pids)) != (replicas, 2 * replicas):
            found[name] = watching + pids
    return found


def _end(yard: Any, endpoints: list[Any], kills: list[Kill]) -> None:
    """Nothing runs that need not, with the endpoints and without."""
    assert _wrongly_many(yard) == {}, f"seed {SEED}, {kills}"
    for each in endpoints:
        each.delete()
    names = [each.name for each in endpoints]
    yard.until(
        lambda: not any(yard.model_processes(name) for name in names),
        f"seed {SEED}: {[yard.model_processes(name) for name in names]} are left",
    )
    yard.until(lambda: not yard.gateways(), f"seed {SEED}: the gateway does not end")
    yard.until(lambda: not yard.left_over(), f"seed {SEED}: {yard.left_over()}", 60)
