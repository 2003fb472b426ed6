"""The audit log: every change once, in its own transaction, and refusals within bounds."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from runyard.protocol.audit import AuditEntry, AuditQuery
from runyard.protocol.errors import InvalidRequest, RunNotFound
from runyard.protocol.experiments import CreateExperiment
from runyard.protocol.runs import ChangeRun, StartRun
from runyard.protocol.views import CreateView
from runyard_server.core.actors import Actor, Change
from runyard_server.core.refusals import MOST_KINDS, Refusals
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.operations import audit, experiments, runs, views
from runyard_server.store import audit as store
from runyard_server.store import pages
from runyard_server.store.audit import AuditRow
from runyard_server.store.home import system_user
from runyard_server.testing.clocks import TickingClock

W = "default"
DAY = 24 * 3600 * 1_000_000


def asking(system: System, route: str, caller: Caller | None = None, about: str = "") -> System:
    """The parts as a request of a row has them."""
    change = Change(route, W, about, "10.0.0.7")
    return system.acting(Actor(caller or Caller(), change))


def told(system: System, query: AuditQuery | None = None) -> list[AuditEntry]:
    """The entries, the newest first."""
    return audit.list_(system, query or AuditQuery()).items


def test_a_change_is_told_with_who_made_it(system: System) -> None:
    """Who, when, from where, what and about what: an entry answers each."""
    made = runs.start(asking(system, "runs.start"), W, body=StartRun("e"))
    entry = told(system)[0]
    assert (entry.user, entry.via, entry.address) == (system_user(), "owner's token", "10.0.0.7")
    assert (entry.route, entry.workspace, entry.object) == ("runs.start", W, made.id)
    assert (entry.outcome, made.submitted_by) == ("done", system_user())


def test_a_change_that_fails_is_not_told(system: System) -> None:
    """The log says what happened, and never what was tried in vain."""
    with pytest.raises(RunNotFound):
        runs.change(asking(system, "runs.change"), W, "none", body=ChangeRun(name="x"))
    # It was there already, so nothing was written.
    experiments.create(system, W, CreateExperiment("e"))
    experiments.create(asking(system, "experiments.create"), W, CreateExperiment("e"))
    assert told(system) == []


def test_a_request_of_several_writes_is_told_once(system: System, run: str) -> None:
    """An entry is a request, however many transactions it takes."""
    acting = asking(system, "runs.change", about=run)
    for name in ("a", "b"):
        runs.change(acting, W, run, body=ChangeRun(name=name))
    assert [(one.route, one.object) for one in told(system)] == [("runs.change", run)]


def test_the_service_s_own_work_is_nobody_s(system: System, run: str) -> None:
    """What reconcilers write is in events; the audit log is of people."""
    runs.cancel(system, W, run)
    assert told(system) == []


def test_a_job_acts_for_who_submitted_it(system: System) -> None:
    """What a job makes is its submitter's, and the log says by which run."""
    anna = asking(system, "runs.start", Caller(person="anna", token="t1"))
    parent = runs.start(anna, W, body=StartRun("e", submitted_by="mallory"))
    job = asking(system, "runs.start", Caller(run=parent.id, workspace=W))
    child = runs.start(job, W, body=StartRun("e", submitted_by="mallory"))
    assert (parent.submitted_by, child.submitted_by) == ("anna", "anna")
    entry = told(system)[0]
    assert (entry.user, entry.via) == ("anna", f"run {parent.id}")


def test_what_is_made_has_its_maker_by_the_token(system: System) -> None:
    """Whatever a body says of who asks, the token says it."""
    made = views.create(
        asking(system, "views.create", Caller(person="anna")), W, CreateView("v", owner="mallory")
    )
    assert made.owner == "anna"


@pytest.fixture
def history(system: System, clock: TickingClock) -> list[AuditRow]:
    """Entries of ten days, of two people, by turns."""
    rows = [
        AuditRow(
            clock.now + day * DAY,
            "anna" if day % 2 else "ben",
            "studio",
            "",
            "runs.change",
            W,
            f"r{day}",
            "done",
        )
        for day in range(10)
    ]
    audit._add(system, rows)
    return rows


