"""Datasets: definitions, versions that mean bytes, records, and what jobs see of them."""

import http.server
import json
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import runyard
from runyard import Dataset, DataType, Model
from runyard.sdk.dataset_expressions import condition_from
from runyard.sdk.dataset_inputs import DatasetConsumptionConfig
from runyard.sdk.dataset_outputs import OutputFileDatasetConfig
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import (
    DatasetExecutionError,
    DatasetTimestampMissingError,
    DatasetValidationError,
    NotOfferedYet,
    UserErrorException,
)
from runyard.sdk.file_datasets import FileDataset
from runyard.sdk.v1.scripts import ScriptRunConfig

IRIS = "length,width,species\n5.1,3.5,setosa\n4.9,,setosa\n6.3,3.3,virginica\n"


@pytest.fixture
def store(workspace, folder):
    """The default datastore, with a table and a folder of files on it."""
    _write(folder, "data/iris/iris.csv", IRIS)
    _write(folder, "data/images/a.txt", "a")
    _write(folder, "data/images/deep/b.txt", "bb")
    found = workspace.get_default_datastore()
    found.upload(str(folder / "data"), show_progress=False)
    return found


def test_records_come_with_their_types_and_steps(store):
    """What pandas gets are numbers, texts and missing values, after all steps, in order."""
    iris = Dataset.Tabular.from_delimited_files([(store, "iris/iris.csv")])
    frame = iris.to_pandas_dataframe()
    assert list(map(str, frame.dtypes)) == ["float64", "float64", "object"]
    assert frame["width"].isna().tolist() == [False, True, False]
    wide = iris.filter((iris["length"] > 5) & ~(iris["species"] == "setosa"))
    assert wide.keep_columns(["species", "length"]).to_pandas_dataframe().to_dict("list") == {
        "length": [6.3],
        "species": ["virginica"],
    }
    assert len(iris.skip(1).take(1).to_pandas_dataframe()) == 1
    one, other = iris.random_split(0.5, seed=3)
    both = [*one.to_pandas_dataframe()["length"], *other.to_pandas_dataframe()["length"]]
    assert sorted(both) == [4.9, 5.1, 6.3]
    assert [len(each) for each in iris.batches(rows=2)] == [2, 1]


def test_what_does_not_fit_its_column_is_missing_and_told(store, folder):
    """A text in a column of numbers is no silent hole: the warning says how to keep it."""
    rows = "n\n" + "1\n" * 200 + "unknown\n"
    store.upload_files([_write(folder, "n.csv", rows)], target_path="late", show_progress=False)
    late = Dataset.Tabular.from_delimited_files((store, "late/*.csv"))
    with pytest.warns(UserWarning, match=r"1 values of column 'n' .*'unknown' in record 201"):
        assert late.to_pandas_dataframe()["n"].isna().sum() == 1
    with pytest.raises(DatasetExecutionError, match=r"n.csv, record 201: 'unknown'"):
        late.to_pandas_dataframe(on_error="fail")
    kept = Dataset.Tabular.from_delimited_files(
        (store, "late/n.csv"), set_column_types={"n": DataType.to_string()}
    )
    assert kept.to_pandas_dataframe()["n"].tolist()[-1] == "unknown"


def test_dates_beyond_what_pandas_can_say_are_missing_or_refused(store, folder):
    """As `out_of_range_datetime` asks; no date becomes another one."""
    place = _write(folder, "old.csv", "at\n1066-10-14\n2020-01-01\n")
    store.upload_files([place], target_path="old", show_progress=False)
    old = Dataset.Tabular.from_delimited_files((store, "old/old.csv"))
    assert old.to_pandas_dataframe()["at"].isna().tolist() == [True, False]
    with pytest.raises(DatasetExecutionError, match=r"record 1: 1066-10-14 .* in column 'at'"):
        old.to_pandas_dataframe(out_of_range_datetime="fail")
    assert old.to_columns()["at"][0].year == 1066


