"""Sweeps as they are asked for: what is refused, what is told, and trials of other processes."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from runyard.protocol.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotFound,
    RunyardError,
    WrongState,
)
from runyard.protocol.runs import FailRun, RunQuery, RunSpec, StartRun
from runyard.protocol.sweeps import (
    CHOICE,
    MAXIMIZE,
    NUMBER,
    ChangeSweep,
    CreateSweep,
    Exchange,
    Exchanged,
    Objective,
    ParameterSpec,
    PolicySpec,
    Reported,
    SamplerSpec,
    SweepQuery,
    SweepSpec,
    TableQuery,
    Told,
    TrialQuery,
    TrialRecord,
)
from runyard_server.core import lookups
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import sweeping
from runyard_server.operations import archiving, runs, sweeps
from runyard_server.store import sweeps as rows_of_sweeps
from runyard_server.store.subjects import SWEEP, Subject
from runyard_server.store.sweeps import Report, TrialRow
from runyard_server.testing.clocks import TickingClock

W = "default"
LR = ParameterSpec("lr", NUMBER, low=1e-4, high=1.0, log=True)
LAYERS = ParameterSpec("layers", CHOICE, choices=[1, 2, 3])
LOSS = Objective("loss")
SPEC = SweepSpec("exp", [LR, LAYERS], [LOSS], seed=7)
GRID = SweepSpec("exp", [LAYERS], [LOSS], sampler=SamplerSpec("grid"))


class Client:
    """A process that makes trials.

    Args:
        system: The service's parts.
        sweep: Id of the sweep.
        name: What it calls itself.
    """

    def __init__(self, system: System, sweep: str, name: str = "one") -> None:
        self.system, self.sweep, self.name = system, sweep, name
        self.sequence = 0

    def exchange(self, ask: int = 0, **more: Any) -> Exchanged:
        """Exchange once more."""
        self.sequence += 1
        return self.again(ask, **more)

    def again(self, ask: int = 0, **more: Any) -> Exchanged:
        """Repeat the last exchange, which may have been lost."""
        body = Exchange(self.name, self.sequence, ask, **more)
        return sweeps.exchange(self.system, W, self.sweep, body=body)


def begin(system: System, spec: SweepSpec = SPEC, **more: Any) -> str:
    """Begin a sweep; give its id."""
    return sweeps.create(system, W, body=CreateSweep(spec, **more)).id


def advance(system: System, sweep: str) -> int | None:
    """Take a step, as the scheduler does."""
    return sweeping.advance(system, Subject(SWEEP, W, sweep))


def listed(system: System, sweep: str, state: str | None = None) -> list[TrialRecord]:
    """All trials, read in small pages."""
    items, token = [], None
    while True:
        query = TrialQuery(state, 3, token)
        page = sweeps.trials(system, W, sweep, query)
        items += page.items
        token = page.next_page_token
        if token is None:
            return items


def forget(system: System) -> None:
    """Drop what is in memory, as a restart does."""
    system.studies.drop_idle(-1)


def test_a_sweep_is_a_run(system: System) -> None:
    """It is found where runs are, with their words."""
    sweep = begin(system, name="quick", tags={"a": "b"})
    run = runs.get(system, W, sweep)
    assert (run.status, run.run_type, run.target, run.name) == ("Running", "sweep", "sdk", "quick")
    assert run.tags == {"a": "b"}
    assert [each.id for each in runs.list_(system, W, RunQuery()).items] == [sweep]
    record = sweeps.get(system, W, sweep)
    assert (record.status, record.counts, record.best, record.space_size) == (
        "Running",
        {},
        None,
        None,
    )


def test_trials_come_back_as_told(system: System) -> None:
    """What a process is given and what it tells is there afterwards, and the best is known."""
    sweep = begin(system)
    client = Client(system, sweep)
    given = client.exchange(4).trials
    assert [each.number for each in given] == [0, 1, 2, 3]
    assert all(1e-4 <= each.params["lr"] <= 1 for each in given)
    told = [Told(0, [0.5]), Told(1, [0.25]), Told(2, None, "ValueError: no"), Told(3, [0.25])]
    client.exchange(told=told)
    found = listed(system, sweep)
    assert [(each.state, each.values) for each in found] == [
        ("completed", [0.5]),
        ("completed", [0.25]),
        ("failed", []),
        ("completed", [0.25]),
    ]
    assert found[2].reason == "ValueError: no"
    record = sweeps.get(system, W, sweep)
    assert record.best == found[1]
    assert record.counts == {"completed": 3, "failed": 1}
    assert listed(system, sweep, "failed") == [found[2]]


def test_a_repeat_is_answered_alike(system: System) -> None:
    """A client whose answer was lost neither loses trials nor gets more, also after a restart."""
    client = Client(system, begin(system))
    first = client.exchange(3)
    assert client.again(3) == first
    second = client.exchange(2, told=[Told(0, [1.0])])
    forget(system)
    assert client.again(2, told=[Told(0, [1.0])]) == second
    assert [each.number for each in second.trials] == [3, 4]
    assert len(listed(system, client.sweep)) == 5
    client.sequence = 1
    with pytest.raises(Conflict, match="came after"):
        client.again(3)


def test_trials_of_a_client_that_is_gone_come_again(system: System, clock: TickingClock) -> None:
    """What a killed process was given another makes, with the same number and parameters."""
    sweep = begin(system, replace(GRID, max_trials=3))
    gone = Client(system, sweep, "gone").exchange(2)
    due = advance(system, sweep)
    assert due is not None
    other = Client(system, sweep, "other")
    assert [each.number for each in other.exchange(3).trials] == [2]
    clock.now = max(clock.now, due)
    advance(system, sweep)
    assert "2 trials of processes that are gone" in sweeps.get(system, W, sweep).reason
    again = other.exchange(3, told=[Told(2, [0.1])])
    assert again.trials == gone.trials
    assert not again.ended
    last = other.exchange(1, told=[Told(0, [0.2]), Told(1, [0.3])])
    assert last.ended
    advance(system, sweep)
    assert sweeps.get(system, W, sweep).status == "Completed"


def test_a_returned_trial_is_made_by_another(system: System) -> None:
    """A process that ends well gives back what it has not begun."""
    sweep = begin(system)
    one, two = Client(system, sweep, "one"), Client(system, sweep, "two")
    given = one.exchange(3).trials
    one.exchange(told=[Told(0, [1.0])], returned=[1, 2])
    forget(system)
    assert two.exchange(2).trials == given[1:]


def test_a_restart_changes_nothing(system: System) -> None:
    """The same seed gives the same trials, whether the service was killed meanwhile or not."""
    spec = replace(SPEC, policy=PolicySpec("median"))
    plain, killed = begin(system, spec), begin(system, spec)
    ended = []
    for sweep in (plain, killed):
        client = Client(system, sweep)
        verdicts = []
        for number in range(12):
            answer = client.exchange(1)
            value = answer.trials[0].params["lr"]
            reported = [Reported(number, step, value * (1 + step)) for step in (1, 2)]
            verdicts += client.exchange(reported=reported, told=[Told(number, [value])]).verdicts
            if sweep == killed:
                forget(system)
        found = [replace(t, started_at="", ended_at=None) for t in listed(system, sweep)]
        ended.append((found, verdicts))
    assert ended[0] == ended[1]
    assert ended[0][1]


def test_a_verdict_ends_a_trial(system: System) -> None:
    """A trial that the policy stops keeps its best value, and what is told later counts no more."""
    policy = PolicySpec("bandit", options={"slack_amount": 0.1})
    goal = [Objective("acc", MAXIMIZE)]
    sweep = begin(system, replace(SPEC, objectives=goal, policy=policy))
    client = Client(system, sweep)
    client.exchange(2, reported=[])
    verdicts = client.exchange(reported=[Reported(0, 1, 0.9), Reported(1, 1, 0.5)]).verdicts
    assert [each.number for each in verdicts] == [1]
    client.exchange(told=[Told(1, [1.0]), Told(0, [0.9])])
    assert [(each.state, each.values, each.last) for each in listed(system, sweep)] == [
        ("completed", [0.9], 0.9),
        ("stopped", [0.5], 0.5),
    ]
    assert "0.5" in listed(system, sweep)[1].reason


def test_several_objectives_have_a_front(system: System) -> None:
    """Of several objectives those trials are shown that no other beats in all."""
    goals = [Objective("loss"), Objective("acc", MAXIMIZE)]
    sweep = begin(system, replace(SPEC, objectives=goals))
    client = Client(system, sweep)
    client.exchange(4)
    values = [[1.0, 0.5], [0.5, 0.9], [0.2, 0.1], [0.6, 0.8]]
    client.exchange(told=[Told(number, value) for number, value in enumerate(values)])
    record = sweeps.get(system, W, sweep)
    assert [each.number for each in record.front] == [1, 2]
    assert record.best is None


def test_a_sweep_with_all_its_trials_says_begun_and_then_ended(system: System) -> None:
    """Whoever reads the reason of a completed sweep is not told that something goes on."""
    sweep = begin(system, replace(SPEC, max_trials=2))
    client = Client(system, sweep)
    assert len(client.exchange(2).trials) == 2
    advance(system, sweep)
    assert sweeps.get(system, W, sweep).reason == "all 2 trials have begun"
    client.exchange(0, told=[Told(n, [float(n)]) for n in range(2)])
    advance(system, sweep)
    record = sweeps.get(system, W, sweep)
    assert (record.status, record.reason) == ("Completed", "all 2 trials have ended")


def test_no_run_takes_the_id_of_a_trial(system: System) -> None:
    """A sweep whose next trial's id somebody else has would wait for it for ever."""
    taken = StartRun("tune", run_id="mine_7")
    runs.start(system, W, taken)
    base = RunSpec("tune", "none", "train.py")
    with pytest.raises(AlreadyExists, match="'mine_7'"):
        begin(system, replace(SPEC, base=base), run_id="mine")
    sweep = begin(system, run_id="yours")
    with pytest.raises(AlreadyExists, match="trial of the sweep 'yours'"):
        runs.start(system, W, StartRun("tune", run_id="yours_12"))
    sweeps.cancel(system, W, sweep)
    advance(system, sweep)
    assert runs.start(system, W, StartRun("tune", run_id="yours_12")).id == "yours_12"


