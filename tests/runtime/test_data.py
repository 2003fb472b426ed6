"""Data references in a job: linked, copied, given back."""

import hashlib
import os

import pytest

from runyard.protocol.jobs import JobData
from runyard.runtime import names

SHOW = (
    "import os; p = os.environ['AZUREML_DATAREFERENCE_d']; print(p)\n"
    "print(sorted(os.listdir(p)) if os.path.isdir(p) else open(p).read())"
)


@pytest.fixture
def store(tmp_path):
    """A datastore with a folder `mnist` of two files."""
    folder = tmp_path / "datastore" / "mnist"
    folder.mkdir(parents=True)
    (folder / "train.gz").write_text("train")
    (folder / "test.gz").write_text("test")
    return folder.parent


def lines(room):
    return room.service.driver_log.decode().splitlines()


def test_a_mount_is_the_datastore_itself(room, store):
    """Mounting copies nothing, and what the script writes there is on the datastore at once."""
    data = [JobData("d", "mount", str(store / "mnist"))]
    room.run(SHOW + "\nopen(p + '/new', 'w').write('x')", data=data)
    assert lines(room) == [str(store / "mnist"), "['test.gz', 'train.gz']"]
    assert (store / "mnist" / "new").read_text() == "x"


def test_an_argument_names_the_data(room, store):
    """`$AZUREML_DATAREFERENCE_<name>` among the arguments becomes the path."""
    room.run(
        "import sys; print(sys.argv[1])",
        arguments=["$AZUREML_DATAREFERENCE_d"],
        data=[JobData("d", "mount", str(store))],
    )
    assert lines(room) == [str(store)]


def test_a_mount_may_be_given_a_place(room, store):
    """A relative path_on_compute is a link below the working folder."""
    data = [JobData("d", "mount", str(store / "mnist"), "input/mnist")]
    room.run(SHOW, data=data)
    assert lines(room)[0] == str(room.work / "input" / "mnist")
    assert (room.work / "input" / "mnist").is_symlink()


def test_a_mount_does_not_hide_the_scripts_own_files(room, store):
    """What is in the snapshot is not replaced unless overwrite=True says so."""
    own = room.store("input/own.txt", b"own")
    data = [JobData("d", "mount", str(store), "input")]
    finish = room.run(SHOW, files=[own], data=data)
    assert "something is there already" in finish["error"]["message"]


def test_overwrite_replaces_them(room, store):
    """With overwrite=True the link takes the place of the snapshot's folder."""
    own = room.store("input/own.txt", b"own")
    data = [JobData("d", "mount", str(store), "input", overwrite=True)]
    room.run(SHOW, files=[own], data=data)
    assert lines(room)[1] == "['mnist']"


def test_a_download_is_a_copy(room, store):
    """What the script does to downloaded data does not reach the datastore."""
    data = [JobData("d", "download", str(store / "mnist"))]
    room.run(SHOW + "\nopen(p + '/train.gz', 'w').write('changed')", data=data)
    assert lines(room)[1] == "['test.gz', 'train.gz']"
    assert (store / "mnist" / "train.gz").read_text() == "train"


def test_a_download_that_was_killed_is_made_anew(room, store):
    """An attempt whose node was lost in the middle of a file leaves the half of it there."""
    half = room.run_folder / "data" / "d" / "train.gz"
    half.parent.mkdir(parents=True)
    half.write_text("tr")
    data = [JobData("d", "download", str(store / "mnist"))]
    room.run(SHOW + "\nprint(open(p + '/train.gz').read())", data=data, attempt=2)
    assert lines(room)[2:] == ["['test.gz', 'train.gz']", "train"]


@pytest.mark.parametrize("mode", ["mount", "download"])
def test_a_reference_to_a_file_is_the_file(room, store, mode):
    """The variable names the file, not its folder; a folder on the node takes the file in."""
    data = [JobData("d", mode, str(store / "mnist" / "train.gz"), "input")]
    room.run(SHOW, data=data)
    assert lines(room) == [str(room.work / "input" / "train.gz"), "train"]


WRITE = "import os; open(os.environ['AZUREML_DATAREFERENCE_d'], 'w').write('written')"


@pytest.mark.parametrize("place", ["", "results/model.bin"])
def test_a_mounted_path_may_be_written_as_a_file(room, store, place):
    """v1 scripts write a result to a mounted path that did not exist before."""
    target = store / "new" / "results" / "model.bin"
    finish = room.run(WRITE, data=[JobData("d", "mount", str(target), place)])
    assert finish["outcome"] == "completed", finish
    assert target.read_text() == "written"


def test_a_mounted_path_with_a_slash_is_made_a_folder(room, store):
    """The script finds the folder that it writes into."""
    finish = room.run(SHOW, data=[JobData("d", "mount", f"{store}/new/results/")])
    assert finish["outcome"] == "completed", finish
    assert lines(room) == [f"{store}/new/results", "[]"]


def test_a_mounted_path_through_a_file_is_refused(room, store):
    """The message names the reference and the path."""
    target = str(store / "mnist" / "train.gz" / "x" / "y")
    finish = room.run("print('ran')", data=[JobData("d", "mount", target)])
    assert target in finish["error"]["message"]
    assert room.printed() == b""


def test_an_upload_with_a_slash_is_a_folder(room, store):
    """A folder whose name looks like a file's is still made for the script."""
    room.run(SHOW, data=[JobData("d", "upload", str(store / "out"), "results.v1/")])
    assert lines(room)[1] == "[]"