def test_times_select_records(store, folder):
    """The `time_*` steps need a timestamp, and keep what lies on their boundary if asked."""
    store.upload_files(
        [_write(folder, "t.csv", "at,n\n2020-01-01,1\n2020-01-02,2\n2020-01-03,3\n")],
        target_path="times",
        show_progress=False,
    )
    table = Dataset.Tabular.from_delimited_files((store, "times/t.csv"))
    with pytest.raises(DatasetTimestampMissingError):
        table.time_before(_day(2))
    timed = table.with_timestamp_columns(timestamp="at")
    assert timed.time_before(_day(2)).to_pandas_dataframe()["n"].tolist() == [1, 2]
    late = timed.time_after(_day(2), include_boundary=False).to_pandas_dataframe()
    assert late["n"].tolist() == [3]
    # A day that begins in the east while it is still the day before in UTC.
    zoned = _day(3).replace(tzinfo=timezone(timedelta(hours=5)))
    assert timed.time_after(zoned).to_pandas_dataframe()["n"].tolist() == [3]
    assert timed.time_before(zoned).to_pandas_dataframe()["n"].tolist() == [1, 2]
    assert late.index[0] == late["at"].iloc[0]


def test_paths_are_those_below_the_folder_and_a_wrong_one_is_told(store, folder):
    """`to_path`, `download` and `mount` agree on names; nothing found names what is near."""
    images = Dataset.File.from_files((store, "images"))
    assert images.to_path() == ["/a.txt", "/deep/b.txt"]
    assert Dataset.File.from_files((store, "images/**/b*")).to_path() == ["/deep/b.txt"]
    both = Dataset.File.from_files([(store, "iris/iris.csv"), (store, "images/a.txt")])
    assert both.to_path() == [
        "/workspaceblobstore/iris/iris.csv",
        "/workspaceblobstore/images/a.txt",
    ]
    images.download("here")
    assert Path("here/deep/b.txt").read_text() == "bb"
    Path("here/a.txt").unlink()
    with pytest.raises(UserErrorException, match=r"1 of 2 files"):
        images.download("here")
    assert not Path("here/a.txt").exists()
    with images.mount() as mounted:
        assert Path(mounted.mount_point, "a.txt").read_text() == "a"
    assert not Path(mounted.mount_point).exists()
    with pytest.raises(DatasetValidationError, match=r"nearest there: images"):
        Dataset.File.from_files((store, "image"))


def test_files_are_kept_by_what_is_known_of_them(store, folder):
    """Their size, their ending and their time; a step among the others."""
    images = Dataset.File.from_files((store, "images"))
    size, ending = images.file_metadata("Size"), images.file_metadata("Extension")
    assert images.filter(size > 1).to_path() == ["/deep/b.txt"]
    assert images.filter((size == 1) | (ending != ".txt")).skip(0).to_path() == ["/a.txt"]
    new = images.file_metadata("LastModifiedTime") > datetime(2020, 1, 1, tzinfo=UTC)
    assert len(images.take(1).filter(new & ~(size >= 2)).to_path()) == 1
    assert images.filter(~new).to_path() == []
    with pytest.raises(UserErrorException, match="col is 'Sise'; it may be Size, "):
        images.file_metadata("Sise")
    with pytest.raises(UserErrorException, match="is no condition on files"):
        images.filter(size > "much").to_path()


def test_a_mount_removes_only_what_it_has_put_there(store, folder):
    """A folder that was refused, or never mounted, keeps its files whatever is called."""
    kept = Path(_write(folder, "mine/kept.txt", "mine"))
    images = Dataset.File.from_files((store, "images"))
    refused = images.mount(kept.parent)
    refused.stop()
    with pytest.raises(UserErrorException, match="is not empty"):
        refused.start()
    refused.stop()
    assert kept.read_text() == "mine"
    (folder / "empty").mkdir()
    taken = images.mount(folder / "empty")
    with taken:
        assert (folder / "empty/a.txt").exists()
    assert list((folder / "empty").iterdir()) == []
    Path(_write(folder, "empty/later.txt", "mine"))
    taken.stop()
    assert (folder / "empty/later.txt").exists()


