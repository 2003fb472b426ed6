"""Searches: what they find, in which order, page by page, and what they refuse."""

import base64
import contextlib
import io
import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.experiments import ExperimentPage
from runyard.protocol.filters import ATTRIBUTE, Condition, Field
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.models import RegisterModel
from runyard.protocol.runs import ChangeRun, FailRun, RunRecord, StartRun
from runyard.protocol.search import Search
from runyard_server.core.system import System
from runyard_server.operations import experiments, metrics, models, runs, searches
from runyard_server.store import nouns, pages

W = "default"
ODD = [
    "a b",
    "it's",
    'say "x"',
    "100%",
    "a_c",
    "`tick`",
    "größe",
    "x\\y",
    "' OR 1=1 --",
    "[a]*?",
]


def start(system: System, name: str = "", experiment: str = "e", **named: Any) -> str:
    """Start a run with tags, properties, params and metrics; give its id."""
    logged = named.pop("metrics", {})
    body = StartRun(experiment, name=name or None, **named)
    run = runs.start(system, W, body=body).id
    log(system, run, **logged)
    return run


def log(system: System, run: str, **values: float) -> None:
    """Log scalars."""
    if values:
        lines = [{"n": n, "k": "scalar", "v": v, "t": 1} for n, v in values.items()]
        body = io.BytesIO("".join(json.dumps(line) + "\n" for line in lines).encode())
        writer = f"w{metrics.mark(system, W, run, 'w').lines}-{len(values)}-{sum(values.values())}"
        metrics.append(system, W, run, writer, query=SpoolQuery(), body=body)


def items(system: System, text: str = "", *order: str, page_size: int = 100) -> list[RunRecord]:
    """All runs of a search, read page by page."""
    found: list[RunRecord] = []
    token = None
    while True:
        asked = Search(text, list(order), page_size=page_size, page_token=token)
        page = runs.search(system, W, body=asked)
        found += page.items
        token = page.next_page_token
        if token is None:
            return found


def names(system: System, text: str = "", *order: str, page_size: int = 100) -> list[str | None]:
    """The names of the runs of a search."""
    return [run.name for run in items(system, text, *order, page_size=page_size)]


