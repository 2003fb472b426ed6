"""Local paths that users give: where things go, and errors that name what they are about."""

import io
import os
import socket
import subprocess

import pytest

from runyard.sdk import run_files
from runyard.sdk.exceptions import SnapshotException, UserErrorException, WebserviceException
from runyard.sdk.models import Model


@pytest.fixture
def run(experiment, folder):
    """An ended run with a file."""
    (folder / "g").write_text("x")
    run = experiment.start_logging(snapshot_directory=None, outputs="outputs")
    run.upload_file("m/w.bin", "g")
    run.complete()
    return run


@pytest.mark.parametrize(
    ("prefix", "found"),
    [("m", "w.bin"), ("m/", "w.bin"), ("m/w", ".bin"), ("m/w.bin", "w.bin"), ("", "m/w.bin")],
)
def test_a_prefix_is_left_out_wherever_it_ends(prefix, found):
    """Files whose names differ in their next letter alone do not replace one another."""
    ((name, place),) = run_files.places(["m/w.bin"], "here", None, prefix, append_prefix=False)
    assert (name, place.as_posix()) == ("m/w.bin", f"here/{found}")


def test_a_slash_at_the_end_means_into_the_folder(run, folder):
    """As users write it, whether the folder is there already or not."""
    run.download_file("m/w.bin", "new/")
    run.download_file("m/w.bin", "a/b/c/")
    (folder / "there").mkdir()
    run.download_file("m/w.bin", "there")
    run.download_file("m/w.bin", "p/q/r.bin")
    run.download_file("m/w.bin", folder / "path.bin")
    run.download_file("m/w.bin")
    run.download_files(prefix="m", output_paths=["many/"])
    wanted = ("new/w.bin", "a/b/c/w.bin", "there/w.bin", "p/q/r.bin", "path.bin", "w.bin")
    for place in (*wanted, "many/w.bin"):
        assert (folder / place).read_text() == "x"


@pytest.mark.parametrize(
    ("call", "argument", "said"),
    [
        (lambda run: run.download_file("m/w.bin", "g/"), "output_file_path 'g/'", "a file"),
        (lambda run: run.download_file("m/w.bin", "g/x"), "output_file_path 'g/x'", "a file"),
        (lambda run: run.download_file("m/w.bin", "n" * 300), "output_file_path", "longer"),
        (lambda run: run.download_file("m/w.bin", "loop"), "output_file_path", None),
        (lambda run: run.download_files(output_directory="g"), "output_directory 'g'", "a file"),
        (lambda run: run.get_all_logs("g"), None, None),
        (lambda run: run.upload_file("x", "nope"), "the file 'nope'", "does not exist"),
        (lambda run: run.upload_file("x", "."), "the file '.'", "upload_folder"),
        (lambda run: run.upload_file("x", "loop"), "the file 'loop'", "leads to itself"),
        (lambda run: run.upload_file("x", "pipe"), "the file 'pipe'", "a pipe"),
        (lambda run: run.upload_file("x", "n" * 300), "the file", "longer"),
        (lambda run: run.upload_file("x", "g/below"), "the file 'g/below'", "through a file"),
        (lambda run: run.upload_file("a\ud800", "g"), "files[0].path", "surrogate"),
        (lambda run: run.upload_folder("x", "nope"), "the folder 'nope'", "does not exist"),
        (lambda run: run.upload_folder("x", "g"), "the folder 'g'", "upload_file"),
        (lambda run: run.upload_folder("x", "loop"), "the folder 'loop'", "leads to itself"),
        (lambda run: run.take_snapshot("loop"), "loop", "does not exist"),
    ],
)
def test_errors_name_the_argument_the_file_and_what_to_do(run, folder, call, argument, said):
    """Never a bare "[Errno 21] Is a directory"."""
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    if argument is None or said is None:
        call(run)  # nothing is in the way
        return
    with pytest.raises((UserErrorException, SnapshotException)) as error:
        call(run)
    assert argument in error.value.message
    assert said in error.value.message
    assert "Errno" not in error.value.message