def test_a_missing_path_names_the_nearest(room, store):
    """A wrong path fails the run before the script starts, and tells what is there."""
    finish = room.run("print('ran')", data=[JobData("d", "download", str(store / "mnits" / "x"))])
    assert finish["error"]["code"] == "UserError"
    assert "'mnits'" in finish["error"]["message"]
    assert "mnist" in finish["error"]["message"].partition("nearest")[2]
    assert room.printed() == b""


def test_a_place_outside_the_working_folder_is_refused(room, store):
    """`..` cannot put data beside the run."""
    finish = room.run(SHOW, data=[JobData("d", "download", str(store), "../../x")])
    assert "not below the working folder" in finish["error"]["message"]


def test_an_upload_is_stored_after_success(room, store):
    """What the script leaves at the path is on the datastore when the run has completed."""
    script = "import os; open(os.environ['AZUREML_DATAREFERENCE_d'] + '/r.txt', 'w').write('new')"
    room.run(script, data=[JobData("d", "upload", str(store / "out"), "results")])
    assert (store / "out" / "r.txt").read_text() == "new"
    assert (room.work / "results" / "r.txt").exists()


def test_an_upload_that_was_killed_leaves_nothing_behind(room, store):
    """Whoever takes an upload up again writes over the half of a file that a kill left."""
    (store / "out").mkdir()
    half = store / "out" / names.DRAFT.format(room.run_id)
    half.write_text("ne")
    script = "import os; open(os.environ['AZUREML_DATAREFERENCE_d'] + '/r.txt', 'w').write('new')"
    room.run(script, data=[JobData("d", "upload", str(store / "out"), "results")])
    assert [path.name for path in (store / "out").iterdir()] == ["r.txt"]


def test_an_upload_keeps_what_was_there(room, store):
    """Without overwrite existing files stay, and a warning says so; with it they change."""
    script = (
        "import os; p = os.environ['AZUREML_DATAREFERENCE_d']\n"
        "for n in ('train.gz', 'more'): open(p + '/' + n, 'w').write('new')"
    )
    finish = room.run(script, data=[JobData("d", "upload", str(store / "mnist"))])
    assert (store / "mnist" / "train.gz").read_text() == "train"
    assert (store / "mnist" / "more").read_text() == "new"
    assert "overwrite=True" in finish["warnings"][0]


def test_a_failed_script_uploads_nothing(room, store):
    """Half-made results do not reach the datastore."""
    script = (
        "import os; p = os.environ['AZUREML_DATAREFERENCE_d']\n"
        "open(p + '/half', 'w').write('x'); raise ValueError"
    )
    room.run(script, data=[JobData("d", "upload", str(store / "out"))])
    assert not (store / "out").exists()


def test_odd_files_are_copied_and_what_has_no_content_is_told(room, store):
    """A pipe on a datastore blocks no job, and one left for upload makes no good run fail."""
    os.mkfifo(store / "mnist" / "pipe")
    (store / "mnist" / "latest").symlink_to(".")
    (store / "mnist" / os.fsdecode(b"caf\xe9")).write_text("")
    data = [
        JobData("d", "download", str(store / "mnist")),
        JobData("u", "upload", str(store / "up")),
    ]
    finish = room.run(
        SHOW + "\nu = os.environ['AZUREML_DATAREFERENCE_u']; os.mkfifo(u + '/pipe')\n"
        "os.symlink('nowhere', u + '/gone'); open(u + '/x', 'w').write('x')\n"
        "os.makedirs(u + '/k'); os.symlink('k', u + '/latest'); open(u + '/k/w', 'w')",
        data=data,
    )
    assert finish["outcome"] == "completed"
    assert lines(room)[1] == "['caf\\udce9', 'test.gz', 'train.gz']"
    kept = {path.relative_to(store / "up").as_posix() for path in (store / "up").rglob("*")}
    assert kept == {"x", "k", "k/w", "latest", "latest/w"}
    (told,) = finish["warnings"]
    assert "data reference 'u': 'gone' (a link to nothing); 'pipe' (a fifo)" in told


@pytest.mark.parametrize("shared", [True, False])
def test_what_an_earlier_run_has_left(room, shared):
    """It lies in a folder beside the script's own, read-only, also on a node without the blobs."""
    left = [room.store("state.txt", b"7"), room.store("model/weights", b"w")]
    elsewhere = {} if shared else {"blobs": ""}
    for path in room.blobs.rglob("*") if not shared else ():
        if path.is_file():
            room.service.blobs[path.parent.name + path.name] = path.read_bytes()
    script = (
        "import os, sys; p = os.environ['AZUREML_DATAREFERENCE_MODEL_LOCATION']\n"
        "print(sys.argv[1] == p, os.path.commonpath([p, os.getcwd()]) == os.getcwd())\n"
        "for name in ('state.txt', 'model/weights'):\n"
        "    print(open(f'{p}/{name}').read(), oct(os.stat(f'{p}/{name}').st_mode & 0o777))\n"
    )
    if not shared:
        room.service.blobs[hashlib.sha256(script.encode()).hexdigest()] = script.encode()
    # An earlier attempt was here.
    (room.run_folder / "resumed").mkdir()
    (room.run_folder / "resumed" / "old").write_text("x")
    arguments = ["$AZUREML_DATAREFERENCE_MODEL_LOCATION"]
    room.run(script, arguments=arguments, resumes="before", resumed=left, **elsewhere)
    assert lines(room) == ["True False", "7 0o444", "w 0o444"]
    assert not (room.run_folder / "resumed" / "old").exists()
