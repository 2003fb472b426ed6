"""Text files that users write: read in any encoding that can be told, or refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Union

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.texts import decoded


def read(path: Union[str, Path]) -> str:
    r"""Read a text file that a user wrote; see `runyard.protocol.texts` for the encodings.

    Returns:
        The text, without a byte order mark and with "\n" for each line end.

    Raises:
        InvalidRequest: It cannot be read, or is in another encoding; the message names the file.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidRequest(f"the file {str(path)!r} cannot be read: {reason}") from error
    return decoded(data, str(path))
