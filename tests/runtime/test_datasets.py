"""Datasets in a job: links, copies, files that the node does not see, and what is told of them."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from runyard.protocol.jobs import JobInput, JobInputFile

SHOW = """
import os, sys
for at, folders, names in sorted(os.walk(os.environ["d"])):
    for name in names:
        path = os.path.join(at, name)
        print(path[len(os.environ["d"]):], os.path.islink(path), open(path).read())
print(os.environ["d"] == os.environ["D"] == os.environ["AZUREML_DATAREFERENCE_d"], sys.argv[1:])
print(os.environ["AZUREML_DATASET_ENVIRONMENT_VARS"])
"""


@pytest.fixture
def near(tmp_path):
    """Two files of a datastore that the node sees."""
    files = []
    for name in ("a.txt", "deep/b.txt"):
        place = tmp_path / "datastore" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(name[0])
        files.append(JobInputFile(name, 1, str(place), "store", name))
    return files


def lines(room):
    return room.service.driver_log.decode().splitlines()


def test_a_farm_has_real_folders_and_a_link_for_each_file(room, near):
    """Whoever walks a mounted dataset sees every file, under the name that `to_path` gives."""
    given = JobInput("d", "mount", "id", files=near)
    room.run(SHOW, inputs=[given], arguments=["${d}"])
    shown = f"True ['{room.run_folder}/data/d']"
    assert lines(room) == ["/a.txt True a", "/deep/b.txt True d", shown, "d:Mount"]


def test_a_download_is_the_jobs_own(room, near, tmp_path):
    """Copies may be written to; the datastore keeps what it had, and nothing is told."""
    given = JobInput("d", "download", "id", files=near)
    told = room.run(SHOW + "open(os.environ['d'] + '/a.txt', 'w').write('own')", inputs=[given])
    assert lines(room)[:2] == ["/a.txt False a", "/deep/b.txt False d"]
    assert (tmp_path / "datastore/a.txt").read_text() == "a"
    assert told["warnings"] == []


def test_one_file_is_its_own_path_wherever_it_is_wanted(room, near, tmp_path):
    """`ZipFile(args.input_data)` gets a file, at an absolute place too."""
    place = tmp_path / "absolute"
    given = JobInput("d", "mount", "id", str(place), is_file=True, files=near[:1])
    room.run("import os; print(os.environ['d'], open(os.environ['d']).read())", inputs=[given])
    assert lines(room) == [f"{place}/a.txt a"]


def test_an_input_that_is_written_through_its_link_is_told(room, near):
    """The service hears of it, so lineage does not claim what was read."""
    script = "import os; open(os.environ['d'] + '/a.txt', 'a').write('more')"
    told = room.run(script, inputs=[JobInput("d", "mount", "id", files=near)])
    assert "input 'd' were written" in told["warnings"][0]
    assert "/changed-inputs" in room.service.order


def test_files_that_the_node_does_not_see_are_fetched(room):
    """From their datastore by path, web files by content; what arrives damaged fails the job."""
    web = hashlib.sha256(b"w").hexdigest()
    room.service.blobs.update({"a.txt": b"a", web: b"w"})
    files = [
        JobInputFile("a.txt", 1, "", "store", "a.txt"),
        JobInputFile("https%3A/%2Fh/w", 1, url="https://h/w", digest=web),
    ]
    room.run(SHOW, inputs=[JobInput("d", "mount", "id", files=files)])
    assert lines(room)[:2] == ["/a.txt False a", "/https%3A/%2Fh/w False w"]


def test_half_a_web_file_fails_the_job(room):
    """What breaks off is never placed under the name of the whole."""

    class Half(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "9")
            self.end_headers()
            self.wfile.write(b"half")

    with HTTPServer(("127.0.0.1", 0), Half) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        files = [JobInputFile("x", -1, url=f"http://127.0.0.1:{server.server_port}/x")]
        told = room.run(SHOW, inputs=[JobInput("d", "mount", "id", files=files)])
    assert "broke off after 4 of 9 bytes" in told["error"]["message"]
    assert not list(room.run_folder.glob("data/d/*"))


def test_what_is_gone_or_in_the_way_is_named(room, near, tmp_path):
    """The run fails before its script begins, and says what to do."""
    (tmp_path / "datastore/a.txt").unlink()
    told = room.run(SHOW, inputs=[JobInput("d", "mount", "id", files=near)])
    assert "'a.txt' is gone from the datastore 'store'" in told["error"]["message"]


def test_a_place_that_is_taken_is_left_alone(room, near, tmp_path):
    """Somebody's folder is never replaced by a link."""
    given = JobInput("d", "mount", "id", str(tmp_path), str(tmp_path / "datastore"), files=near)
    told = room.run(SHOW, inputs=[given])
    assert "something is there already" in told["error"]["message"]
    assert (tmp_path / "datastore/a.txt").exists()