def test_a_space_that_is_used_up_ends_the_sweep(system: System) -> None:
    """Nobody waits for points that do not exist; the reason says how many there were."""
    sweep = begin(system, GRID)
    client = Client(system, sweep)
    assert len(client.exchange(10).trials) == 3
    answer = client.exchange(1, told=[Told(n, [float(n)]) for n in range(3)])
    assert (answer.trials, answer.ended, answer.reason) == ([], True, "space used up: 3 of 3")
    advance(system, sweep)
    record = sweeps.get(system, W, sweep)
    assert (record.status, record.reason) == ("Completed", "space used up: 3 of 3")
    assert client.exchange(1).ended


def test_a_sweep_whose_first_trials_all_fail_ends(system: System) -> None:
    """A sweep that cannot work says why, in place of going on for days."""
    sweep = begin(system, replace(SPEC, max_failures=3))
    client = Client(system, sweep)
    client.exchange(5)
    answer = client.exchange(1, told=[Told(n, None, "KeyError: 'x'") for n in range(3)])
    assert answer.ended
    advance(system, sweep)
    run = runs.get(system, W, sweep)
    assert run.status == "Failed"
    assert run.error is not None
    assert "(3 of 3): KeyError: 'x'; for example trials 0, 1, 2" in run.error.message
    assert [each.state for each in listed(system, sweep)] == ["failed"] * 3 + ["canceled"] * 2