@pytest.fixture
def five(system: System) -> System:
    """Five runs: a … e."""
    start(
        system,
        "a",
        tags={"team": "x", "best": None},
        metrics={"loss": 0.3, "acc": 1},
        params={"lr": "0.1"},
    )
    start(system, "b", tags={"team": "y"}, metrics={"loss": 0.1}, params={"lr": "1e-2"})
    failed = start(system, "c", tags={"team": "X"}, metrics={"loss": 0.2}, params={"lr": "auto"})
    start(system, "d", "other", properties={"p": "12"}, params={"lr": "0.1", "opt": "adam"})
    start(system, "e", "other", submitted_by="ann", metrics={"acc": 3})
    runs.fail(system, W, failed, body=FailRun("no"))
    return system


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "edcba"),
        ("metrics.loss < 0.25", "cb"),
        ("metrics.loss < 0.25 and status = 'Running'", "b"),
        ("metrics.loss IS NULL", "ed"),
        ("metrics.loss IS NOT NULL and metrics.acc IS NULL", "cb"),
        ("metrics.loss != 0.1", "ca"),
        ("metrics.loss IN (0.1, 0.3)", "ba"),
        ("params.lr = '0.1'", "da"),
        ("params.lr = 0.01", "b"),
        ("params.lr >= 0.01 and params.lr < 0.1", "b"),
        ("params.lr != 0.1", "cb"),
        ("params.lr NOT IN (0.01, 1)", "dca"),
        ("params.lr LIKE 'a%'", "c"),
        ("params.lr NOT LIKE '0%' and params.lr != 'auto'", "b"),
        ("tags.team = 'x'", "a"),
        ("tags.team ILIKE 'X'", "ca"),
        ("tags.team LIKE '%X%'", "c"),
        ("tags.best IS NOT NULL", "a"),
        ("tags.team IS NULL", "ed"),
        ("properties.p > 9", "d"),
        ("status IN ('failed', 'completed')", "c"),
        ("status != 'Running'", "c"),
        ("attributes.active = TRUE and experiment = 'other'", "ed"),
        ("experiment NOT IN ('other')", "cba"),
        ("user = 'ann'", "e"),
        ("user IS NULL and experiment = 'other'", "d"),
        ("name > 'b'", None),
        ("number = 2", "eb"),
        ("`Run Name` LIKE '_' and run_name IN ('a', 'c')", "ca"),
        ("created_at > '2020-01-01' and created_at < '2100-01-01T00:00:00Z'", "edcba"),
        ("duration >= 0", "edcba"),
        ("ended_at IS NOT NULL", "c"),
        ("created_at > 1000 and start_time < 4102444800000", "edcba"),
        ("target = 'sdk' and parent IS NULL", "edcba"),
        ("metrics.loss IS NULL and metrics.loss < 1", ""),
    ],
)
def test_conditions_find_runs(five: System, text: str, wanted: str | None) -> None:
    """Each kind of field with each kind of comparison, newest first."""
    if wanted is None:
        with pytest.raises(InvalidRequest):
            names(five, text)
    else:
        assert "".join(map(str, names(five, text))) == wanted


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        (["metrics.loss"], "bcade"),
        (["metrics.loss desc"], "acbed"),
        (["params.lr"], "badce"),
        (["params.lr desc"], "dabce"),
        (["params.lr", "name desc"], "bdace"),
        (["metrics.acc desc", "metrics.loss"], "eabcd"),
        (["tags.team"], "cabde"),
        (["name desc"], "edcba"),
        (["experiment desc", "name"], "deabc"),
        (["status", "number desc", "name"], "cbead"),
        (["created_at"], "abcde"),
        (["ended_at"], "cabde"),
        (["tags.nothing"], "abcde"),
    ],
)
@pytest.mark.parametrize("page_size", [1, 2, 100])
def test_runs_come_in_order(five: System, order: list[str], wanted: str, page_size: int) -> None:
    """Numbers before texts, what lacks the field last, and pages of any size give the same."""
    assert "".join(map(str, names(five, "", *order, page_size=page_size))) == wanted
    for text, those in (("metrics.loss < 1", "abc"), ("params.lr != 0.1", "bc")):
        found = names(five, text, *order, page_size=page_size)
        assert "".join(map(str, found)) == "".join(c for c in wanted if c in those)


@pytest.mark.parametrize("page_size", [1, 2, 100])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_go_on_among_switches(five: System, page_size: int, descending: bool) -> None:
    """What is true or false is an order like any other, on the second page too."""
    order = f"active{' desc' if descending else ''}"
    found = names(five, "", order, "name", page_size=page_size)
    ended = ("Completed", "Failed", "Canceled")
    those = items(five, "", order, "name", page_size=page_size)
    states = [run.status not in ended for run in those]
    assert sorted(map(str, found)) == list("abcde")
    assert states == sorted(states, reverse=descending)
    assert len(set(states)) == 2


def test_columns_are_those_asked_for(five: System) -> None:
    """A table of a hundred runs need not carry ten thousand metrics."""
    asked = Search("name = 'a'", columns=["metrics.loss", "params", "status"])
    found = runs.search(five, W, body=asked).items[0]
    assert (found.metrics, found.params, found.tags) == ({"loss": 0.3}, {"lr": "0.1"}, {})
    whole = runs.search(five, W, body=Search("name = 'a'")).items[0]
    assert (whole.metrics, whole.tags) == ({"loss": 0.3, "acc": 1.0}, {"team": "x", "best": None})