def test_entries_are_found_and_paged(system: System, history: list[AuditRow]) -> None:
    """By person, object, time and outcome; pages go on where the one before ended."""
    objects = [row.object for row in history][::-1]
    first = audit.list_(system, AuditQuery(page_size=4))
    second = audit.list_(system, AuditQuery(page_size=40, page_token=first.next_page_token))
    assert [one.object for one in [*first.items, *second.items]] == objects
    assert second.next_page_token is None
    assert [one.object for one in told(system, AuditQuery(user="anna"))] == objects[::2]
    assert [one.number for one in told(system, AuditQuery(object="r3"))] == [4]
    assert told(system, AuditQuery(outcome="forbidden")) == []
    since, until = told(system)[4].time, told(system)[1].time
    between = told(system, AuditQuery(since=since, until=until))
    assert [one.object for one in between] == objects[2:5]
    assert audit.of_workspace(system, W, AuditQuery(user="ben")).items[0].object == "r8"
    with pytest.raises(InvalidRequest, match="since"):
        told(system, AuditQuery(since="yesterday"))
    with pytest.raises(InvalidRequest, match="page_token"):
        told(system, AuditQuery(page_token=pages.token(1 << 70)))


def test_what_is_rare_is_found_among_many(
    system: System, history: list[AuditRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page looks at the whole log: what matches seldom comes in short pages, all of it."""
    monkeypatch.setattr(store, "LOOKED_AT", 3)
    found, token, looks = [], None, 0
    while token is not None or not looks:
        page = audit.list_(system, AuditQuery(user="anna", page_token=token))
        found += [one.object for one in page.items]
        token, looks = page.next_page_token, looks + 1
    assert (found, looks) == (["r9", "r7", "r5", "r3", "r1"], 4)
    assert told(system, AuditQuery(object="r0"))[0].user == "ben"


def test_old_entries_go(
    system: System,
    clock: TickingClock,
    history: list[AuditRow],
    set_days: Callable[[float], System],
) -> None:
    """The log is kept as long as the settings say, and no longer."""
    clock.now += 10 * DAY
    audit.forget_old(set_days(0))
    assert len(told(system)) == len(history)
    audit.forget_old(set_days(4.5))
    assert [one.object for one in told(system)] == ["r9", "r8", "r7", "r6"]


@pytest.fixture
def set_days(system: System) -> Callable[[float], System]:
    """The parts with another retention."""
    return lambda days: replace(system, settings=Settings(audit_days=days))


def test_refusals_are_counted_not_piled_up(system: System, clock: TickingClock) -> None:
    """Whoever tries a million tokens fills no disk: alike ones are one entry, once a minute."""
    refusals = system.refusals
    for _ in range(1000):
        refusals.add(refusal("runs.get"))
    for kind in range(2 * MOST_KINDS):
        refusals.add(refusal("runs.get", f"10.0.0.{kind}"))
    found = told(system, AuditQuery(outcome="forbidden", page_size=1000))
    assert len(found) == MOST_KINDS + 1
    assert sum(one.count for one in found) == 1000 + 2 * MOST_KINDS
    refusals.add(refusal("runs.get"))
    audit.write_refusals(system)
    assert refusals.is_due(clock.now + DAY)


def test_strangers_hide_nothing_that_somebody_known_has_tried(system: System) -> None:
    """Thousands of wrong tokens leave room for the one person who goes where they must not."""
    for kind in range(2 * MOST_KINDS):
        system.refusals.add(refusal("runs.get", f"10.0.0.{kind}"))
    for workspace in range(2 * MOST_KINDS):
        one = replace(refusal("models.get"), person="mallory", via="token t")
        system.refusals.add(replace(one, workspace=f"w{workspace}"))
    system.refusals.add(replace(refusal("users.add"), person="ben", via="token u"))
    system.refusals.add(replace(refusal("users.add"), via="run r"))
    found = told(system, AuditQuery(outcome="forbidden", page_size=1000))
    assert {(one.user, one.via) for one in found if one.route == "users.add"} == {
        ("ben", "token u"),
        ("", "run r"),
    }
    more = {one.user: one.count for one in found if one.detail == "more kinds than told"}
    assert more == {"": MOST_KINDS, "mallory": MOST_KINDS}


def test_a_refusal_is_short_whatever_was_asked_for(system: System) -> None:
    """Addresses of a megabyte, sent by nobody in particular, fill no disk either."""
    long = "x" * 100_000
    row = replace(refusal("runs.get"), workspace=long, object=long, detail=long)
    system.refusals.add(row)
    [entry] = told(system)
    assert len(entry.workspace + entry.object + entry.detail) < 1000


def refusal(route: str, address: str = "") -> AuditRow:
    """A request that was refused."""
    return AuditRow(0, "", "", address, route, W, "x", "forbidden", "because")


def test_a_refusal_that_comes_while_others_are_written_is_kept() -> None:
    """No refusal is lost between two times that they are written down."""
    refusals, written = Refusals(), list[AuditRow]()

    def write(rows: list[AuditRow]) -> None:
        written.extend(rows)
        if len(written) == 1:
            refusals.add(refusal("a"))

    refusals.add(refusal("a"))
    refusals.write(write, 1)
    refusals.write(write, 2)
    assert [row.count for row in written] == [1, 1]