def test_nan_is_a_failure(system: System) -> None:
    """A result that is no number is neither the best nor something to learn from."""
    client = Client(system, begin(system))
    client.exchange(2)
    client.exchange(told=[Told(0, [float("nan")]), Told(1, [1.0, 2.0])])
    first, second = listed(system, client.sweep)
    assert (first.state, second.state) == ("failed", "failed")
    assert "nan" in first.reason
    assert "2 values" in second.reason


def test_points_to_try_come_first(system: System) -> None:
    """What a user wants to know at once is tried before what is drawn, also while it runs."""
    sweep = begin(system, replace(SPEC, enqueued=[{"lr": 0.5, "layers": 3}]))
    client = Client(system, sweep)
    assert client.exchange(1).trials[0].params == {"lr": 0.5, "layers": 3}
    more = [{"lr": 0.1, "layers": 1}, {"lr": 0.2, "layers": 2}]
    sweeps.change(system, W, sweep, body=ChangeSweep(enqueue=more))
    assert [each.params for each in client.exchange(2).trials] == more


def test_limits_may_change(system: System) -> None:
    """A running sweep is paused, goes on, and makes more or fewer trials."""
    sweep = begin(system, replace(SPEC, max_trials=4, parallel=2))
    client = Client(system, sweep)
    answer = client.exchange(5)
    assert (len(answer.trials), answer.reason) == (2, "2 of 2 at once running")
    sweeps.change(system, W, sweep, body=ChangeSweep(parallel=3, paused=True))
    assert client.exchange(5).reason == "the sweep is paused"
    sweeps.change(system, W, sweep, body=ChangeSweep(paused=False, max_trials=3))
    assert len(client.exchange(5).trials) == 1
    client.exchange(told=[Told(n, [1.0]) for n in range(3)])
    advance(system, sweep)
    assert sweeps.get(system, W, sweep).status == "Completed"
    with pytest.raises(WrongState, match="has ended"):
        sweeps.change(system, W, sweep, body=ChangeSweep(parallel=1))