@pytest.mark.parametrize(
    ("asked", "part", "position"),
    [
        (Search("staus = 'x'"), "nearest: 'status'", 0),
        (Search("a = 1 and loss < 1"), "no attribute 'a'", 0),
        (Search("name = 'x' and loss < 1"), "metrics.loss", 15),
        (Search("metrcs.loss < 1"), "nearest: 'metrics'", 0),
        (Search("name = 'x' and metrics.loss = 'low'"), "is a number", 15),
        (Search("status = 'Complete'"), "nearest: 'Completed'", 0),
        (Search("number = 'x'"), "is a number", 0),
        (Search("name = 5"), "is a text", 0),
        (Search("active = 1"), "is a switch", 0),
        (Search("metrics.loss = TRUE"), "is a number", 0),
        (Search("tags.a IN (1, 'x')"), "not both", 0),
        (Search("params.lr < '0.1'"), "without quotes", 0),
        (Search("created_at > 'yesterday'"), "is no time", 0),
        (Search("created_at > 1e300"), "is no time", 0),
        (Search(order_by=["metrics.loss, name"]), "of the order", 12),
        (Search(order_by=["los"]), "no attribute 'los'", 0),
        (Search(columns=["metrik.loss"]), "of the column", 0),
    ],
)
def test_what_makes_no_sense_is_pointed_at(
    system: System, asked: Search, part: str, position: int
) -> None:
    """A slip gives no empty list, but its place and the nearest name."""
    with pytest.raises(InvalidRequest) as refused:
        runs.search(system, W, body=asked)
    assert part in refused.value.message
    assert refused.value.details["position"] == position


def test_limits_are_said(system: System) -> None:
    """A search that would keep the service busy is refused."""
    for asked in (
        Search(" and ".join(["number = 1"] * 51)),
        Search(order_by=["name"] * 6),
        Search("x" * 20_001),
        Search(page_size=0),
    ):
        with pytest.raises(InvalidRequest):
            runs.search(system, W, body=asked)


def test_a_token_of_another_search_is_refused(five: System) -> None:
    """Pages that do not belong together would leave out runs in silence."""
    token = runs.search(five, W, body=Search(order_by=["name"], page_size=2)).next_page_token
    for asked in (
        Search(order_by=["name desc"], page_size=2, page_token=token),
        Search("number = 1", ["name"], page_size=2, page_token=token),
        Search(page_token="rubbish"),
    ):
        with pytest.raises(InvalidRequest, match="page_token"):
            runs.search(five, W, body=asked)


@pytest.mark.parametrize("order", ["name", "started_at", "active", "metrics.loss", "params.lr"])
def test_a_token_that_was_made_by_hand_is_refused(five: System, order: str) -> None:
    """PostgreSQL compares no text with a number: that would be told as a fault of the service."""
    token = runs.search(five, W, body=Search(order_by=[order], page_size=2)).next_page_token
    mark, phase, values, key = msgspec.json.decode(base64.urlsafe_b64decode(f"{token}=="))
    forged = [
        [mark, phase, ["x\0y" for _ in values], key],
        [mark, phase, [1 << 63 if isinstance(one, int) else "\0" for one in values], key],
        [mark, phase, [7.5 if isinstance(one, str) else "text" for one in values], key],
        [mark, phase, values, "a key"],
        [mark, phase, values, 1 << 70],
    ]
    for one in forged:
        asked = Search(order_by=[order], page_size=2, page_token=pages.token(one))
        with pytest.raises(InvalidRequest, match="page_token"):
            runs.search(five, W, body=asked)


def test_pages_are_whole_while_runs_come_and_change(system: System) -> None:
    """Who reads page by page beside a sweep sees every run that was there, once."""
    for number in range(12):
        start(system, f"{number}", metrics={"loss": number % 3} if number % 4 else {})
    seen: list[str | None] = []
    token = None
    for turn in range(20):
        asked = Search(order_by=["metrics.loss desc"], page_size=3, page_token=token)
        page = runs.search(system, W, body=asked)
        seen += [run.name for run in page.items]
        token = page.next_page_token
        if token is None:
            break
        start(system, f"new {turn}", metrics={"loss": turn % 3})
    assert [name for name in seen if name and not name.startswith("new")] == [
        *("11", "5", "2", "10", "7", "1", "9", "6", "3", "8", "4", "0"),
    ]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("odd", ODD)
