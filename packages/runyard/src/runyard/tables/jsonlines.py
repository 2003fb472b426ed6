"""JSON lines: an object a line; nested values stay as they are."""

import json
from typing import Any, BinaryIO, Dict, Iterator

from runyard.tables.delimited import FileError, lines

ERROR, DROP = "error", "drop"


def records(stream: BinaryIO, encoding: str, invalid_lines: str) -> Iterator[Dict[str, Any]]:
    """The objects of a file, in order.

    Args:
        stream: The file.
        encoding: One of `delimited.ENCODINGS`.
        invalid_lines: `drop` passes over lines that are no objects, `error` refuses them.

    Raises:
        FileError: A line is no object, or no text.
    """
    for number, line in enumerate(lines(stream, encoding), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict):
            yield found
        elif invalid_lines == ERROR:
            raise FileError(
                f"line {number} is no JSON object ({line.strip()[:60]!r}); invalid_lines='drop' "
                "passes over such lines"
            )