def test_a_time_limit_ends_what_is_open(system: System, clock: TickingClock) -> None:
    """After its time a sweep ends as completed if a trial was, and open trials are canceled."""
    sweep = begin(system, replace(SPEC, max_duration_seconds=100))
    client = Client(system, sweep)
    client.exchange(2)
    client.exchange(told=[Told(0, [1.0])])
    clock.now += 100_000_000
    advance(system, sweep)
    record = sweeps.get(system, W, sweep)
    assert (record.status, record.reason) == ("Completed", "the sweep's time of 100 s is over")
    assert [each.state for each in listed(system, sweep)] == ["completed", "canceled"]


@pytest.mark.parametrize(("end", "status"), [("cancel", "Canceled"), ("close", "Completed")])
def test_a_sweep_can_be_ended(system: System, end: str, status: str) -> None:
    """Ended by its user, also twice, it has no open trial and gives no other."""
    sweep = begin(system)
    client = Client(system, sweep)
    client.exchange(2)
    client.exchange(told=[Told(0, [1.0])])
    for _ in range(2):
        getattr(sweeps, end)(system, W, sweep)
        advance(system, sweep)
    assert sweeps.get(system, W, sweep).status == status
    assert client.exchange(1).ended
    assert [each.state for each in listed(system, sweep)] == ["completed", "canceled"]


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_a_sweep_is_not_ended_as_a_run(system: System, end: str) -> None:
    """Nobody would take in what its trials still tell."""
    sweep = begin(system)
    more = {"body": FailRun("enough")} if end == "fail" else {}
    with pytest.raises(WrongState, match="ends with its trials; cancel it, or close it"):
        getattr(runs, end)(system, W, sweep, **more)
    assert sweeps.get(system, W, sweep).status == "Running"


def test_an_open_sweep_is_gone_on_with(system: System) -> None:
    """A script that is started again goes on where it was; another spec is no such start."""
    sweep = begin(system, name="quick", reopen=True)
    assert begin(system, name="quick", reopen=True) == sweep
    assert begin(system, replace(SPEC, max_trials=9), name="quick", reopen=True) == sweep
    with pytest.raises(Conflict, match="another seed"):
        begin(system, replace(SPEC, seed=8), name="quick", reopen=True)
    sweeps.close(system, W, sweep)
    advance(system, sweep)
    assert begin(system, name="quick", reopen=True) != sweep


def test_a_sweep_outlives_the_run_that_began_it(system: System, run: str) -> None:
    """Other processes may go on making its trials; a cancel of the run takes it along."""
    sweep = begin(system, parent=run)
    runs.complete(system, W, run)
    assert sweeps.get(system, W, sweep).status == "Running"
    above = runs.start(system, W, body=StartRun("exp")).id
    below = begin(system, parent=above)
    runs.cancel(system, W, above)
    advance(system, below)
    assert sweeps.get(system, W, below).status == "Canceled"


