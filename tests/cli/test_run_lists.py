"""`runyard runs list`: what is found, in which order, and what a narrow terminal shows."""

import json
import re
from dataclasses import dataclass

import pytest

from runyard.protocol import routes
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.runs import FailRun, StartRun
from runyard.protocol.views import CreateView

LONG = "a-long-name-of-an-experiment-about-transformers"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Kept:
    """Runs of the experiment `sorted`: their ids by number, and one of the experiment `LONG`."""

    ids: list[str]
    long: str


def log(client, run: str, **values: float) -> None:
    """Log scalar metrics."""
    lines = [
        json.dumps({"n": name, "k": "scalar", "v": value, "s": None, "t": 1})
        for name, value in values.items()
    ]
    data = "\n".join([*lines, ""]).encode()
    client.send(routes.METRICS_APPEND, run, "w", data=data, size=len(data), query=SpoolQuery())


@pytest.fixture(scope="module")
def kept(place) -> Kept:
    """Four runs with tags and metrics, the last without any; and one with a long id."""
    client, ids = place.client, []
    for number, loss in enumerate((0.3, 0.1, 0.2, None)):
        tags = {"fold": str(number % 2), "best": None} if number == 1 else {"fold": str(number % 2)}
        body = StartRun(
            experiment="sorted",
            name=f"try {number}",
            tags=tags,
            properties={"p": "q"},
            params={} if number else {"lr": "0.1"},
        )
        ids.append(client.call(routes.RUNS_START, body=body).id)
        if loss is not None:
            log(client, ids[-1], loss=loss, accuracy=1 - loss)
    client.call(routes.RUNS_FAIL, ids[0], body=FailRun("no"))
    long = client.call(
        routes.RUNS_START, body=StartRun(experiment=LONG, run_id=f"{LONG}_1764325876_ab12cd34")
    ).id
    log(client, long, loss=0.012345, validation_accuracy=0.98765)
    return Kept(ids, long)


def found(cli, kept, *words: str) -> list[int]:
    """The numbers, from 0, of the runs that a list shows, in its order."""
    said = cli("runs", "list", "-e", "sorted", *words, "--json")
    assert said.status == 0, said.err
    return [kept.ids.index(item["id"]) for item in json.loads(said.out)["items"]]


@pytest.mark.parametrize(
    ("conditions", "numbers"),
    [
        (["tag.fold=1"], [3, 1]),
        (["tag.best"], [1]),
        (["tag.fold=1", "tag.best"], [1]),
        (["tag.fold=0", "property.p=q"], [2, 0]),
        (["tag.fold!=1"], [2, 0]),
        (["status=failed"], [0]),
        (["status!=Failed", "metric.loss<=0.2"], [2, 1]),
        (["metric.loss"], [2, 1, 0]),
        (["metric.loss>0.15", "metric.loss<0.25"], [2]),
        (["name~TRY 2"], [2]),
        (["number=3"], [2]),
        (["experiment=sorted"], [3, 2, 1, 0]),
        (["experiment=other"], []),
        (["target=sdk"], [3, 2, 1, 0]),
        (["created>2020-01-01"], [3, 2, 1, 0]),
        (["user="], []),
        (["metrics.loss < 0.25 and tags.fold = '0'"], [2]),
        (["name IN ('try 1', 'try 3')", "tags.fold LIKE '1'"], [3, 1]),
        (["param.lr=0.1"], [0]),
        (["age>=0", "time>=0"], [3, 2, 1, 0]),
        (["created_at>2020-01-01", "active"], [3, 2, 1]),
        (["name=try 2", "description!=5"], [2]),
        (["tag.fold!=nan", "tag.fold!=-inf", "tag.fold!=1e999"], [3, 2, 1, 0]),
    ],
)
def test_conditions_all_hold(cli, kept, conditions, numbers) -> None:
    """What the service can tell apart and what it cannot are asked for alike."""
    words = [word for condition in conditions for word in ("--filter", condition)]
    assert found(cli, kept, *words) == numbers


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("metric.loss", [1, 2, 0, 3]),
        ("-metric.loss", [0, 2, 1, 3]),
        ("number", [0, 1, 2, 3]),
        ("-name", [3, 2, 1, 0]),
        ("age", [3, 2, 1, 0]),
        ("metrics.loss DESC", [0, 2, 1, 3]),
        ("-param.lr", [0, 3, 2, 1]),
        ("created_at", [0, 1, 2, 3]),
    ],
)
def test_runs_are_sorted_by_a_field(cli, kept, field, numbers) -> None:
    """Either way, and those that lack it come last."""
    assert found(cli, kept, "--sort", field) == numbers
    assert found(cli, kept, "--sort", field, "-n", "2") == numbers[:2]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--sort", "metric"], "'metric'"),
        (["--sort", "los"], "no field 'los'"),
        (["--filter", "stats=Failed"], "nearest: status"),
        (["--filter", "=x"], "a field is needed here"),
        (["--filter", "loss <"], "metric.loss"),
        (["--columns", "id,metrik.loss"], "no field 'metrik.loss'"),
        (["--status", "Fialed"], "Failed"),
        (["--filter", "metrics.loss < 0.5 and status = 'Fialed'"], "Failed"),
        (["--filter", "status IN ('Failed'"], "at character 20"),
        (["--filter", "tag.fold=1 or tag.fold=0"], "OR is not offered"),
    ],
)
def test_a_field_that_is_not_there_is_status_2(cli, kept, words, part) -> None:
    """A slip never shows a list that looks right."""
    assert kept
    said = cli("runs", "list", *words)
    assert (said.status, said.out) == (2, "")
    assert part in said.err


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        (["--filter", "parms.lr = 1"], "parms.lr"),
        (["--filter", "tag.fold=1", "--filter", "number > 'x'"], "number > 'x'"),
        (["--filter", "metric.loss <"], ""),
        (["--filter", "metric.loss<low"], "low"),
        (["--filter", "metrics.loss < 0.5 tag.a = 1"], "tag.a"),
        (["--filter", "metric.loss~5"], "metric.loss~5"),
        (["--filter", "tag.a = 1 and status = 'Fialed'"], "status = 'Fialed'"),
        (["--filter", "tag.a = 1 and lsos is null"], "lsos"),
        (["--filter", " loss<1"], "loss"),
        (["--filter", "age like '3'"], "age like '3'"),
        (["-e", "x", "--status", "Fialed"], "Fialed"),
        (["--sort", "-metricks.loss"], "metricks.loss"),
        (["--sort", "-los"], "los"),
        (["--sort", "-metric.loss nowhere"], "nowhere"),
    ],
)
def test_a_fault_is_shown_where_it_was_typed(cli, kept, words, marked) -> None:
    """Nobody is shown a filter that the command made of theirs, and the mark is below the fault."""
    assert kept
    said = cli("runs", "list", *words)
    assert said.status == 2
    told, shown, mark = said.err.splitlines()
    assert shown.removeprefix("  ") in (words[-1], " ".join(words[-2:]))
    start, length = mark.index("^"), mark.count("^")
    assert shown[start : start + length] == marked
    assert f"at character {start - 1} of the" in told


