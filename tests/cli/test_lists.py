"""The other lists: experiments, models, compute, datastores, workspaces."""

import hashlib
import json

import pytest

from runyard.client.workspaces import Workspaces
from runyard.protocol import routes
from runyard.protocol.datasets import RegisterDataset
from runyard.protocol.files import FileEntry
from runyard.protocol.models import RegisterModel
from runyard.protocol.runs import StartRun
from runyard.protocol.workspaces import CreateWorkspace

MINE = ("listed", "small", "short-filters")
LISTS = [
    ("experiments", "list"),
    ("models", "list"),
    ("compute", "list"),
    ("compute", "nodes", "small"),
    ("compute", "sites"),
    ("datasets", "list"),
    ("datastores", "list"),
    ("datastores", "files", "workspaceblobstore"),
    ("workspaces", "list"),
]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_every_list_speaks_json(cli, words) -> None:
    """`--json` gives an object with `items` everywhere, also when there are none."""
    said = cli(*words, "--json")
    assert said.status == 0, said.err
    assert isinstance(json.loads(said.out)["items"], list)


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_every_list_speaks_to_people(cli, words) -> None:
    """A table or a sentence, never a trace."""
    said = cli(*words)
    assert said.status == 0, said.err
    assert said.out or said.err


def test_a_cluster_is_shown_with_its_nodes(cli) -> None:
    """Size, range and state of a cluster stand in one line."""
    line = next(line for line in cli("compute", "list").out.splitlines() if "small" in line)
    assert "STANDARD_D2_V2" in line
    assert "0 of 0-2" in line
    hours = cli("compute", "occupancy", "small", "--hours", "2").out.splitlines()
    assert [line.split() for line in hours[1:]] == [
        ["2", "hours", "ago", "0", "0"],
        ["1", "hour", "ago", "0", "0"],
    ]


def test_where_clusters_can_be(cli) -> None:
    """The site of this machine is marked as the default, with what it can do."""
    line = next(line for line in cli("compute", "sites").out.splitlines() if "local *" in line)
    assert "CPU" in line
    assert "shared" in line
    site = json.loads(cli("compute", "sites", "--json").out)["items"][0]
    assert (site["name"], site["default"], site["shares_files"]) == ("local", True, True)
    assert site["cpus"] >= 1
    assert site["interpreters"]


def test_a_dataset_is_registered_shown_brought_and_given_up(cli) -> None:
    """A folder on a datastore becomes a version, whose bytes come back; its id stays."""
    (cli.folder / "rows.csv").write_text("a\n1\n")
    store = "workspaceblobstore"
    assert cli("datastores", "upload", store, "rows.csv", "prompt").status == 0
    said = cli("datasets", "register", "prompted", f"{store}:prompt/*.csv", "--csv", "--tag", "k=v")
    assert said.out == "prompted is version 1: 1 file, 4 B\n"
    shown = cli("datasets", "show", "prompted").out
    assert f"{store}:prompt/*.csv" in shown
    assert "sha256:" in shown
    (cli.folder / "more.csv").write_text("a\n2\n")
    assert cli("datastores", "upload", store, "more.csv", "prompt").status == 0
    assert cli("datasets", "register", "prompted", f"{store}:prompt/*.csv", "--csv").status == 0
    assert cli("datasets", "diff", "prompted:1", "prompted:2").out == "+ more.csv\n"
    told = json.loads(cli("datasets", "diff", "prompted:2", "prompted:1", "--json").out)
    assert told == {"added": [], "removed": ["more.csv"], "changed": []}
    assert "nothing has read it yet" in cli("datasets", "lineage", "prompted:1").err
    assert cli("datasets", "download", "prompted:1", "--to", "here").status == 0
    assert (cli.folder / "here/rows.csv").read_text() == "a\n1\n"
    gone = cli("datasets", "register", "other", "prompt")
    assert (gone.status, "say DATASTORE:PATH" in gone.err) == (2, True)
    record = json.loads(cli("datasets", "delete", "prompted", "--json").out)
    assert cli("datasets", "show", "prompted").status == 3
    assert cli("datasets", "show", record["id"]).status == 0


def test_a_dataset_of_some_files_brings_no_others(cli, place) -> None:
    """What a script registered with `take` is what the prompt downloads, and no more."""
    store = "workspaceblobstore"
    for name in "ab":
        (cli.folder / name).write_text(name)
        assert cli("datastores", "upload", store, name, "few").status == 0
    definition = {"kind": "file", "sources": [{"datastore": store, "path": "few"}]}
    body = RegisterDataset("few", {**definition, "steps": [{"take": 1}]})
    place.client.call(routes.DATASETS_REGISTER, body=body)
    said = cli("datasets", "download", "few", "--to", "one")
    assert (said.out, said.err) == ("brought 1 file to one\n", "")
    assert [path.name for path in (cli.folder / "one").rglob("*") if path.is_file()] == ["a"]


@pytest.mark.parametrize("noun", ["runs", "sweeps", "models", "experiments"])
def test_an_empty_list_says_where_it_looked(cli, place, noun) -> None:
    """Who stands outside a folder with a config file learns where the runs may be instead."""
    connection = place.client.connection
    for name in ("vacant", "inhabited"):
        Workspaces(connection).create(CreateWorkspace(name, "s", "r", exist_ok=True))
    keys = {"subscription_id": "s", "resource_group": "r", "workspace_name": "vacant"}
    (cli.folder / "config.json").write_text(json.dumps(keys))
    said = cli(noun, "list")
    assert (said.status, said.out) == (0, "")
    assert "in the workspace 'vacant'; others: " in said.err
    # Other tests of the service have workspaces of their own.
    others = said.err.split("; others: ")[1].split(";")[0].split(", ")
    assert {"default", "inhabited"} <= {*others}
    assert "vacant" not in others
    assert "; --workspace chooses" in said.err
    assert "others" not in cli(noun, "list", "--workspace", "vacant").err