def test_what_came_before_is_learned_from(system: System) -> None:
    """A grid does not repeat what another sweep has tried, whatever that called its parameter."""
    old = ParameterSpec("depth", CHOICE, choices=[1, 2])
    first = begin(system, replace(GRID, space=[old]))
    client = Client(system, first)
    client.exchange(2)
    assert client.exchange(1, told=[Told(0, [1.0]), Told(1, [2.0])]).ended
    advance(system, first)
    spec = replace(GRID, resume_from=[first], mapping={"depth": "layers"})
    second = begin(system, spec)
    assert [each.params for each in Client(system, second).exchange(5).trials] == [{"layers": 3}]


def test_sweeps_are_listed_newest_first(system: System) -> None:
    """Pages are whole, and the ended ones can be left out."""
    made = [begin(system, replace(SPEC, experiment=name)) for name in ("a", "b", "a")]
    sweeps.cancel(system, W, made[0])
    advance(system, made[0])
    page = sweeps.list_(system, W, SweepQuery(page_size=2))
    assert [each.id for each in page.items] == [made[2], made[1]]
    rest = sweeps.list_(system, W, SweepQuery(page_size=2, page_token=page.next_page_token))
    assert ([each.id for each in rest.items], rest.next_page_token) == ([made[0]], None)
    active = sweeps.list_(system, W, SweepQuery(experiment="a", active=True)).items
    assert [each.id for each in active] == [made[2]]
    archiving.archive(system, W, made[0])
    left = sweeps.list_(system, W, SweepQuery(experiment="a")).items
    shelved = sweeps.list_(system, W, SweepQuery(archived=True)).items
    assert ([each.id for each in left], [each.id for each in shelved]) == ([made[2]], [made[0]])


