"""Texts that people wrote, whatever editor or shell saved them.

UTF-8 with or without a byte order mark, and UTF-16 with one (what `>` writes in PowerShell), with
the line ends of any system. Every other encoding is refused: guessed wrongly, a pattern or a
package name would silently be another one.
"""

from __future__ import annotations

import codecs

from runyard.protocol.errors import InvalidRequest

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(data: bytes, name: str) -> str:
    r"""Decode the content of a text file; line ends become "\n".

    Args:
        data: The file's bytes.
        name: The file, for the message.

    Raises:
        InvalidRequest: The bytes are neither UTF-8 nor UTF-16 with a byte order mark.
    """
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidRequest(_wrong(name, encoding, error)) from None
    if "\0" in text:
        raise InvalidRequest(
            f"{name} is no text file, or is UTF-16 without a byte order mark (it has NUL "
            "characters); save it as UTF-8"
        )
    text = text.replace("\r\n", "\n")
    # A file without a single "\n" was written where "\r" alone ends a line.
    return text if "\n" in text else text.replace("\r", "\n")


def _wrong(name: str, encoding: str, error: UnicodeDecodeError) -> str:
    if encoding == "utf-16":
        return f"{name} begins as UTF-16 and is broken at byte {error.start}; save it as UTF-8"
    # The decoder counts from behind the mark; the line is the same either way.
    line = error.object[: error.start].count(b"\n") + 1
    return (
        f"{name} is not UTF-8 (byte 0x{error.object[error.start]:02x} in line {line}); it may have "
        "been saved in an old Windows encoding: save it as UTF-8"
    )
