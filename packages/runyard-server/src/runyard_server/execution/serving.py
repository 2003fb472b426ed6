"""The next step of an endpoint: replicas begun, judged, retired and ended; revisions that come.

    coming     as many replicas as serve now are begun; all ready: it serves, the others retire;
               one without hope: it is given up, and the old ones stay
    serving    replicas that ended are replaced, more slowly each time; more or fewer by what the
               gateway measures
    retired    out of the gateway's table first; ended once they have answered what they had
    deleted    all runs end, then the rows go

Each step depends on how rows, runs and gateway are, so it may be taken twice, late, or by the
process after one that was killed. It is looked for in a read first: most steps change nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from runyard.protocol import endpoints as protocol
from runyard.protocol import events as kinds
from runyard.protocol.endpoints import DELETING, FAILED, HEALTHY, TRANSITIONING, UNHEALTHY
from runyard.protocol.runs import RUNNING
from runyard_server.core import events
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.events import EventDraft
from runyard_server.core.notices import subject_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import canceling, gateway_table, replicas, scaling
from runyard_server.execution.replica_states import Seen, deaths_of, fault, state_of
from runyard_server.serving import ports
from runyard_server.store import endpoints, runs
from runyard_server.store.endpoints import DeploymentRow, EndpointRow, ReplicaRow, RevisionRow
from runyard_server.store.subjects import Subject

PAUSES = (0.1, 1.0, 5.0, 15.0, 60.0)
"""Seconds before a replica that ended by itself is replaced, by how many did."""

# One that has been ready for so long has come to serve: what it dies of next is another matter.
_STEADY = 60 * SECOND
_MENDING = (protocol.RESTARTING, protocol.LOADING)
_SHORTLY = SECOND
# A few are what a change takes. More would be a fault in a rule, which must not keep a thread.
_MOST_STEPS = 20
_DRAIN_MORE = 10 * SECOND


def advance(system: System, subject: Subject) -> int | None:
    """Take the next steps of an endpoint, until there is nothing to do.

    Args:
        system: The service's parts.
        subject: The endpoint.

    Returns:
        When to look again though nobody wakes it, in microseconds since 1970; None: never.
    """
    for _ in range(_MOST_STEPS):
        # Before each look: what may end depends on the table that the gateway has, and on the calls
        # that replicas have since. One that left the table may have been given a last one before.
        version = gateway_table.publish(system)
        gateway_table.refresh(system)
        found = system.read(partial(_look, system, subject, version))
        if found is None or not found.acts:
            return _due(system, found, version)
        system.write(partial(_act, system, subject, version))
    return system.clock.now_us() + _SHORTLY


def _due(system: System, found: "Step | None", version: int) -> int | None:
    """When to look again: soon where a gateway that lives has not said that it has the table."""
    due = None if found is None else found.due
    gateway = system.gateway
    if gateway.status is None or gateway.in_force >= version:
        return due
    soon = system.clock.now_us() + _SHORTLY
    return soon if due is None else min(due, soon)


def _look(system: System, subject: Subject, version: int, work: Work) -> "Step | None":
    """The next step of an endpoint; None of one that is gone.

    Args:
        system: The service's parts.
        subject: The endpoint.
        version: The table that tells of the rows as they are.
        work: The unit of work.
    """
    row = endpoints.find(work.connection, subject.workspace, subject.id)
    if row is None:
        return None
    step = Step(system, work, row, version)
    step.decide()
    return step


def replicas_seen(system: System, work: Work, rows: list[ReplicaRow]) -> list[Seen]:
    """Replicas with their runs, and with what the gateway sees of them.

    Args:
        system: The service's parts.
        work: The unit of work.
        rows: The replicas.
    """
    found = {run.key: run for run in runs.find_many(work.connection, [r.run_key for r in rows])}
    return [
        Seen(row, found[row.run_key], system.gateway.replica(found[row.run_key].id))
        for row in rows
        if row.run_key in found
    ]


def _act(system: System, subject: Subject, version: int, work: Work) -> None:
    # Looked at again: a request may have changed it since.
    step = _look(system, subject, version, work)
    if step is None:
        return
    for act in step.acts:
        act(work)
    work.announce(subject_topic(subject))


def _retire(key: int, work: Work) -> None:
    given = {"retired_at": work.now, "state": protocol.DRAINING, "reason": ""}
    endpoints.change_replica(work.connection, key, **given)


@dataclass
class _Deployment:
    """A deployment in a step: its row with what the step has changed, revisions and replicas."""

    row: DeploymentRow
    revisions: dict[int, RevisionRow]
    replicas: list[Seen]

    def live(self, revision: int | None) -> list[Seen]:
        """The replicas of a revision that go on."""
        return [
            each
            for each in self.replicas
            if each.row.revision == revision and not each.is_retired and each.run.active
        ]


class Step:
    """One step of one endpoint: what is to be written.

    Args:
        system: The service's parts.
        work: The unit of work in which it is decided.
        row: The endpoint.
        version: The table that tells of the rows as they are.

    Attributes:
        acts: What is to be written, in order.
        due: When to look again, in microseconds since 1970; None: never.
    """

    def __init__(self, system: System, work: Work, row: EndpointRow, version: int) -> None:
        self.acts: list[Callable[[Work], object]] = []
        self.due: int | None = None
        self._system = system
        self._work = work
        self._row = row
        self._version = version
        self._drafts: list[EventDraft] = []
        self._found = self._read()

    def decide(self) -> None:
        """Find out what is to be done."""
        if self._row.state == DELETING:
            self._delete()
            return
        for each in self._found:
            self._deployment(each)
        self._endpoint()
        if self._drafts:
            drafts, subject = list(self._drafts), self._row.subject
            self.acts.append(lambda work: events.append(work, subject, drafts))

    def _read(self) -> list[_Deployment]:
        connection = self._work.connection
        rows = endpoints.deployments_of(connection, [self._row.key])
        every = endpoints.replicas_of(connection, [row.key for row in rows])
        seen = replicas_seen(self._system, self._work, every)
        found = []
        for row in rows:
            numbers = [n for n in (row.revision, row.coming) if n]
            known = endpoints.revisions_of(connection, row.key, numbers)
            mine = [each for each in seen if each.row.deployment_key == row.key]
            found.append(_Deployment(row, {each.number: each for each in known}, mine))
        return found

    # What a step does with one deployment.

    def _deployment(self, each: _Deployment) -> None:
        for seen in each.replicas:
            self._replica(each, seen)
        if each.row.leaving:
            self._leave(each)
            return
        # Another revision was asked for before these were ready.
        kept = (each.row.revision, each.row.coming)
        strays = [s for s in each.replicas if s.row.revision not in kept and not s.is_retired]
        self._retire(seen for seen in strays if seen.run.active)
        short = False
        if each.row.coming is not None:
            short = self._come(each)
        if each.row.revision:
            self._serve(each, short=short)

    def _replica(self, each: _Deployment, seen: Seen) -> None:
        if not seen.run.active:
            self._ended(each, seen)
            return
        if seen.is_retired:
            self._drain(each, seen)
        state, reason = state_of(seen)
        if self._system.gateway.status is None and seen.run.status == RUNNING:
            # Nobody can tell of it just now: it is what it was.
            return
        restarts = max(seen.row.restarts, deaths_of(seen))
        if (state, reason, restarts) == (seen.row.state, seen.row.reason, seen.row.restarts):
            return
        changes: dict[str, Any] = {"state": state, "reason": reason, "restarts": restarts}
        if state != seen.row.state:
            changes["since"] = self._work.now
        self._tell_of(each, seen, state, restarts)
        key = seen.row.run_key
        self.acts.append(lambda work: endpoints.change_replica(work.connection, key, **changes))

    def _tell_of(self, each: _Deployment, seen: Seen, state: str, restarts: int) -> None:
        data = {"run": seen.run.id, "deployment": each.row.name}
        news = None if seen.status is None else seen.status.news
        if restarts > seen.row.restarts:
            why = "its worker died" if news is None else news.reason or "its worker died"
            self._tell(kinds.DIED, f"a worker of {each.row.name} died: {why}", data)
        if state == protocol.READY and restarts and seen.row.state in _MENDING:
            self._tell(kinds.RESTARTED, f"a worker of {each.row.name} is ready again", data)

    def _ended(self, each: _Deployment, seen: Seen) -> None:
        """Drop a replica whose run has ended; a serving one that was not asked to is replaced."""
        key = seen.row.run_key
        self.acts.append(lambda work: endpoints.remove_replica(work.connection, key))
        if seen.is_retired or seen.row.revision != each.row.revision:
            return
        pause = PAUSES[min(each.row.deaths, len(PAUSES) - 1)]
        data = {"run": seen.run.id, "deployment": each.row.name}
        self._tell(kinds.DIED, f"a replica of {each.row.name} ended: {fault(seen)}", data)
        again = self._work.now + int(pause * SECOND)
        self._change(each, deaths=each.row.deaths + 1, again_at=again)

    def _drain(self, each: _Deployment, seen: Seen) -> None:
        """End a retired replica once the gateway gives it nothing more and it has answered."""
        if seen.run.cancel_requested:
            return
        now = self._work.now
        revision = each.revisions.get(each.row.revision)
        limit = SECOND * 60 if revision is None else revision.spec.limits.timeout_ms * 1000
        until = (seen.row.retired_at or 0) + limit + _DRAIN_MORE
        if (self._is_in_force() and not seen.busy) or until <= now:
            self._cancel(seen, "it was replaced")
        else:
            self._look_at(until)

    def _leave(self, each: _Deployment) -> None:
        """Retire all of a deployment that is to go; it goes with the last of them."""
        self._retire(seen for seen in each.replicas if not seen.is_retired and seen.run.active)
        if not each.replicas:
            key = each.row.key
            self.acts.append(lambda work: endpoints.remove_deployment(work.connection, key))
            self._tell(kinds.DELETED, f"deployment {each.row.name} is gone")

    # The revision that is made ready.

    def _come(self, each: _Deployment) -> bool:
        """Bring a revision on; say whether it waits for room that the serving one has."""
        revision = each.revisions[each.row.coming or 0]
        mine = [seen for seen in each.replicas if seen.row.revision == revision.number]
        mine = [seen for seen in mine if not seen.is_retired]
        faults = [why for seen in mine if (why := fault(seen))]
        if faults:
            self._fail(each, mine, faults[0])
            return False
        count = self._coming_count(each, revision)
        missing = count - len(mine)
        if missing <= 0 and all(seen.is_ready for seen in mine):
            self._switch(each, revision, count)
            return False
        room = missing <= 0 or self._room(revision)
        if missing > 0 and room:
            self._begin(each, revision, missing)
        placed = [seen for seen in mine if not seen.waits_for_room]
        short = not room or len(placed) < len(mine)
        return short and not self._exchange(each, revision, placed, count)

    def _exchange(
        self, each: _Deployment, revision: RevisionRow, placed: list[Seen], count: int
    ) -> bool:
        """Without room for both, take one by one; say whether the revision serves from now on.

        Args:
            each: The deployment.
            revision: What comes.
            placed: Its replicas that have room.
            count: How many there are to be.
        """
        old = each.live(each.row.revision)
        # One that has ended has its devices until its row is gone.
        leaving = [seen for seen in each.replicas if seen.is_retired]
        if not each.row.revision or leaving or not all(seen.is_ready for seen in placed):
            return False
        if placed and len(placed) >= len(old):
            # The last of the old leaves only when others answer; the rest follows in its place.
            self._switch(each, revision, count)
            return True
        self._retire(old[:1])
        return False

    def _coming_count(self, each: _Deployment, revision: RevisionRow) -> int:
        wanted = max(1, revision.spec.scaling.min_replicas)
        if not each.row.revision:
            return wanted
        most = max(wanted, revision.spec.scaling.max_replicas)
        return min(max(wanted, each.row.wanted), most)

    def _switch(self, each: _Deployment, revision: RevisionRow, count: int) -> None:
        """Have a revision serve, in one step; the replicas of the one before retire."""
        first = not each.row.revision
        old = each.live(each.row.revision) if not first else []
        self._change(
            each,
            revision=revision.number,
            coming=None,
            wanted=count,
            error="",
            deaths=0,
            again_at=None,
            low_since=None,
            updated_at=self._work.now,
        )
        self._retire(old)

    def _fail(self, each: _Deployment, mine: list[Seen], error: str) -> None:
        """End the replicas of a revision without hope; what serves goes on."""
        for seen in mine:
            if seen.run.active:
                self._retire([seen])
                self._cancel(seen, "its revision was given up")
        self._change(each, coming=None, error=error, updated_at=self._work.now)
        data = {"deployment": each.row.name}
        self._tell(kinds.ERROR, f"{each.row.name} cannot be made ready: {error}", data)

    # The revision that serves.

    def _serve(self, each: _Deployment, *, short: bool) -> None:
        revision = each.revisions[each.row.revision]
        mine = each.live(each.row.revision)
        self._scale(each, revision, mine)
        missing = each.row.wanted - len(mine)
        if missing < 0:
            # First what does not answer yet, then who has least to do.
            order = sorted(mine, key=lambda seen: (seen.is_ready, seen.busy, -seen.row.run_key))
            self._retire(order[:-missing])
        elif missing > 0 and not short:
            again = each.row.again_at
            if again is not None and again > self._work.now:
                self._look_at(again)
            elif self._room(revision):
                self._begin(each, revision, missing)
        self._calm(each, mine)

    def _calm(self, each: _Deployment, mine: list[Seen]) -> None:
        """Forget former deaths once a replica has been ready for a while."""
        ready = [seen.row.since for seen in mine if seen.row.state == protocol.READY]
        if not each.row.deaths or not ready:
            return
        until = min(ready) + _STEADY
        if until <= self._work.now:
            self._change(each, deaths=0, again_at=None)
        else:
            self._look_at(until)

    def _scale(self, each: _Deployment, revision: RevisionRow, mine: list[Seen]) -> None:
        status = self._system.gateway.deployment(self._row.workspace, self._row.name, each.row.name)
        ready = sum(seen.is_ready for seen in mine)
        present = scaling.Present(
            each.row.wanted,
            ready,
            each.row.low_since,
            each.row.updated_at,
            revision.spec.limits.concurrency,
        )
        found = scaling.decide(revision.spec.scaling, present, status, self._work.now)
        if found.due is not None:
            self._look_at(found.due)
        if found.wanted != each.row.wanted:
            told = f"{each.row.name}: {each.row.wanted} to {found.wanted} replicas"
            data = {"deployment": each.row.name, "replicas": str(found.wanted)}
            self._tell(kinds.SCALED, told, data)
        if (found.wanted, found.low_since) != (each.row.wanted, each.row.low_since):
            self._change(each, wanted=found.wanted, low_since=found.low_since)

    # The whole.

    def _endpoint(self) -> None:
        changes: dict[str, Any] = {}
        every = [each for each in self._found if not each.row.leaving]
        for each in every:
            state = self._state(each)
            if state != each.row.state:
                self._change(each, state=state)
        state = self._endpoint_state(every)
        if state != self._row.state:
            changes["state"] = state
            self._drafts.append(EventDraft(kinds.STATUS, status=state))
        changes |= self._operation(every)
        changes |= self._port()
        if changes:
            changes["updated_at"] = self._work.now
            key = self._row.key
            self.acts.append(lambda work: endpoints.change(work.connection, key, **changes))

    def _operation(self, every: list[_Deployment]) -> dict[str, Any]:
        """End what was asked for, once it is so at the gateway, too."""
        asked = self._row.operation
        about = [each for each in every if each.row.name in asked.deployments] or every
        errors = [each.row.error for each in about if each.row.error]
        coming = any(each.row.coming is not None for each in every)
        # Who waits for it may count on the answers of the new revision from then on.
        if asked.state != protocol.WORKING or coming or not (errors or self._is_in_force()):
            return {}
        error = "\n".join(errors)
        state = protocol.OPERATION_FAILED if errors else protocol.SUCCEEDED
        ended = replace(asked, state=state, error=error, ended_at=iso(self._work.now))
        if not errors:
            serving = ", ".join(f"revision {e.row.revision} of {e.row.name}" for e in about)
            kind = kinds.READY if asked.kind == "create" else kinds.UPDATED
            self._tell(kind, f"{serving} serves", {"operation": asked.id})
        return {"error": error, "operation": ended}

    def _port(self) -> dict[str, Any]:
        """Another port where somebody has taken the one that was free."""
        seen = self._system.gateway.endpoint(self._row.workspace, self._row.name)
        taken = seen is not None and seen.error and not seen.listening
        if not taken or self._row.access.port is not None or not self._is_in_force():
            return {}
        return {
            "port": ports.free_port(
                self._system.settings.serving_host, endpoints.ports(self._work.connection)
            )
        }

    def _is_in_force(self) -> bool:
        """Whether the gateway has the rows as they are, but for what this step changes."""
        # What this step is about to change the gateway cannot have yet.
        return not self.acts and self._system.gateway.in_force >= self._version

    def _state(self, each: _Deployment) -> str:
        row = each.row
        if not row.revision:
            return TRANSITIONING if row.coming is not None else FAILED
        mine = each.live(row.revision)
        if any(seen.is_ready for seen in mine) or row.wanted == 0:
            return HEALTHY
        ill = any(seen.has_given_up for seen in mine) or row.deaths >= len(PAUSES)
        # Between two replicas, and after a restart of the gateway, it is what it was.
        return UNHEALTHY if ill else row.state if row.state != TRANSITIONING else HEALTHY

    def _endpoint_state(self, every: list[_Deployment]) -> str:
        states = {each.row.name: each.row.state for each in every}
        found = states.get(self._row.default_deployment)
        if found is None:
            return self._row.state
        if found == HEALTHY and any(
            each.row.state == UNHEALTHY and each.row.percent for each in every
        ):
            return UNHEALTHY
        return found

    def _delete(self) -> None:
        left = [seen for each in self._found for seen in each.replicas]
        for seen in left:
            if seen.run.active and not seen.run.cancel_requested:
                self._cancel(seen, "the endpoint was deleted")
        # Rows go last: they are what a service after one that was killed finds the runs by.
        if any(seen.run.active for seen in left):
            return
        row, keys = self._row, [each.row.key for each in self._found]

        def remove(work: Work) -> None:
            for key in keys:
                endpoints.remove_deployment(work.connection, key)
            endpoints.remove(work.connection, row.key)
            events.append(work, row.subject, [EventDraft(kinds.DELETED)])

        self.acts.append(remove)

    # Small steps.

    def _room(self, revision: RevisionRow) -> bool:
        """Whether the devices are there that a replica needs."""
        if replicas.devices_for(self._system, self._work, revision.spec).indexes is not None:
            return True
        self._look_at(self._work.now + _SHORTLY)
        return False

    def _begin(self, each: _Deployment, revision: RevisionRow, count: int) -> None:
        system, row, deployment = self._system, self._row, each.row
        for _ in range(count):
            self.acts.append(lambda work: replicas.begin(system, work, row, deployment, revision))

    def _retire(self, which: Iterable[Seen]) -> None:
        for seen in which:
            key = seen.row.run_key
            self.acts.append(partial(_retire, key))

    def _cancel(self, seen: Seen, reason: str) -> None:
        key = seen.run.key

        def act(work: Work) -> None:
            for run in runs.find_many(work.connection, [key]):
                canceling.cancel(work, run, reason)

        self.acts.append(act)

    def _change(self, each: _Deployment, **values: Any) -> None:
        key = each.row.key
        each.row = replace(each.row, **values)
        self.acts.append(lambda work: endpoints.change_deployment(work.connection, key, **values))

    def _tell(self, kind: str, message: str, data: dict[str, str] | None = None) -> None:
        self._drafts.append(EventDraft(kind, message, data=data or {}))

    def _look_at(self, moment: int) -> None:
        self.due = moment if self.due is None else min(self.due, moment)