def test_versions_mean_bytes(workspace, store, folder):
    """Equal data are one version, changed data the next; an old one says that files differ."""
    images = Dataset.File.from_files((store, "images"))
    first = images.register(workspace, "my images", description="two", tags={"by": "test"})
    assert (images.id, first.version, first.tags) == (None, 1, {"by": "test"})
    assert timedelta(0) < datetime.now(UTC) - first.data_changed_time < timedelta(hours=1)
    with pytest.raises(UserErrorException, match="create_new_version=True"):
        images.register(workspace, "my images")
    assert images.register(workspace, "my images", create_new_version=True).version == 1
    changed = _write(folder, "data/images/a.txt", "other")
    store.upload_files([changed], target_path="images", overwrite=True, show_progress=False)
    second = images.register(workspace, "my images", create_new_version=True)
    assert (second.version, second.id) == (2, first.id)
    assert first.diff(second) == {"added": [], "removed": [], "changed": ["a.txt"]}
    old = Dataset.get_by_name(workspace, "my images", version=1)
    with pytest.warns(UserWarning, match=r"1 of 2 files differ from version 1"):
        old.to_path()
    assert list(workspace.datasets) == ["my images"]
    assert workspace.datasets["my images"].version == 2
    workspace.service.datasets.delete("my images:2")
    assert images.register(workspace, "my images", create_new_version=True).version == 3
    second.unregister_all_versions()
    with pytest.raises(UserErrorException, match="Cannot find dataset registered with name"):
        Dataset.get_by_name(workspace, "my images")
    assert list(workspace.datasets) == []
    assert images.register(workspace, "my images").version == 4
    assert Dataset.get_by_id(workspace, first.id).to_path() == ["/a.txt", "/deep/b.txt"]


def test_a_dataset_by_its_name_and_its_records_by_a_text(store):
    """Files become a version in one call; records are read with types and conditions in words."""
    raw = runyard.dataset("raw", files=(store, "iris/*.csv"))
    assert (raw.version, runyard.dataset("raw", files=raw, workspace=raw._where()).version) == (
        1,
        1,
    )
    assert runyard.dataset("raw", version=1, workspace=raw._where()).id == raw.id
    with pytest.raises(UserErrorException, match="give one of the two"):
        runyard.dataset("raw", files=raw, version=1)
    table = raw.read_csv(types={"length": "string"})
    long = table.where("length in ('5.1', '6.3') and width is not None and species != 'setosa'")
    assert long.to_pandas_dataframe()["length"].tolist() == ["6.3"]
    with pytest.raises(UserErrorException, match="cannot be of type 'text'; there are string"):
        raw.read_csv(types={"length": "text"})
    with pytest.raises(UserErrorException, match="some files of a dataset"):
        raw.take(1).read_csv()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a > 1", {"compare": ["a", ">", 1]}),
        ("0.5 <= a", {"compare": ["a", ">=", 0.5]}),
        ("-1 < a < 9", {"and": [{"compare": ["a", ">", -1]}, {"compare": ["a", "<", 9]}]}),
        ("a is None", {"missing": "a"}),
        ("not a is not None", {"not": {"not": {"missing": "a"}}}),
        (
            "größe == 'ü' or b != 2",
            {"or": [{"compare": ["größe", "==", "ü"]}, {"compare": ["b", "!=", 2]}]},
        ),
        ("a in ('x', 'y')", {"or": [{"compare": ["a", "==", "x"]}, {"compare": ["a", "==", "y"]}]}),
        ("a not in [1]", {"not": {"or": [{"compare": ["a", "==", 1]}]}}),
    ],
)
def test_conditions_in_words(text, plain):
    """A text says the same as an expression of columns."""
    assert condition_from(text) == plain


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a >", "is no condition: "),
        ("größe + 1 > 2", r"at 'größe \+ 1 > 2'"),
        ("a > b", "at 'b'"),
        ("a > 1 and f(a)", r"at 'f\(a\)'"),
        ("1 < 2", "at '1 < 2'"),
        ("a is 1", "at '1'"),
        ("a > None", "can be compared with"),
        ("a > (1, 2)", "can be compared with"),
    ],
)
def test_a_text_that_is_no_condition_is_refused_at_its_place(text, part):
    """The message points at the part, and shows how conditions are said."""
    with pytest.raises(UserErrorException, match=part):
        condition_from(text)