def test_errors_of_models_and_datastores_name_their_path(workspace, run, folder):
    """The same for what is registered, uploaded and downloaded."""
    (folder / "loop").symlink_to("loop")
    (folder / "d").mkdir()
    (folder / "d" / "f").write_text("f")
    store = workspace.get_default_datastore()
    with pytest.raises(UserErrorException, match=r"src_dir 'loop' is a link that leads to itself"):
        store.upload("loop")
    with pytest.raises(UserErrorException, match=r"src_dir 'g' is a file: use upload_files"):
        store.upload("g")
    store.upload("d", "named/d", overwrite=True)
    with pytest.raises(UserErrorException, match=r"target_path 'g'.* is a file where|through"):
        store.download("g", prefix="named/d")
    with pytest.raises(WebserviceException, match=r'model path "loop" cannot be found'):
        Model.register(workspace, "loop", "paths")
    model = Model.register(workspace, "d", "paths")
    with pytest.raises(UserErrorException, match=r"target_dir 'g'.* is a file where|through"):
        model.download("g", exist_ok=True)
    with pytest.raises(UserErrorException, match=r"path 'g'.* is a file where|through"):
        workspace.write_config("g")


def test_a_folders_odd_files_come_and_go(workspace, folder):
    """Models and datastores keep odd names apart, and one warning names what has no content."""
    source = folder / "d"
    source.mkdir()
    for name in (b"x\\y", b"x_y", b"caf\xe9", b"new\nline", b".hidden"):
        (source / os.fsdecode(name)).write_bytes(name)
    (source / "gone").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("d/sock")
    names = {"x%5Cy", "x_y", "caf%E9", "new%0Aline", ".hidden"}
    with pytest.warns(UserWarning, match=r"'gone' \(a link to nothing\); 'sock' \(a socket\)") as w:
        model = Model.register(workspace, "d", "odd")
    assert [str(one.filename) for one in w] == [__file__]
    model.download("back")
    assert {path.name for path in (folder / "back" / "d").iterdir()} == names
    store = workspace.get_default_datastore()
    with pytest.warns(UserWarning, match="left out of the folder d"):
        store.upload("d", "odd", show_progress=False)
    assert store.download("again", prefix="odd", show_progress=False) == len(names)
    assert (folder / "again" / "odd" / "caf%E9").read_bytes() == b"caf\xe9"
    (source / "deep").mkdir()
    subprocess.run(["rm", "-rf", source], check=True)


def test_a_slash_at_a_files_name_in_the_run_is_a_folder(experiment, folder):
    """As with `cp`: `outputs/` is no file of the name `outputs`."""
    (folder / "d").mkdir()
    for name in ("f", "x\\y", "d/g"):
        (folder / name).write_text(name)
    run = experiment.start_logging(snapshot_directory=None, outputs="outputs")
    run.upload_file("outputs/", "f")
    run.upload_file("./", "d/g")
    run.upload_files(["many/", "many/new"], ["x\\y", folder / "d" / "g"])
    with pytest.raises(UserErrorException, match="give one like 'outputs/file'"):
        run.upload_file("outputs/", io.BytesIO(b"x"))
    with pytest.raises(UserErrorException, match="no path in a run"):
        run.upload_file("/", "f")
    assert run.get_file_names() == ["g", "many/new", "many/x%5Cy", "outputs/f"]
    run.complete()


def test_files_that_cannot_stand_together(experiment, folder):
    """Uploads are refused by name; what is in a run nevertheless costs none of its other files."""
    (folder / "f").write_text("f")
    run = experiment.start_logging(snapshot_directory=None, outputs="outputs")
    run.upload_file("a", "f")
    with pytest.raises(UserErrorException, match="'a/b' cannot stand beside 'a'"):
        run.upload_file("a/b", "f")
    table = {"schema_type": "confusion_matrix", "schema_version": "v1", "data": {}}
    run.log_confusion_matrix("a/cm", table)
    run.log_confusion_matrix("a", {**table, "data": {"x": 1}})
    assert run.get_metrics()["a/cm"].endswith("/a_cm")
    run_files.upload(run.service, run.id, [("a/b", folder / "f")], overwrite=True)
    with pytest.raises(UserErrorException, match=r"1 of 4 files .*'out/a' is a folder"):
        run.download_files(output_directory="out")
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a", "a_2", "a_cm"]
    assert (folder / "out" / "a" / "b").read_text() == "f"
    run.download_file("a", "whole")
    assert (folder / "whole").read_text() == "f"
    run.complete()