def test_children_that_a_list_leaves_out_are_told(cli, place) -> None:
    """A filter that only child runs match says how many and which option shows them."""
    parent = place.client.call(routes.RUNS_START, body=StartRun(experiment="family")).id
    for lr in ("0.2", "0.3"):
        child = StartRun(experiment="family", parent=parent, params={"lr": lr})
        place.client.call(routes.RUNS_START, body=child)
    words = ["runs", "list", "-e", "family", "--filter"]
    said = cli(*words, "params.lr = '0.2'")
    assert (said.status, said.out) == (0, "")
    assert "1 below other runs: --children shows" in said.err
    said = cli(*words, "param.lr", "--json")
    assert json.loads(said.out)["items"] == []
    assert "2 below other runs" in said.err
    assert "--children" not in cli(*words, "param.lr=7").err
    assert "--children" not in cli(*words, "param.lr=7", "--children").err


def test_columns_are_those_asked_for(cli, kept) -> None:
    """In their order, with tags and metrics by name or all together."""
    said = cli("runs", "list", "-e", "sorted", "--columns", "tags,metric.loss,name,metrics")
    lines = said.out.splitlines()
    assert lines[0].split() == ["TAGS", "LOSS", "NAME", "METRICS"]
    assert re.fullmatch(r"best  fold=1 +0\.1  try 1 +loss=0\.1  accuracy=0\.9", lines[3]), lines[3]


def test_a_name_in_backticks_is_a_column_as_it_is_a_field(cli, place) -> None:
    """Names with blanks, commas and ticks are shown by the spelling they are found by."""
    odd = "a b, `c`"
    run = place.client.call(routes.RUNS_START, body=StartRun(experiment="odd")).id
    log(place.client, run, **{odd: 7.0})
    quoted = "metrics.`a b, ``c```"
    said = cli("runs", "list", "--filter", f"{quoted} > 6", "--columns", f"{quoted},number")
    assert [line.split() for line in said.out.splitlines()] == [
        ["A", "B,", "`C`", "NO."],
        ["7", "1"],
    ]


def test_a_saved_view_is_a_list(cli, place, kept) -> None:
    """What was saved in the studio is a list at the prompt: its filter, order and columns."""
    place.client.views.create(
        CreateView(
            "good losses",
            filter="metrics.loss <= 0.2",
            order_by=["metrics.loss DESC"],
            columns=["attributes.number", "duration", "metrics.loss", "snapshot"],
        )
    )
    assert found(cli, kept, "--view", "good losses") == [2, 1]
    assert found(cli, kept, "--view", "good losses", "--sort", "metric.loss") == [1, 2]
    assert found(cli, kept, "--view", "good losses", "--filter", "tag.fold=1") == [1]
    shown = cli("runs", "list", "-e", "sorted", "--view", "good losses").out.splitlines()
    assert shown[0].split() == ["NO.", "TIME", "LOSS"]
    said = cli("runs", "list", "--view", "good loses")
    assert (said.status, said.out) == (3, "")
    assert "nearest: 'good losses'" in said.err