def test_odd_names_and_values_are_found(system: System, odd: str) -> None:
    """Quotes, percent signs and SQL in names are letters like others."""
    start(system, "other", tags={"plain": "value"}, params={"x": "y"}, metrics={"m": 1})
    start(system, odd, tags={odd: odd}, params={odd: odd}, metrics={odd: 2})
    plain = searches.literal(odd)
    for kind in ("tags", "params"):
        for operator, value in (("=", odd), ("LIKE", plain), ("ILIKE", plain.replace("a", "A"))):
            text = filters.written([Condition(Field(kind, odd), operator, (value,))])
            assert names(system, text) == [odd]
    field = filters.named(Field("metrics", odd))
    assert names(system, f"{field} = 2", f"{field} desc") == [odd]
    assert runs.search(system, W, body=Search(columns=[field])).items[0].metrics == {odd: 2.0}


def test_statements_in_texts_are_texts(five: System) -> None:
    """Whatever stands in a filter, the database is asked and never told."""
    for text in ("'; DROP TABLE runs; --", "x' OR '1'='1", "\\' OR 1=1 --", "?", ":now", "%s"):
        quoted = "'" + text.replace("'", "''") + "'"
        assert names(five, f"name = {quoted} and tags.{'`' + text + '`'} = {quoted}") == []
    assert len(names(five)) == 5


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
numbers = st.one_of(
    st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False)
)
nowhere = st.just((0, 0))
fields = st.one_of(
    st.builds(Field, st.just(ATTRIBUTE), st.sampled_from(sorted(nouns.RUNS.attributes)), nowhere),
    st.builds(Field, st.sampled_from(sorted(set(filters.KINDS.values()))), texts, nowhere),
)
conditions = st.one_of(
    st.builds(Condition, fields, st.sampled_from(filters.NULLS), st.just(())),
    st.builds(
        lambda f, o, v: Condition(f, o, (v,)),
        fields,
        st.sampled_from(filters.COMPARISONS),
        st.one_of(texts, numbers, st.booleans()),
    ),
    st.builds(
        lambda f, o, v: Condition(f, o, (v,)), fields, st.sampled_from(filters.PATTERNS), texts
    ),
    st.builds(
        lambda f, o, v: Condition(f, o, tuple(v)),
        fields,
        st.sampled_from(filters.LISTS),
        st.lists(st.one_of(texts, numbers), min_size=1, max_size=3),
    ),
)


