r"""Paths on the wire: relative, with forward slashes, in UTF-8, of bounded depth and length.

A file of Linux may be called anything but "/" and NUL. What a path on the wire cannot carry is
written with percent signs: bytes that are not UTF-8, control characters and backslashes, so that
`caf\xe9` becomes `caf%E9` and a line break `%0A`. A percent sign that could be taken for one of
these becomes `%25`; any other stays, so that `100%` and `my%20data` are kept as they are. Two
names are never written alike, and `unescaped` gives the name back.
"""

from __future__ import annotations

from typing import List

# Linux takes names of 255 bytes and paths of 4096; some of these the folder above needs.
DEEPEST = 256
LONGEST_BYTES = 3072
LONGEST_NAME_BYTES = 255

_SURROGATES = range(0xDC80, 0xDD00)
_CONTROL = (*range(1, 0x20), 0x7F)
_WRITTEN = {f"{octet:02X}": octet for octet in (*_CONTROL, *b"%\\", *range(0x80, 0x100))}


def parts(path: str) -> List[str]:
    """The names that a relative path from outside is made of, without `.` and empty ones.

    Raises:
        ValueError: It is no path below a folder; the text says what is wrong with it.
    """
    if path.startswith("/") or "\\" in path or "\0" in path:
        raise ValueError("use a relative path with forward slashes")
    names = [name for name in path.split("/") if name not in ("", ".")]
    if not names:
        raise ValueError("name a file")
    if ".." in names:
        raise ValueError("'..' is not allowed")
    return names


CONTENTS = "sha256"


def content(digest: str) -> str:
    """Where a content lies below the folder of all contents, by its SHA-256 in hex."""
    return f"{CONTENTS}/{digest[:2]}/{digest[2:]}"


UPLOADS = ".uploads"


def draft(digest: str) -> str:
    """Where what has come of a content lies, below the folder of all contents."""
    return f"{UPLOADS}/{digest}"


def escaped(name: str) -> str:
    """Write a local name or relative path so that the wire can carry it.

    Args:
        name: As the system gave it; bytes that are not UTF-8 are lone surrogates.
    """
    if name.isprintable() and "\\" not in name and "%" not in name:
        return name
    return "".join(_sign(name, at, sign) for at, sign in enumerate(name))


def _sign(name: str, at: int, sign: str) -> str:
    code = ord(sign)
    if code in _SURROGATES:
        return f"%{code - 0xDC00:02X}"
    if code in _CONTROL or sign == "\\":
        return f"%{code:02X}"
    return "%25" if sign == "%" and name[at + 1 : at + 3] in _WRITTEN else sign


def unescaped(name: str) -> str:
    """Recover the local name or path that `escaped` wrote."""
    if "%" not in name:
        return name
    out, at = bytearray(), 0
    while at < len(name):
        octet = _WRITTEN.get(name[at + 1 : at + 3]) if name[at] == "%" else None
        if octet is None:
            out += name[at].encode("utf-8", "surrogateescape")
            at += 1
        else:
            out.append(octet)
            at += 3
    return out.decode("utf-8", "surrogateescape")


def unfit(path: str) -> str:
    """Explain why a relative path is too much for the wire; "" if it is not."""
    if len(path) <= LONGEST_NAME_BYTES and path.isascii():
        return ""  # as nearly all are
    names = path.split("/")
    if len(names) > DEEPEST:
        return f"more than {DEEPEST} folders deep"
    octets = path.encode("utf-8", "surrogatepass")
    if len(octets) > LONGEST_BYTES:
        return f"a path of more than {LONGEST_BYTES} bytes"
    if len(octets) > LONGEST_NAME_BYTES and any(
        len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME_BYTES for name in names
    ):
        return f"a name of more than {LONGEST_NAME_BYTES} bytes"
    return ""
