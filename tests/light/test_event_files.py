"""TensorBoard's event files, written and read without TensorBoard."""

import math
import struct
from pathlib import Path

import pytest

from runyard.client.event_files import Damaged, EventReader, EventWriter, crc32c

RECORDED = Path(__file__).parent / "event_files"
LOSS = [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]
WRITERS = ["tf1", "tf2", "torch", "tensorboardx"]


def _points(folder):
    return [
        point
        for path in sorted(folder.iterdir())
        for point in EventReader(str(path)).read()  # whatever is unknown is passed over
    ]


@pytest.mark.parametrize("writer", WRITERS)
def test_files_of_each_writer_are_read(writer):
    """Whichever library a script logs with, its numbers, pictures and parameters are found."""
    found = _points(RECORDED / writer)
    assert [(p.step, p.value) for p in found if p.tag == "loss"] == LOSS
    pictures = [p.value[:4] for p in found if p.kind == "image"]
    assert pictures == [b"\x89PNG"] * 3
    parameters = [p.value for p in found if p.kind == "parameters"]
    wanted = {"lr": "0.1", "batch_size": "32", "optimizer": "adam"}
    assert parameters == ([] if writer == "tf1" else [wanted])
    assert all(1.5e9 < p.time < 1e10 for p in found if p.kind == "scalar")


def test_the_tensor_of_one_number_is_a_number():
    """Scalars of PyTorch's new style and of TensorFlow 2 are the numbers that were written."""
    assert [p.value for p in _points(RECORDED / "torch") if p.tag == "new_style"] == [0.25]


def test_what_was_written_is_read(tmp_path):
    """Numbers of all sizes, negative steps and odd names survive the way through a file."""
    writer = EventWriter(tmp_path)
    writer.scalar("größe/a b", 0.5, -3, 1.25)
    writer.scalar("n", math.nan, 1 << 40, 2.0)
    writer.scalar("n", 1e300, 1, 2.0)
    writer.image("p", b"\x89PNG...", 7, 3.0)
    writer.close()
    first, nan, large, image = EventReader(writer.path).read()
    assert first == ("scalar", "größe/a b", -3, 1.25, 0.5)
    assert math.isnan(nan.value)
    assert nan.step == 1 << 40
    assert large.value == math.inf
    assert image == ("image", "p", 7, 3.0, b"\x89PNG...")


def test_a_growing_file_is_read_on_where_reading_stopped(tmp_path):
    """The record that a script is just writing is neither an error nor lost."""
    writer = EventWriter(tmp_path)
    for step in range(3):
        writer.scalar("loss", float(step), step, 1.0)
    writer.close()
    whole = writer.path.read_bytes()
    reader, found = EventReader(str(tmp_path / "growing")), []
    for end in range(len(whole) + 1):
        Path(reader.path).write_bytes(whole[:end])
        found += [point.value for point in reader.read()]
    assert found == [0.0, 1.0, 2.0]
    assert reader.offset == len(whole)


@pytest.mark.parametrize("place", ["length", "payload"])
def test_a_damaged_record_is_told_with_its_place(tmp_path, place):
    """Whoever looks for missing numbers learns which file is damaged, and where."""
    writer = EventWriter(tmp_path)
    writer.scalar("loss", 1.0, 1, 1.0)
    writer.flush()
    end = writer.path.stat().st_size
    writer.scalar("loss", 2.0, 2, 1.0)
    writer.scalar("loss", 3.0, 3, 1.0)
    writer.close()
    data = bytearray(writer.path.read_bytes())
    data[end + (2 if place == "length" else 20)] ^= 0x40
    writer.path.write_bytes(bytes(data))
    reader, found = EventReader(str(writer.path)), []
    with pytest.raises(Damaged, match=f"at byte {end}"):
        found.extend(reader.read())
    assert reader.offset == end


def test_bytes_that_are_no_event_are_damage(tmp_path):
    """A file that only looks like one is told, and never stops the reading of others."""
    path = tmp_path / "events.out.tfevents.1"
    for junk in (b"\x00" * 40, b"", b"\x01"):
        path.write_bytes(junk)
        assert list(EventReader(str(path)).read()) == []
    path.write_bytes(b"no event file at all, but text that is long enough")
    with pytest.raises(Damaged):
        list(EventReader(str(path)).read())
    payload = b"\xff" * 12
    length = struct.pack("<Q", len(payload))
    path.write_bytes(
        length + struct.pack("<I", _masked(length)) + payload + struct.pack("<I", _masked(payload))
    )
    with pytest.raises(Damaged, match="no event"):
        list(EventReader(str(path)).read())


def _masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_the_checksum_is_castagnolis():
    """TensorBoard refuses files with another one."""
    assert crc32c(b"123456789") == 0xE3069283