def test_a_dataset_is_read_where_its_lineage_cannot_be_kept(workspace, store, monkeypatch):
    """A run that has ended only reads, and what it looks up is there for it all the same."""
    Dataset.File.from_files((store, "images/")).register(workspace, "unnoted")
    monkeypatch.setenv("RUNYARD_RUN_ID", "gone")
    monkeypatch.setenv("RUNYARD_WORKSPACE", workspace.service.id)
    with pytest.warns(UserWarning, match="no lineage of dataset unnoted:1"):
        found = Dataset.get_by_name(workspace, "unnoted")
    assert sorted(found.to_path()) == ["/a.txt", "/deep/b.txt"]


READS = """
import json, os, sys
from runyard import Dataset, Run
run = Run.get_context()
found = {"arguments": sys.argv[1:]}
folder = run.input_datasets["images"]
walked = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
found["files"] = sorted(path[len(folder):] for path in walked)
found["links"] = os.path.islink(folder)
one = sys.argv[sys.argv.index("--one") + 1]
found["one"] = open(one).read()
found["own"] = not os.path.islink(one)
found["web"] = open(os.environ["web"]).read()
found["rows"] = len(run.input_datasets["iris"].take(2).to_pandas_dataframe())
found["variables"] = os.environ["AZUREML_DATASET_ENVIRONMENT_VARS"]
for name in ("iris", "looked up", "looked up"):
    Dataset.get_by_name(run.experiment.workspace, name)
with open(os.path.join(os.environ["made"], "part.csv"), "w") as stream:
    stream.write("a,b\\n1,2\\n")
try:
    run.input_datasets["wrong"]
except KeyError as error:
    found["error"] = str(error)
run.input_datasets["noted"] = run.input_datasets["iris"]
found["noted"] = run.input_datasets["noted"].id == run.input_datasets["iris"].id
os.makedirs("outputs", exist_ok=True)
json.dump(found, open("outputs/found.json", "w"))
"""


def test_a_job_sees_its_datasets_and_makes_others(workspace, experiment, store, folder):
    """Mounts, copies, web files and records arrive under their names, and lineage tells of all."""
    source = folder / "source"
    _write(source, "train.py", READS)
    images = Dataset.File.from_files((store, "images/"))
    iris = Dataset.Tabular.from_delimited_files((store, "iris/iris.csv"))
    iris = iris.register(workspace, "iris")
    found_by_name = images.register(workspace, "looked up")
    output = OutputFileDatasetConfig("made").register_on_complete("results").read_delimited_files()
    with _served({"/dir/text.txt": "from the web"}) as url:
        web = Dataset.File.from_files(url + "/dir/text.txt")
        config = ScriptRunConfig(
            str(source),
            "train.py",
            arguments=[
                iris.as_named_input("iris"),
                images.as_named_input("images").as_mount(),
                "--one",
                Dataset.File.from_files((store, "images/a.txt")).as_download(),
                web.as_named_input("web").as_mount(),
                output,
            ],
            environment=_here(),
        )
        run = experiment.submit(config)
    run.wait_for_completion()
    run.download_file("outputs/found.json", "found.json")
    found = json.loads(Path("found.json").read_text())
    assert found["files"] == ["/a.txt", "/deep/b.txt"]
    assert found["links"]
    assert (found["one"], found["own"], found["web"]) == ("a", True, "from the web")
    assert found["rows"] == 2
    assert "iris:Direct,images:Mount" in found["variables"]
    assert "has no input 'wrong'; it has 'iris'" in found["error"]
    assert found["arguments"][0] == iris.id
    assert images.id is not None
    details = run.get_details()
    *inputs, looked_up = details["inputDatasets"]
    assert looked_up["consumptionDetails"] == {"type": "Reference"}
    assert looked_up["dataset"].name == "looked up"
    assert [each.use for each in found_by_name.readers() if each.digest] == ["reference", "input"]
    told = {each["consumptionDetails"]["inputName"]: each for each in inputs}
    assert told["iris"]["dataset"].version == 1
    assert details["runDefinition"]["arguments"][0] == "DatasetConsumptionConfig:iris"
    assert details["outputDatasets"][0]["identifier"]["registeredVersion"] == "1"
    results = Dataset.get_by_name(workspace, "results")
    assert results.to_pandas_dataframe().to_dict("list") == {"a": ["1"], "b": ["2"]}
    model = run.register_model("m", "outputs/found.json", datasets=[("training", iris)])
    assert [each.version for each in Model(workspace, "m").datasets["training"]] == [None]
    assert [(each.kind, each.id, each.use) for each in iris.readers()] == [
        ("model", "m:1", "training"),
        ("run", run.id, "input"),
    ]
    assert [each.id for each in Model.list(workspace, dataset_id=iris.id)] == [model.id]
    traced = {each.use: each for each in workspace.service.models.lineage("m:1").datasets}
    assert (traced["training"].digest, traced["iris"].version) == (iris.digest, 1)
    read = iris.id
    iris.unregister_all_versions()
    images.register(workspace, "iris")
    assert told["iris"]["dataset"].id == read


