"""Datastores: up, down, nothing lost, nothing overwritten unasked."""

from pathlib import Path

import pytest

from runyard.sdk.datastores import AzureBlobDatastore, AzureFileDatastore, Datastore
from runyard.sdk.exceptions import NotOfferedYet, UserErrorException


@pytest.fixture
def data(folder: Path) -> Path:
    """A folder with two files, one of them deeper."""
    (folder / "data" / "sub").mkdir(parents=True)
    (folder / "data" / "a.txt").write_bytes(b"a" * 3_000_000)
    (folder / "data" / "sub" / "b.txt").write_text("b")
    return folder / "data"


def test_a_folder_comes_back_as_it_went(workspace, folder, data):
    """Data on a datastore is the data that was put there, below its whole path."""
    store = workspace.get_default_datastore()
    reference = store.upload(str(data), "in/mnist", show_progress=False)
    assert reference.path_on_datastore == "in/mnist"
    assert store.download("out", prefix="in", show_progress=False) == 2
    assert (folder / "out/in/mnist/a.txt").read_bytes() == b"a" * 3_000_000
    assert (folder / "out/in/mnist/sub/b.txt").read_text() == "b"
    assert store.download("out", prefix="in", show_progress=False) == 0


def test_files_are_replaced_only_when_asked(workspace, folder, data):
    """overwrite=False leaves what is there, overwrite=True replaces it."""
    store = workspace.get_default_datastore()
    store.upload(data, "x", show_progress=False)
    (data / "a.txt").write_text("new")
    store.upload(data, "x", show_progress=False)
    store.download("one", show_progress=False)
    assert (folder / "one/x/a.txt").stat().st_size == 3_000_000
    store.upload(data, "x", overwrite=True, show_progress=False)
    store.download("two", show_progress=False)
    assert (folder / "two/x/a.txt").read_text() == "new"


def test_single_files_lose_their_folder_unless_a_root_is_given(workspace, folder, data):
    """`upload_files(['./data/a.txt'])` puts `a.txt` at the target."""
    store = Datastore(workspace, "workspacefilestore")
    store.upload_files([str(data / "sub/b.txt")], target_path="flat", show_progress=False)
    store.upload_files(
        ["data/sub/b.txt"], relative_root="data", target_path="deep", show_progress=False
    )
    store.download("out", show_progress=False)
    assert (folder / "out/flat/b.txt").exists()
    assert (folder / "out/deep/sub/b.txt").exists()


def test_a_missing_source_is_said_before_anything_starts(workspace, folder):
    """The message names the path and where was looked from."""
    store = workspace.get_default_datastore()
    with pytest.raises(UserErrorException, match="does not exist"):
        store.upload("nowhere")
    with pytest.raises(UserErrorException, match="nothing-here"):
        store.upload_files(["nothing-here.txt"])
    with pytest.raises(UserErrorException, match="must be a list"):
        store.upload_files("a.txt")


def test_linked_folders_are_sent_too(workspace, folder, data, tmp_path):
    """Data often lies behind a link; it must not be left out in silence."""
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "c.txt").write_text("c")
    (data / "link").symlink_to(tmp_path / "far")
    store = workspace.get_default_datastore()
    store.upload(data, "l", show_progress=False)
    assert store.download("out", prefix="l", show_progress=False) == 3
    (data / "sub" / "up").symlink_to(data)
    with pytest.raises(UserErrorException, match="contains itself"):
        store.upload(data, "l")


def test_a_prefix_that_matches_nothing_is_told(workspace, data):
    """0 files with a reason, not in silence."""
    store = workspace.get_default_datastore()
    store.upload(data, "mnist", show_progress=False)
    with pytest.warns(UserWarning, match="mnist"):
        assert store.download("out", prefix="minst", show_progress=False) == 0


def test_the_factory_gives_the_class_of_the_type(workspace):
    """isinstance tests of old code hold."""
    assert type(Datastore(workspace)) is AzureBlobDatastore
    assert type(Datastore.get(workspace, "workspacefilestore")) is AzureFileDatastore
    assert Datastore.get_default(workspace).datastore_type == "AzureBlob"
    with pytest.raises(UserErrorException, match="workspaceblobstore"):
        Datastore(workspace, "workspaceblobstor")


def test_databases_and_lakes_are_not_offered(workspace):
    """The message leads to what is: stores of objects, and the default datastore."""
    with pytest.raises(NotOfferedYet, match=r"register_s3.*get_default_datastore"):
        Datastore.register_azure_sql_database(workspace, "d", "server", "database")


def test_progress_is_one_line_where_there_is_no_terminal(workspace, data, capsys):
    """A notebook's or a log's output stays readable."""
    workspace.get_default_datastore().upload(data, "p")
    assert "Uploading 2 files: 3.0 MB" in capsys.readouterr().err