def test_a_table_has_the_best_and_some_of_the_others(system: System) -> None:
    """A picture of thousands of trials shows the good ones, and evenly many of the rest."""
    sweep = begin(system)
    client = Client(system, sweep)
    client.exchange(100)
    client.exchange(told=[Told(n, [abs(n - 70.0)]) for n in range(99)])
    table = sweeps.table(system, W, sweep, TableQuery(20))
    columns = {each.name: each for each in table.columns}
    numbers = columns["number"].values
    assert (len(numbers), table.total) == (20, 100)
    assert set(range(66, 75)) <= set(numbers)
    assert numbers == sorted(numbers)
    assert min(numbers) < 10
    assert columns["lr"].scale == "log"
    assert columns["layers"].scale == "category"
    assert columns["best"].values[-1] == 0
    whole = sweeps.table(system, W, sweep, TableQuery(1000))
    assert len(whole.columns[0].values) == 100


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"space": []}, "space is empty"),
    ({"space": [LR, LR]}, "'lr'"),
    ({"space": [ParameterSpec("lr", NUMBER, low=2, high=1)]}, "'lr'"),
    ({"objectives": []}, "objective"),
    ({"objectives": [Objective("a", "up")]}, "maximize"),
    ({"sampler": SamplerSpec("rnadom")}, "'random'"),
    ({"sampler": SamplerSpec("grid")}, "'lr'"),
    ({"policy": PolicySpec("bandits")}, "'bandit'"),
    ({"policy": PolicySpec("median", evaluation_interval=0)}, "evaluation_interval"),
    ({"policy": PolicySpec("median"), "objectives": [LOSS, Objective("b")]}, "one objective"),
    ({"max_trials": 0}, "max_trials"),
    ({"parallel": -1}, "parallel"),
    ({"max_duration_seconds": 0}, "max_duration_seconds"),
    ({"max_failures": -1}, "max_failures"),
    ({"enqueued": [{"lr": 0.1}]}, "'layers'"),
    ({"enqueued": [{"lr": 0.1, "layers": 1, "lyers": 2}]}, "nearest: 'layers'"),
    ({"resume_from": ["none"]}, "no run 'none'"),
    ({"mapping": {"a": "b"}}, "'b'"),
    ({"resume_trials": ["none"]}, "no run 'none'"),
    ({"experiment": "a/b"}, "not allowed"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_makes_no_sense_is_refused(
    system: System, changes: dict[str, Any], words: str
) -> None:
    """A fault is named before anything starts, and nothing of the sweep is kept."""
    with pytest.raises(RunyardError, match=words):
        begin(system, replace(SPEC, **changes))
    assert sweeps.list_(system, W, SweepQuery()).items == []
    assert runs.list_(system, W, RunQuery()).items == []
    assert list(system.home.runs.iterdir()) == []


def test_an_exchange_that_makes_no_sense_changes_nothing(system: System) -> None:
    """A client that mixes sweeps up is told so, and can go on with the right one."""
    client = Client(system, begin(system))
    client.exchange(1)
    with pytest.raises(InvalidRequest, match="trial 7 of"):
        client.exchange(told=[Told(0, [1.0]), Told(7, [1.0])])
    assert listed(system, client.sweep)[0].state == "running"
    with pytest.raises(InvalidRequest, match="ask is -1"):
        client.exchange(-1)
    with pytest.raises(NotFound, match="no run 'nothing'"):
        Client(system, "nothing").exchange(1)
    with pytest.raises(AlreadyExists):
        begin(system, run_id=client.sweep)


def test_a_trial_costs_the_same_however_many_there_are(
    system: System, count_statements: Callable[[], list[str]]
) -> None:
    """An exchange takes as many statements for hundreds of trials as for one, first and last."""
    client = Client(system, begin(system))
    client.exchange(1)
    counts = []
    for number, many in enumerate((1, 50, 200, 1, 50)):
        statements = count_statements()
        client.exchange(many, told=[Told(number, [1.0])])
        counts.append(len(statements))
    assert len(set(counts[1:])) == 1
    assert max(counts) <= 12


@pytest.fixture
def count_statements(system: System) -> Callable[[], list[str]]:
    """Begin to note the statements that the database is given; give the list."""
    engine = system.records._engine

    def begin_counting() -> list[str]:
        found: list[str] = []
        event.listen(
            engine,
            "before_cursor_execute",
            lambda _c, _cur, statement, *_more: found.append(statement),
        )
        return found

    return begin_counting


def test_importance_is_worked_out_anew_for_more_trials(system: System) -> None:
    """A page that asks again and again costs nothing, and later trials count."""
    sweep = begin(system)
    client = Client(system, sweep)
    given = client.exchange(40).trials
    few = sweeps.importance(system, W, sweep)
    assert (few.items, few.reason) == ([], "0 trials have completed; 10 are needed")
    client.exchange(told=[Told(each.number, [each.params["lr"]]) for each in given])
    found = sweeps.importance(system, W, sweep)
    assert (found.items[0].name, found.trials) == ("lr", 40)
    assert sweeps.importance(system, W, sweep) is found


def test_a_policy_of_the_wrong_sign_is_told_once(system: System) -> None:
    """A slack factor means little for negative values: users learn of it, and all goes on."""
    policy = PolicySpec("bandit", options={"slack_factor": 0.2})
    goal = [Objective("acc", MAXIMIZE)]
    sweep = begin(system, replace(SPEC, objectives=goal, policy=policy))
    client = Client(system, sweep)
    client.exchange(2)
    for step in (1, 2):
        reported = [Reported(0, step, -1.0 / step), Reported(1, step, -1.1 / step)]
        assert client.exchange(reported=reported).verdicts == []
        forget(system)
    assert len(sweeps.get(system, W, sweep).warnings) == 1


def test_ten_thousand_trials_are_taken_up_quickly(system: System) -> None:
    """After a restart a long sweep goes on within half a second of work."""
    sweep = begin(system, replace(SPEC, policy=PolicySpec("median")))
    Client(system, sweep).exchange(1)
    rows = [
        TrialRow(n, "completed", {"lr": 0.1 + n / 1e5, "layers": 1}, 1, [float(n)], ended_at=2)
        for n in range(1, 10_001)
    ]
    reports = [Report(n, 1, float(n)) for n in range(10_001)]

    def write(work: Work) -> None:
        row = lookups.sweep_row(work, W, sweep)
        rows_of_sweeps.add_trials(work.connection, row.key, rows)
        rows_of_sweeps.add_reports(work.connection, row.key, 0, reports)
        rows_of_sweeps.change(work.connection, row.key, next_number=10_001)

    system.write(write)
    taken = []
    # The best of several: on a busy machine others fill the caches of the processor.
    for name in ("two", "three", "four"):
        forget(system)
        begun = time.thread_time()
        answer = Client(system, sweep, name).exchange(1)
        taken.append(time.thread_time() - begun)
    assert min(taken) <= 0.5
    assert answer.trials[0].number == 10_003