def test_an_input_that_is_written_meanwhile_is_told(workspace, experiment, store, folder):
    """Links are not read-only, so the lineage says that what was read had changed."""
    source = folder / "source"
    _write(source, "train.py", "import sys; open(sys.argv[1] + '/a.txt', 'a').write('more')")
    images = Dataset.File.from_files((store, "images"))
    named = images.as_named_input("images").as_mount()
    config = ScriptRunConfig(str(source), "train.py", arguments=[named], environment=_here())
    run = experiment.submit(config)
    run.wait_for_completion()
    assert "'images' were written" in run.get_details()["warnings"][0]["message"]
    (one,) = workspace.service.datasets.of_run(run.id).items
    assert (one.changed, one.digest[:7]) == (True, "sha256:")


def test_what_cannot_be_is_refused_before_anything_starts(workspace, experiment, store, folder):
    """Bare datasets, tables as folders, bad names and wrong paths say what to write instead."""
    images = Dataset.File.from_files((store, "images"))
    iris = Dataset.Tabular.from_delimited_files((store, "iris/iris.csv"))
    _write(folder, "source/train.py", "")

    def submitted(argument):
        config = ScriptRunConfig("source", "train.py", arguments=[argument], environment=_here())
        return experiment.submit(config)

    refused = [
        (lambda: submitted(images), r"as_mount\(\) or dataset.as_download\(\)"),
        (lambda: submitted(images.as_named_input("PATH")), "a variable of that name"),
        (lambda: DatasetConsumptionConfig("x", iris, mode="mount"), "to_pandas_dataframe"),
        (lambda: DatasetConsumptionConfig("x", iris, mode="hdfs"), "no HDFS"),
        (lambda: images.as_named_input("1st"), "cannot name an input"),
        (lambda: Dataset.File.from_files("iris.csv"), "Invalid argument type for `path`"),
        (lambda: Dataset.File.from_files((store,)), "Invalid tuple for path"),
        (lambda: Dataset.File.from_files([(store, "a"), "https://h/b"]), "in one list"),
        (lambda: Dataset.File.from_files((store, "../x")), "leads upwards"),
        (lambda: Dataset.File.from_files((store, "[z-a]")), "runs backwards"),
        (lambda: Dataset.File.from_files("https://h/a/../b"), "a segment"),
        (lambda: Dataset.File.upload_directory("source", store, "*.csv"), "fits '\\*.csv'"),
        (lambda: iris.keep_columns("no", validate=True), r"leaves none of length, width"),
        (lambda: _timed(iris).time_after("2020-01-01"), r"must be a datetime.datetime"),
        (lambda: _timed(iris).time_recent(5), "must be a timedelta"),
        (lambda: Dataset.Tabular.from_delimited_files((store, "x"), separator=""), "separator"),
        (lambda: Dataset.Tabular.from_delimited_files((store, "x"), separator=None), "separator"),
    ]
    for call, words in refused:
        with pytest.raises(UserErrorException, match=words):
            call()
    with pytest.raises(NotOfferedYet, match="from_parquet_files"):
        Dataset.Tabular.from_sql_query("select 1")
    for call, words in [
        (Dataset.from_excel_files, "from_excel_files.*read_excel"),
        (Dataset.from_pandas_dataframe, "register_pandas_dataframe"),
        (Dataset.Tabular.register_spark_dataframe, r"write.parquet\(…\)"),
    ]:
        with pytest.raises(NotOfferedYet, match=words):
            call("x")
    with pytest.raises(UserErrorException, match=r"has '%Q'; there are %Y %y"):
        DataType.to_datetime("%Y %Q")
    with pytest.raises(NotOfferedYet, match="describe"):
        iris.get_profile()
    with pytest.raises(ValueError, match="count must be"):
        iris.take(-1)
    assert Dataset.File.from_files((store, "not there"), validate=False).id is None
    assert list(experiment.get_runs()) == []


