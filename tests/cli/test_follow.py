"""Following a run's logs."""

import io
import json
from collections.abc import Iterator
from typing import Any

from runyard.protocol.events import LOG, EventRecord
from runyard_server.cli import follow


class Client:
    """A run whose log is written anew while it is followed."""

    def __init__(self) -> None:
        self.events = self.files = self
        self.content = b""

    def follow(self, _run: str) -> Iterator[EventRecord]:
        data = {"path": "logs/m.json"}
        self.content = b"first version\n"
        yield EventRecord(0, LOG, "", data={**data, "size": "14"})
        self.content = b"the second is longer\n"
        yield EventRecord(0, LOG, "", data={**data, "size": "21", "anew": "true"})
        self.content += b"and grows\n"
        yield EventRecord(0, LOG, "", data={**data, "size": "31"})

    def open(self, _run: str, _path: str, offset: int) -> io.BytesIO:
        return io.BytesIO(self.content[offset:])


def test_a_file_that_is_written_anew_is_printed_from_its_first_byte(capsysbinary) -> None:
    """Nobody sees the end of one version behind the beginning of another."""
    client: Any = Client()
    follow.print_logs(client, "r", file="logs/m.json", follow=True, as_json=False)
    assert capsysbinary.readouterr().out == (b"first version\nthe second is longer\nand grows\n")


class Source(io.BytesIO):
    """A file's bytes from a position on, as a download gives them."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.size = len(content)


class Growing:
    """A run with a log of many lines, which grows by several while it is followed."""

    def __init__(self) -> None:
        self.events = self.files = self
        self.content = b"".join(b"old line %d\n" % number for number in range(100_000))
        self.read = 0

    def follow(self, _run: str) -> Iterator[EventRecord]:
        self.content += b"new 1\nnew 2\nnew 3\n"
        yield EventRecord(0, LOG, "", data={"path": "logs/m.txt", "size": "1"})

    def open(self, _run: str, _path: str, offset: int = 0) -> Source:
        self.read += len(self.content) - offset if offset else 0
        return Source(self.content[offset:])


class Split:
    """A run whose log grows within letters, and ends within one."""

    def __init__(self) -> None:
        self.events = self.files = self
        self.content = b""

    def follow(self, _run: str) -> Iterator[EventRecord]:
        for piece in (b"Gr\xc3", b"\xb6\xc3", b"\x9fe\n", b"\xe2\x82"):
            self.content += piece
            yield EventRecord(0, LOG, "", data={"path": "logs/m.txt", "size": "1"})

    def open(self, _run: str, _path: str, offset: int = 0) -> Source:
        return Source(self.content[offset:])


def test_letters_across_pieces_are_whole_in_json(capsys) -> None:
    """A program that follows a log gets the text that the script wrote, each piece at its place."""
    client: Any = Split()
    follow.print_logs(client, "r", file="logs/m.txt", follow=True, as_json=True)
    pieces = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "".join(piece["text"] for piece in pieces) == "Größe\n\ufffd"
    assert [piece["offset"] for piece in pieces] == [0, 2, 4, 8]


def test_the_last_lines_are_followed_by_all_that_comes(capsysbinary) -> None:
    """What is written after the start is whole, and little is read of what was before."""
    client: Any = Growing()
    follow.print_logs(client, "r", file="logs/m.txt", follow=True, as_json=False, tail=2)
    assert capsysbinary.readouterr().out == (
        b"old line 99998\nold line 99999\nnew 1\nnew 2\nnew 3\n"
    )
    assert client.read < len(client.content) // 4


def test_last_lines_that_reach_far_back_are_found(capsysbinary) -> None:
    """The number of lines asked for is printed, however long they are."""
    client: Any = Growing()
    follow.print_logs(client, "r", file="logs/m.txt", follow=False, as_json=False, tail=90_000)
    out = capsysbinary.readouterr().out
    assert out.startswith(b"old line 10000\n")
    assert out.count(b"\n") == 90_000
