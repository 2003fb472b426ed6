"""Following a run's logs."""

import io
from collections.abc import Iterator
from typing import Any

from runyard.protocol.events import LOG, EventRecord
from runyard_server.cli import follow


class Client:
    """A run whose log is written anew while it is followed."""

    def __init__(self) -> None:
        self.content = b""

    def events(self, *_: object) -> Iterator[EventRecord]:
        data = {"path": "logs/m.json"}
        self.content = b"first version\n"
        yield EventRecord(0, LOG, "", data={**data, "size": "14"})
        self.content = b"the second is longer\n"
        yield EventRecord(0, LOG, "", data={**data, "size": "21", "anew": "true"})
        self.content += b"and grows\n"
        yield EventRecord(0, LOG, "", data={**data, "size": "31"})

    def open(self, *_: object, offset: int) -> io.BytesIO:
        return io.BytesIO(self.content[offset:])


def test_a_file_that_is_written_anew_is_printed_from_its_first_byte(capsysbinary) -> None:
    """Nobody sees the end of one version behind the beginning of another."""
    client: Any = Client()
    follow.print_logs(client, "r", file="logs/m.json", follow=True, as_json=False)
    assert capsysbinary.readouterr().out == (b"first version\nthe second is longer\nand grows\n")