def test_records_become_files_that_are_a_dataset(store, workspace, folder):
    """They are read back as they were, written once, and registered like any other files."""
    iris = Dataset.Tabular.from_delimited_files([(store, "iris/iris.csv")])
    short = iris.filter(iris["length"] > 5)
    written = short.to_csv_files(separator=";")
    assert written.to_path() == ["/part-0.csv"]
    (place,) = written.download(folder / "out")
    assert Path(place).read_text() == "length;width;species\n5.1;3.5;setosa\n6.3;3.3;virginica\n"
    assert short.to_csv_files(separator=";").register(workspace, "short").version == 1
    again = written.register(workspace, "short", create_new_version=True)
    assert (again.version, short.to_csv_files().to_path()) == (1, ["/part-0.csv"])
    with pytest.raises(UserErrorException, match="separator must be one character"):
        iris.to_csv_files(separator=", ")


def test_a_pinned_version_is_read_as_it_was(workspace, experiment, store, folder):
    """By the SDK, by what is made of it, and by a job, when all of its files have gone."""
    images = Dataset.File.from_files((store, "images"))
    images.register(workspace, "images", pin=True)
    images.skip(1).register(workspace, "rest", pin=True)
    iris = runyard.dataset("iris", files=(store, "iris"), workspace=workspace, pin=True)
    for path in ("images/a.txt", "images/deep/b.txt", "iris/iris.csv"):
        store.delete_file(path)
    kept = Dataset.get_by_name(workspace, "images")
    assert (kept.pinned, kept.to_path()) == (True, ["/a.txt", "/deep/b.txt"])
    assert Dataset.get_by_name(workspace, "rest").to_path() == ["/deep/b.txt"]
    (place,) = kept.skip(1).download(folder / "out")
    assert Path(place).read_text() == "bb"
    table = iris.read_csv().where("length > 5")
    assert table.to_pandas_dataframe()["species"].tolist() == ["setosa", "virginica"]
    _write(
        folder / "source",
        "train.py",
        "import os, sys\n"
        "from runyard import Run\n"
        "assert open(os.path.join(sys.argv[1], 'deep', 'b.txt')).read() == 'bb'\n"
        "assert len(Run.get_context().input_datasets['t'].to_columns()['length']) == 2\n",
    )
    config = ScriptRunConfig(
        "source",
        "train.py",
        arguments=[kept.as_mount(), table.as_named_input("t")],
        environment=_here(),
    )
    experiment.submit(config).wait_for_completion()


