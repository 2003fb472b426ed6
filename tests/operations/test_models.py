"""Models."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runyard.protocol.errors import (
    AlreadyExists,
    InvalidRequest,
    MissingBlobs,
    ModelNotFound,
    RunFileNotFound,
    RunNotFound,
    WrongName,
)
from runyard.protocol.files import FileEntry
from runyard.protocol.models import (
    ChangeModel,
    ModelQuery,
    ModelRecord,
    ModelResources,
    RegisterModel,
)
from runyard_server.core import idempotency
from runyard_server.core.system import System
from runyard_server.core.work import Request
from runyard_server.operations import models

Store = Callable[..., FileEntry]


def register(system: System, run: str | None, path: str, **more: Any) -> ModelRecord:
    body = RegisterModel(name=more.pop("name", "m"), path=path, run=run, **more)
    made = models.register(system, "default", body=body)
    # What registering answers has no files.
    assert made.files == []
    return models.get(system, "default", made.id)


def paths(record: ModelRecord) -> list[str]:
    return [entry.path for entry in record.files]


def listed(system: System, **query: Any) -> list[str]:
    page = models.list_(system, "default", ModelQuery(**query))
    return [record.id for record in page.items]


@pytest.mark.parametrize("path", ["outputs/model", "./outputs/model/", "outputs//model"])
def test_a_folder_of_a_run_becomes_a_model(system: System, run_with_files: str, path: str) -> None:
    """All files below the folder, under its last segment; the sibling of like name is not in it."""
    record = register(system, run_with_files, path, tags={"a": "b"}, framework="TensorFlow")
    assert (record.id, record.version, record.path) == ("m:1", 1, "model")
    assert paths(record) == ["model/graph.meta", "model/weights.data"]
    assert (record.file_count, record.size) == (2, len("graph" + "weights"))
    assert (record.run, record.experiment) == (run_with_files, "mnist")
    assert models.get(system, "default", "m") == record
    assert models.get(system, "default", "m:1") == record


def test_a_file_of_a_run_becomes_a_model(system: System, run_with_files: str) -> None:
    """A single file is downloaded under its own name."""
    record = register(system, run_with_files, "outputs/modelling.txt")
    assert (record.path, paths(record)) == ("modelling.txt", ["modelling.txt"])


def test_everything_includes_logs(system: System, run_with_files: str) -> None:
    """`model_path='./'` takes all files as they are; a log is stored as far as it has grown."""
    record = register(system, run_with_files, "./")
    assert "azureml-logs/70_driver_log.txt" in paths(record)
    assert "outputs/model/graph.meta" in paths(record)
    log = next(entry for entry in record.files if entry.path.startswith("azureml-logs"))
    system.logs.append("default", run_with_files, log.path, log.size, io.BytesIO(b"more\n"))
    assert system.blobs.path(log.digest).read_bytes() == b"hello\n"


def test_a_path_that_matches_nothing_names_the_nearest(system: System, run_with_files: str) -> None:
    """The message lists the run's files that may have been meant; no version is used up."""
    with pytest.raises(RunFileNotFound, match="outputs/model/") as caught:
        register(system, run_with_files, "outputs/modell")
    assert "outputs/modelling.txt" in caught.value.details["nearest"]
    with pytest.raises(RunNotFound, match="nearest"):
        register(system, run_with_files[:-1], "outputs/model")
    assert register(system, run_with_files, "outputs/model").version == 1


def test_files_that_were_sent_become_a_model(system: System, store_text: Store) -> None:
    """A local folder is kept below its last segment, a local file under its own name."""
    files = [store_text("b/c.txt", "c"), store_text("a.txt", "a", executable=True)]
    folder = register(system, None, "my/folder", files=files)
    assert (folder.path, paths(folder)) == ("folder", ["folder/a.txt", "folder/b/c.txt"])
    assert folder.files[0].executable
    single = register(system, None, "some/a.txt", files=[store_text("a.txt", "a")])
    assert (single.path, paths(single)) == ("a.txt", ["a.txt"])


def test_contents_must_be_there(system: System) -> None:
    """A model never refers to what is not stored."""
    with pytest.raises(MissingBlobs) as caught:
        register(system, None, "x", files=[FileEntry("x", "0" * 64, 1)])
    assert caught.value.details == {"missing": ["0" * 64]}
    assert listed(system) == []


def test_bad_requests_say_what_is_wrong(system: System, run_with_files: str) -> None:
    """A refused registration makes nothing."""
    with pytest.raises(WrongName, match="letters, digits"):
        register(system, run_with_files, "outputs", name="my model")
    with pytest.raises(InvalidRequest, match="give one of them"):
        register(system, None, "outputs")
    with pytest.raises(InvalidRequest, match="give both"):
        register(system, run_with_files, "outputs", framework_version="1")
    with pytest.raises(InvalidRequest, match="cannot be used"):
        register(system, run_with_files, "../outputs")
    for wrong in ({"tags": {"": "x"}}, {"properties": {"p" * 256: "x"}}):
        with pytest.raises(InvalidRequest, match="use 1 to 255"):
            register(system, run_with_files, "outputs", **wrong)
    assert listed(system) == []