@given(st.lists(conditions, max_size=4))
def test_what_is_written_reads_back(those: list[Condition]) -> None:
    """A program asks for any name and value without quoting by hand."""
    assert filters.conditions(filters.written(those)) == those


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never a traceback, and the place lies in the text."""
    position = 0
    try:
        filters.conditions(text)
    except InvalidRequest as refused:
        position = refused.details["position"]
    assert 0 <= position <= len(text)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(conditions, max_size=3),
    st.lists(st.tuples(fields, st.sampled_from(["", " desc"])), max_size=2),
)
def test_any_search_is_answered_or_refused(
    five: System, those: list[Condition], orders: list[tuple[Field, str]]
) -> None:
    """Whatever is compared with whatever, the database has an answer or the place is pointed at."""
    asked = Search(filters.written(those), [filters.named(one) + end for one, end in orders])
    with contextlib.suppress(InvalidRequest):
        page = runs.search(five, W, body=asked)
        assert len(page.items) <= 5


_values = st.sampled_from([None, "1", "1.0", "0.5", "-2", "b", "a", "A", "10", ""])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(_values, _values), min_size=1, max_size=8),
    st.lists(
        st.sampled_from(["params.p", "params.p desc", "tags.q", "tags.q desc", "number desc"]),
        min_size=1,
        max_size=3,
        unique_by=lambda text: text.split()[0],
    ),
    st.integers(1, 4),
)
def test_pages_of_any_order_are_the_sorted_list(
    system: System, rows: Sequence[Any], order: list[str], page_size: int
) -> None:
    """However pages are cut, together they are all runs in order, each once."""
    experiment = f"x{system.clock.now_us()}"
    for p, q in rows:
        params = {} if p is None else {"p": p}
        start(system, experiment=experiment, params=params, tags={} if q is None else {"q": q})
    text = f"experiment = '{experiment}'"
    paged = [run.number for run in items(system, text, *order, page_size=page_size)]
    assert paged == [run.number for run in _sorted(items(system, text), order)]


def _sorted(found: list[RunRecord], order: list[str]) -> list[RunRecord]:
    """Sort in Python what the database should have sorted."""
    falls = order[-1].endswith("desc")
    found = sorted(found, key=lambda run: run.number, reverse=falls)
    for one in reversed(order):
        name, _, direction = one.partition(" ")
        parts = [_parts(run, name) for run in found]
        for part in (1, 0):
            there = [
                (row[part], run)
                for row, run in zip(parts, found, strict=True)
                if row[part] is not None
            ]
            lacking = [run for row, run in zip(parts, found, strict=True) if row[part] is None]
            there.sort(key=lambda pair: pair[0], reverse=False)
            if direction:
                there = _falling(there)
            found = [run for _, run in there] + lacking
            parts = [_parts(run, name) for run in found]
    return found


def _falling(pairs: list[Any]) -> list[Any]:
    """Turn a sorted list around, equal ones staying as they are."""
    keys = sorted({key for key, _ in pairs}, reverse=True)
    return [pair for key in keys for pair in pairs if pair[0] == key]


def _parts(run: RunRecord, name: str) -> tuple[float | None, str | None]:
    if name == "number":
        return float(run.number), None
    value = run.params.get("p") if name == "params.p" else run.tags.get("q")
    if value is None:
        return None, None
    try:
        return float(value), None
    except ValueError:
        return None, value


def test_models_are_searched(system: System, run_with_files: str) -> None:
    """By tags, which are indexed, and by attributes; each version is one."""
    for number, framework in enumerate(["TensorFlow", "PyTorch", "TensorFlow"]):
        body = RegisterModel(
            "m" if number else "n",
            "outputs",
            run=run_with_files,
            tags={"fold": str(number), "team": "x"},
            framework=framework,
        )
        models.register(system, W, body=body)

    def found(text: str, *order: str, columns: Sequence[str] = ()) -> list[str]:
        asked = Search(text, list(order), list(columns))
        return [model.id for model in models.search(system, W, body=asked).items]

    assert found("framework = 'TensorFlow'") == ["m:2", "n:1"]
    assert found("latest = TRUE", "name") == ["m:2", "n:1"]
    assert found("tags.fold >= 1", "tags.fold desc") == ["m:2", "m:1"]
    assert found("run_id IS NOT NULL and version = 1", "name desc") == ["n:1", "m:1"]
    only = models.search(system, W, body=Search(columns=["tags.fold"])).items[0]
    assert only.tags == {"fold": "2"}
    with pytest.raises(InvalidRequest, match="models have no metrics; there are tags"):
        found("metrics.loss < 1")


def test_experiments_are_searched(system: System) -> None:
    """By name and by how many runs they have."""
    for name in ("b", "a", "b", "c-x"):
        start(system, experiment=name)

    def found(text: str, *order: str, size: int = 100) -> ExperimentPage:
        return experiments.search(system, W, body=Search(text, list(order), page_size=size))

    assert [one.name for one in found("name != 'c-x'").items] == ["a", "b"]
    assert [one.name for one in found("run_count > 1").items] == ["b"]
    first = found("", "runs desc", size=2)
    assert [one.name for one in first.items] == ["b", "c-x"]
    assert first.next_page_token is not None


def test_tags_keep_up_with_changes(system: System) -> None:
    """A tag that was changed is found by its new value, as text and as number."""
    run = start(system, "a", tags={"fold": "1"})
    runs.change(system, W, run, body=ChangeRun(tags={"fold": "2"}))
    assert names(system, "tags.fold = '2' and tags.fold > 1.5", "tags.fold") == ["a"]
    runs.change(system, W, run, body=ChangeRun(removed_tags=["fold"]))
    assert names(system, "tags.fold IS NULL") == ["a"]


def test_durations_go_on(system: System) -> None:
    """A run that goes on has lasted until now, so the longest ones are found among all."""
    long, short = start(system, "long"), start(system, "short")
    runs.complete(system, W, short)
    runs.get(system, W, long)
    assert names(system, "duration >= 0", "duration desc") == ["long", "short"]