def test_an_unknown_experiment_is_no_empty_list(cli, kept) -> None:
    """A slip in the name is status 3 with the nearest name; an experiment without hits is fine."""
    assert kept
    for words in (["-e", "sortde"], ["--filter", "experiment=sortde"], ["-e", "sortde", "--json"]):
        said = cli("runs", "list", *words)
        assert (said.status, said.out) == (3, "")
        assert "sortde" in said.err
        assert "'sorted'" in said.err
    assert cli("runs", "list", "-e", "sorted", "--status", "Queued").status == 0


def rows(cli, columns: int, *words: str) -> list[str]:
    """The lines of a list on a terminal, without colours; the first is the titles."""
    return COLOURS.sub("", cli.on_terminal("runs", "list", *words, columns=columns)).splitlines()


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_what_matters_is_legible_on_every_terminal(cli, kept, columns) -> None:
    """Id, status, age and metrics stay, each run on one line, and no line is broken."""
    assert kept
    titles, *lines = rows(cli, columns, "-e", "sorted")
    assert len(lines) == 4
    assert {"RUN", "STATUS", "AGE", "METRICS"} <= set(titles.split())
    for line in (titles, *lines):
        assert len(line) <= columns
    assert any("Failed" in line and "loss=0.3" in line for line in lines)
    assert any("Running" in line and "loss=0.1" in line for line in lines)
    if columns >= 80:
        assert {line.split()[0] for line in lines} == set(kept.ids)
    if columns >= 160:
        assert {"EXPERIMENT", "NO.", "TARGET", "TIME"} <= set(titles.split())


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_a_long_id_leaves_room_for_the_rest(cli, kept, columns) -> None:
    """It is shortened in its middle, and what is shown of it still names the run."""
    _, line = rows(cli, columns, "-e", LONG)
    assert len(line) <= columns
    assert "Running" in line
    assert "loss=0.012345" in line
    shown = line.split()[0]
    assert json.loads(cli("runs", "show", shown, "--json").out)["id"] == kept.long


@pytest.mark.parametrize("columns", ["20", "60", "200"])
def test_without_a_terminal_everything_is_whole(cli, kept, columns) -> None:
    """However narrow the terminal was, a program sees all of it."""
    said = cli("runs", "list", "-e", LONG, COLUMNS=columns)
    assert kept.long in said.out
    assert "validation_accuracy=0.98765" in said.out


def test_json_has_the_records_with_their_last_metrics(cli, kept) -> None:
    """What scripts read is the protocol, whatever the table shows."""
    said = cli("runs", "list", "-e", "sorted", "--columns", "name", "-n", "2", "--json")
    page = json.loads(said.out)
    assert [item["id"] for item in page["items"]] == [kept.ids[3], kept.ids[2]]
    assert page["items"][1]["metrics"] == {"loss": 0.2, "accuracy": 0.8}
    assert page["next_page_token"]


def test_runs_are_exported(cli, kept, tmp_path):
    """The list that was looked at becomes a file with the same words."""
    words = ("-e", "sorted", "--filter", "metric.loss<0.25", "--sort", "metric.loss")
    shown = ("--columns", "number,metric.loss,time")
    said = cli("runs", "export", *words, "--columns", "number,metric.loss,tag.fold")
    assert said.out == "number,metrics.loss,tags.fold\n2,0.1,1\n3,0.2,0\n"
    assert cli("runs", "export", *words, *shown).out.startswith("number,metrics.loss,duration\n")
    lines = cli("runs", "export", *words, "--json", "-n", "1").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [kept.ids[1]]
    told = json.loads(cli("runs", "export", *words, "-o", "runs.parquet", "--json").out)
    file = tmp_path / "runs.parquet"
    assert told == {"path": "runs.parquet", "format": "parquet", "bytes": file.stat().st_size}
    assert file.read_bytes()[:4] == file.read_bytes()[-4:] == b"PAR1"


def test_an_export_that_makes_no_sense_points_at_what_was_typed(cli, kept):
    """A slip costs a second, and no file is left that says nothing."""
    said = cli("runs", "export", "--filter", "metric.loss < 'a'", "-o", "runs.csv")
    assert (said.status, "metric.loss < 'a'" in said.err) == (2, True)
    said = cli("runs", "export", "--format", "xls")
    assert (said.status, "csv" in said.err) == (2, True)
    assert not list(cli.folder.iterdir())
