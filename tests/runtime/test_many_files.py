"""Many small files of a job: in few requests, each kept or named, with progress to see."""

import hashlib
import os

import pytest

from runyard.protocol.batches import split
from runyard.protocol.errors import ServiceUnreachable
from runyard.runtime import outputs

COUNT = 1200


class Service:
    """What an agent needs to send outputs; takes the contents that it does not refuse."""

    def __init__(self) -> None:
        self.blobs = {}
        self.files = {}
        self.requests = 0
        self.refuse = []
        self.breaks = []
        self.offsets = []
        self.part = b""

    def missing(self, digests):
        self.requests += 1
        return [digest for digest in digests if digest not in self.blobs]

    def write_blobs(self, batch):
        self.requests += 1
        left = [batch]
        contents = dict(split(lambda _: left.pop() if left else b""))
        refused, self.refuse = [name for name in self.refuse if name in contents], []
        self.blobs.update((n, data) for n, data in contents.items() if n not in refused)
        return refused

    def hand_over(self, _file, _digest):
        return False

    def begun(self, digest):
        self.requests += 1
        return None if digest in self.blobs else len(self.part)

    def write_blob(self, digest, stream, size, offset=0):
        self.requests += 1
        self.offsets.append(offset)
        if self.breaks:
            # What a service has when the line breaks, here at half of the file.
            self.part = stream.read(size // 2)
            raise self.breaks.pop()
        stream.seek(offset)
        self.blobs[digest] = self.part[:offset] + stream.read(size - offset)

    def register(self, files, overwrite):
        assert overwrite
        self.requests += 1
        self.files.update((file["path"], file) for file in files)


@pytest.fixture
def folder(tmp_path):
    """1,200 small files, some empty, some alike, one executable, and a large one."""
    for number in range(COUNT):
        place = tmp_path / f"{number % 5}" / f"{number}.txt"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(b"" if number % 50 == 0 else b"%d" % (number // 2))
    (tmp_path / "large.bin").write_bytes(os.urandom((1 << 20) + 1))
    (tmp_path / "run.sh").write_text("echo")
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


def kept(service, folder):
    for path, file in service.files.items():
        data = (folder / path[len("outputs/") :]).read_bytes()
        assert service.blobs[file["digest"]] == data
        assert (file["size"], file["digest"]) == (len(data), hashlib.sha256(data).hexdigest())
    return len(service.files)


def test_all_arrive_in_few_requests(folder):
    """Twenty thousand files must not take twenty thousand requests."""
    service, warnings = Service(), []
    assert outputs.collect(str(folder), service, warnings.append, 1.0) == COUNT + 2
    assert kept(service, folder) == COUNT + 2
    assert service.files["outputs/run.sh"]["executable"]
    assert service.requests < 12
    assert warnings == []
    assert outputs.collect(str(folder), service, warnings.append, 1.0) == COUNT + 2
    assert service.requests < 20


def test_what_the_service_refuses_is_read_and_sent_again(folder):
    """A content that was damaged on its way costs its neighbours nothing."""
    service, warnings = Service(), []
    service.refuse = [hashlib.sha256(b"%d" % number).hexdigest() for number in (3, 400)]
    outputs.collect(str(folder), service, warnings.append, 1.0)
    assert kept(service, folder) == COUNT + 2
    assert warnings == []


def test_somebody_who_waits_sees_how_far_it_is(folder, monkeypatch):
    """Finalizing is no silence of minutes; what is quick says nothing."""
    told = []
    monkeypatch.setattr(outputs, "FIRST_SECONDS", 60.0)
    outputs.collect(str(folder), Service(), print, 1.0, told.append)
    assert told == []
    monkeypatch.setattr(outputs, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(outputs, "NEXT_SECONDS", 0.0)
    outputs.collect(str(folder), Service(), print, 1.0, told.append)
    assert told[:2] == [
        "500 of 1,202 output files are kept",
        "1,000 of 1,202 output files are kept",
    ]


def test_the_files_of_a_run_are_fetched_together(room):
    """A node without the service's folder fills its working folder in few requests."""
    entries = [room.store(f"data/{n % 3}/{n}.txt", b"%d" % n) for n in range(COUNT)]
    large = os.urandom((1 << 20) + 1)
    entries.append(room.store("large.bin", large, executable=True))
    contents = {entry.digest: b"%d" % n for n, entry in enumerate(entries)}
    room.service.blobs.update({**contents, entries[-1].digest: large})
    script = (
        "import os; print(sum(open(f'data/{n % 3}/{n}.txt').read() == str(n) for n in range(1200)),"
        " os.path.getsize('large.bin'), os.access('large.bin', os.X_OK))"
    )
    room.service.blobs[room.store("train.py", script.encode()).digest] = script.encode()
    finish = room.run(script, files=entries, blobs="")
    assert finish["outcome"] == "completed"
    assert room.service.driver_log == b"1200 1048577 True\n"
    assert room.service.blob_requests < 8


def test_a_large_output_goes_on_where_the_line_broke(tmp_path):
    """A checkpoint of gigabytes on a weak line would else never arrive."""
    data = os.urandom(3 << 20)
    (tmp_path / "model.bin").write_bytes(data)
    service = Service()
    service.breaks = [ServiceUnreachable("the line broke")]
    assert outputs.collect(str(tmp_path), service, pytest.fail, 30.0) == 1
    assert service.offsets == [0, len(data) // 2]
    assert list(service.blobs.values()) == [data]