def test_versions_at_once_are_distinct(system: System, run_with_files: str) -> None:
    """64 clients that register at the same time get versions without a gap, one each."""
    with ThreadPoolExecutor(64) as pool:
        made = list(
            pool.map(lambda _: register(system, run_with_files, "plot.png").version, range(128))
        )
    assert sorted(made) == list(range(1, 129))
    assert models.get(system, "default", "m").version == 128


def test_a_repeat_gives_the_same_version(system: System, run_with_files: str) -> None:
    """A client that lost the answer asks again and does not make a second version."""
    for _ in range(2):
        record = idempotency.once(
            system,
            Request("key", "body"),
            lambda answering: models.register(
                answering, "default", body=RegisterModel("m", "plot.png", run=run_with_files)
            ),
            ModelRecord,
        )
    assert record.version == 1
    assert listed(system) == ["m:1"]


def test_lists_are_newest_first_and_filtered(
    system: System, run_with_files: str, store_text: Store
) -> None:
    """Each filter of the v1 SDK keeps what it should."""
    register(system, run_with_files, "plot.png", tags={"area": "x", "best": ""})
    register(system, None, "a", files=[store_text("a", "a")], tags={"area": "y"})
    register(
        system,
        None,
        "a",
        name="other",
        files=[store_text("a", "a")],
        framework="PyTorch",
        properties={"p": "1"},
    )
    assert listed(system) == ["other:1", "m:2", "m:1"]
    assert listed(system, name="m") == ["m:2", "m:1"]
    assert listed(system, latest=True) == ["other:1", "m:2"]
    assert listed(system, run=run_with_files) == ["m:1"]
    assert listed(system, framework="PyTorch") == ["other:1"]
    assert listed(system, tags=["area"]) == ["m:2", "m:1"]
    assert listed(system, tags=["area=x", "best"]) == ["m:1"]
    assert listed(system, properties=["p=1"]) == ["other:1"]
    assert listed(system, tags=["area=z"]) == []


@pytest.mark.parametrize("tags", [[], ["area"]])
def test_lists_page_by_key(system: System, store_text: Store, tags: list[str]) -> None:
    """Every version comes exactly once, however small the pages, also when filtered."""
    entry = store_text("a", "a")
    for _ in range(5):
        register(system, None, "a", files=[entry], tags={"area": "x"})
    found, token = [], None
    while True:
        query = ModelQuery(page_size=2, page_token=token, tags=tags)
        page = models.list_(system, "default", query)
        found += [record.version for record in page.items]
        token = page.next_page_token
        if token is None:
            break
    assert found == [5, 4, 3, 2, 1]


def test_unknown_models_name_the_nearest(system: System, run_with_files: str) -> None:
    """`Model(ws, 'tf-dnn-mnits')` is answered with the name that was meant."""
    with pytest.raises(ModelNotFound, match="none yet"):
        models.get(system, "default", "m")
    register(system, run_with_files, "plot.png", name="tf-dnn-mnist")
    with pytest.raises(ModelNotFound, match="'tf-dnn-mnist'"):
        models.get(system, "default", "tf-dnn-mnits")
    for version in ("7", "0", "x", "99999999999999999999"):
        with pytest.raises(ModelNotFound, match="tf-dnn-mnist:1"):
            models.get(system, "default", f"tf-dnn-mnist:{version}")


def test_tags_change_and_properties_do_not(system: System, run_with_files: str) -> None:
    """Properties are the model's birth certificate; tags are its labels."""
    register(system, run_with_files, "plot.png", tags={"a": "1", "b": "2"}, properties={"p": "1"})
    body = ChangeModel(
        tags={"a": "3"}, removed_tags=["b", "none"], properties={"q": "2"}, description="d"
    )
    changed = models.change(system, "default", "m:1", body=body)
    assert (changed.tags, changed.description) == ({"a": "3"}, "d")
    assert changed.properties == {"p": "1", "q": "2"}
    with pytest.raises(AlreadyExists, match="written once"):
        models.change(system, "default", "m:1", body=ChangeModel(properties={"p": "9"}))
    with pytest.raises(InvalidRequest, match="which version"):
        models.change(system, "default", "m", body=ChangeModel())
    assert models.get(system, "default", "m:1") == changed


def test_a_deleted_version_is_gone_and_its_number_too(system: System, run_with_files: str) -> None:
    """`name:2` never comes to mean another model."""
    for _ in range(2):
        register(system, run_with_files, "plot.png")
    models.delete(system, "default", "m:2")
    assert models.get(system, "default", "m").version == 1
    assert register(system, run_with_files, "plot.png").version == 3
    models.delete(system, "default", "m:1")
    models.delete(system, "default", "m:3")
    with pytest.raises(ModelNotFound):
        models.get(system, "default", "m")
    assert listed(system, latest=True) == []
    assert register(system, run_with_files, "plot.png").version == 4


def test_what_a_model_would_like_to_have_is_kept(system: System, run_with_files: str) -> None:
    """Where it is served without code, it gets what was said when it was registered."""
    wishes = ModelResources(cpus=0.5, memory_gb=2.0)
    record = register(system, run_with_files, "outputs/model", resources=wishes)
    assert models.get(system, "default", record.id).resources == wishes
    more = ChangeModel(resources=ModelResources(gpus=1))
    assert models.change(system, "default", "m:1", body=more).resources == ModelResources(gpus=1)
    models.change(system, "default", "m:1", body=ChangeModel(description="d"))
    assert models.get(system, "default", "m:1").resources.gpus == 1