def test_records_of_the_web_are_written_as_they_are_now(workspace, folder):
    """An address tells no size and no time: other bytes behind it are other records."""
    pages = {"/x.csv": "n,text\n7,a\n"}
    with _served(pages) as url:
        table = Dataset.Tabular.from_delimited_files(url + "/x.csv")
        table._workspace = workspace
        (first,) = table.to_csv_files().download(folder / "one")
        pages["/x.csv"] = "n,text\n2,b\n3,c,more\n"
        (second,) = table.to_csv_files().download(folder / "two")
    assert Path(first).read_text() == "n,text\n7,a\n"
    assert Path(second).read_text() == "n,text,Column3\n2,b,\n3,c,more\n"


def test_a_web_file_is_fetched_again_only_where_it_has_changed(workspace):
    """Its server's mark is asked with: a large file that is the same is not read again."""
    pages, asked = {"/x.csv": "n\n1\n"}, []
    with _served(pages, marks=asked) as url:
        table = Dataset.File.from_files(url + "/x.csv", validate=False)
        first = table.register(workspace, "marked")
        assert table.register(workspace, "marked", create_new_version=True).version == 1
        assert asked == [("", 200), ('"4"', 304)]
        pages["/x.csv"] = "n\n12\n"
        second = table.register(workspace, "marked", create_new_version=True)
    assert (second.version, second.digest != first.digest) == (2, True)


def test_a_web_file_that_is_gone_is_read_from_what_was_stored(workspace, folder):
    """Offline with a copy at hand, a dataset works and says what it reads."""
    with _served({"/x.csv": "n\n1\n"}) as url:
        table = Dataset.Tabular.from_delimited_files(url + "/x.csv")
        kept = table.register(workspace, "web")
    with pytest.warns(UserWarning, match="what is stored of it is read"):
        assert kept.to_pandas_dataframe()["n"].tolist() == [1]


def test_a_web_address_leads_nowhere_out_of_the_target(workspace, folder):
    """A stored definition may have `..` in an address; its file is brought below the target."""
    path = "/../../../../escaped.txt"
    with _served({path: "text"}) as url:
        sources = [{"url": url + path}, {"url": f"{url}/{path}"}]
        dataset = FileDataset({"kind": "file", "sources": sources}, workspace)
        (first, _) = dataset.download(folder / "deep/target")
    assert Path(first).is_relative_to(folder / "deep/target")
    assert not list(folder.glob("escaped.txt"))


def test_half_a_web_file_is_not_kept_as_all_of_it(workspace, folder):
    """An answer that breaks off is an error: what is stored of it would be read for ever."""
    with _served({"/x.csv": "half"}, announced="9") as url:
        dataset = FileDataset({"kind": "file", "sources": [{"url": url + "/x.csv"}]}, workspace)
        with pytest.raises(DatasetExecutionError, match="broke off after 4 of 9 bytes"):
            dataset.register(workspace, "half")
        with pytest.raises(OSError, match="broke off"):
            dataset.download(folder / "target")
    assert list((folder / "target").iterdir()) == []
    assert list(workspace.datasets) == []


@contextmanager
def _served(texts, announced=None, marks=None):
    """Serve texts by path on loopback for as long as a block lasts; give the address.

    With `marks` each text has one, its length, and what is asked and answered is noted there.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            mark, known = f'"{len(texts[self.path])}"', self.headers.get("If-None-Match", "")
            status = 304 if marks is not None and known == mark else 200
            self.send_response(status)
            if marks is not None:
                marks.append((known, status))
                self.send_header("ETag", mark)
            if status == 304:
                self.end_headers()
                return
            if announced is not None:
                self.send_header("Content-Length", announced)
            self.end_headers()
            self.wfile.write(texts[self.path].encode())

        def log_message(self, form, *values):  # noqa: ANN002 - the base class's
            """Write nothing to the test's output."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _write(folder, name, text):
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return str(place)


def _timed(table):
    return table.with_timestamp_columns("length")


def _day(day):
    return datetime.fromisoformat(f"2020-01-{day:02}")


def _here():
    environment = Environment("here")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return environment