def test_an_unknown_workspace_lists_those_there_are(cli) -> None:
    """A slip in the name is mended from the message."""
    said = cli("runs", "list", "--workspace", "nowhere")
    assert said.status == 3
    assert "nowhere" in said.err
    assert "default" in said.err


def test_a_config_file_of_a_workspace_that_is_not_there_makes_none(cli) -> None:
    """Looking changes nothing; the message says who makes it."""
    keys = {"subscription_id": "s", "resource_group": "r", "workspace_name": "not-yet"}
    (cli.folder / "config.json").write_text(json.dumps(keys))
    said = cli("runs", "list")
    assert said.status == 3
    assert "not-yet" in said.err
    assert "not-yet" not in cli("workspaces", "list").out


def test_an_unreadable_config_file_is_status_2(cli) -> None:
    """The file is named, not the trace."""
    (cli.folder / "config.json").write_text("{")
    said = cli("runs", "list")
    assert said.status == 2
    assert "config.json" in said.err


@pytest.fixture(scope="module")
def listed(place) -> None:
    """Two models of its own, one of them older than its latest version, and an experiment."""
    made = (
        ("small", b"ab", "2.9", {}),
        ("listed", b"ab", "2.0", {}),
        ("listed", b"abc", "2.10", {"team": "vision"}),
    )
    for name, data, version, tags in made:
        digest = hashlib.sha256(data).hexdigest()
        place.client.blobs.write(digest, data, len(data))
        place.client.models.register(
            RegisterModel(
                name,
                "m",
                files=[FileEntry("m", digest, len(data))],
                tags=tags,
                framework="T",
                framework_version=version,
            )
        )
    place.client.runs.start(StartRun(experiment="short-filters"))


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("noun", "condition", "names"),
    [
        ("models", "name~LISTED", ["listed", "listed"]),
        ("models", "framework_version=2.10", ["listed"]),
        ("models", "framework_version=2.1", []),
        ("models", "tag.team=vision", ["listed"]),
        ("models", "size>=3", ["listed"]),
        ("models", "latest", ["listed", "small"]),
        ("models", "name = 'listed' and version = 1", ["listed"]),
        ("experiments", "name~short-fil", ["short-filters"]),
        ("experiments", "name=short-filters", ["short-filters"]),
    ],
)
def test_all_lists_take_short_filters(cli, noun, condition, names) -> None:
    """What is typed for runs is typed for models and experiments, too."""
    said = cli(noun, "list", "--filter", condition, "--json")
    assert said.status == 0, said.err
    found = [item["name"] for item in json.loads(said.out)["items"]]
    # Other tests have registered models in the same workspace.
    assert sorted(name for name in found if name in MINE) == names


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        (["models", "list", "--name", "m", "--filter", "nmae=x"], "nmae"),
        (["models", "list", "--filter", "tags.a=1", "--sort", "-sise"], "sise"),
        (["experiments", "list", "--filter", "tag.a=1"], "tag.a"),
        (["experiments", "list", "--filter", "runs >"], ""),
    ],
)
def test_all_lists_point_at_what_was_typed(cli, words, marked) -> None:
    """The mark is below the fault, whatever else was asked for."""
    said = cli(*words)
    assert said.status == 2
    _, shown, mark = said.err.splitlines()
    assert shown == f"  {words[-1]}"
    assert shown[mark.index("^") :][: mark.count("^")] == marked


def test_a_workspace_has_a_day_of_its_packages(cli, place):
    """It is set, shown and cleared, and what is no day is refused with what is."""
    Workspaces(place.client.connection).create(CreateWorkspace("of-2019"))
    told = cli("workspaces", "as-of", "of-2019", "2019-08-01").out
    assert told == "packages of workspace of-2019: as of 2019-08-01\n"
    assert "packages  as of 2019-08-01" in cli("workspaces", "show", "of-2019").out
    assert "write it as '2019-08-01'" in cli("workspaces", "as-of", "of-2019", "2019").err
    cli("workspaces", "as-of", "of-2019")
    shown = json.loads(cli("workspaces", "show", "of-2019", "--json").out)
    assert (shown["name"], shown["as_of"]) == ("of-2019", "")


def test_archived_experiments_are_left_out(cli, place) -> None:
    """Until they are taken back, or run again; their name is completed all the same."""
    for name in ("kept-one", "put-away"):
        place.client.experiments.create(name)

    def listed(*more: str) -> list[str]:
        said = cli("experiments", "list", "--filter", "name~-", "--json", *more)
        found = [one["name"] for one in json.loads(said.out)["items"]]
        return [name for name in found if name in ("kept-one", "put-away")]

    said = cli("experiments", "archive", "put-away")
    assert (said.status, said.out) == (0, "put-away: archived\n")
    assert (listed(), listed("--archived")) == (["kept-one"], ["put-away"])
    # What is left out does not count as shown.
    first = ("--sort", "-created_at", "--limit", "1")
    assert (listed(*first), listed("--archived", *first)) == (["kept-one"], ["put-away"])
    words = {"COMP_WORDS": "runyard experiments unarchive put", "COMP_CWORD": "3"}
    assert "put-away" in cli(_RUNYARD_COMPLETE="complete_bash", **words).out
    said = cli("experiments", "unarchive", "put-away", "--json")
    assert json.loads(said.out)["archived_at"] is None
    assert listed() == ["kept-one", "put-away"]
    assert cli("experiments", "archive", "put-awya").status == 3
