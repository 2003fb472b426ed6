"""Writing to a connection at once, where its transport would wait for the end of the loop's turn.

uvloop gathers what is written during a turn. For one answer that wait is what is counted and logged
meanwhile, and the gathering costs more than the system call.
"""

import asyncio
import os
from contextlib import suppress


class Writer:
    """Writes to one connection.

    Args:
        transport: The connection's.
    """

    __slots__ = ("_file", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        line = transport.get_extra_info("socket")
        self._file = line.fileno() if line is not None else -1

    def write(self, data: bytes) -> None:
        """Send something, after all that was written before; nothing once the transport closes."""
        transport = self._transport
        if transport.is_closing():
            # The file's number may be that of another connection by now.
            return
        sent = 0
        if self._file >= 0 and not transport.get_write_buffer_size():
            # What cannot be sent now, or ever, is the transport's to see to.
            with suppress(OSError):
                sent = os.write(self._file, data)
            if sent == len(data):
                return
        transport.write(data[sent:])
