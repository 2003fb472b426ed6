"""Makes a wheel compiled in one environment fit every other one.

Compilers write the folders of the libraries that they linked into the result. The environment it
was compiled in may be gone when the wheel is used, so what points into it is rewritten to be
relative to the file itself (`$ORIGIN`). The text may become shorter in place, never longer.
"""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import re
import zipfile
from typing import Dict, List, Optional

ORIGIN = "$ORIGIN"


def relocated(wheel: str, target: str, environment: str) -> None:
    """Write a wheel whose libraries find those of whichever environment they are in.

    Args:
        wheel: The wheel as compiled.
        target: File for the new one.
        environment: Folder of the environment it was compiled in.
    """
    site = _site(environment)
    records = {}
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            data = old.read(member)
            if member.filename.endswith(".so"):
                place = posixpath.join(site, posixpath.dirname(member.filename))
                data = repointed(data, environment, place)
            records[member.filename] = data
            if not member.filename.endswith(".dist-info/RECORD"):
                new.writestr(member, data)
        for member in old.infolist():
            if member.filename.endswith(".dist-info/RECORD"):
                new.writestr(member, _record(old.read(member).decode("utf-8"), records))


def repointed(data: bytes, environment: str, place: str) -> bytes:
    """A library with its search folders relative to its own place.

    Args:
        data: The library.
        environment: Folder that it was compiled in.
        place: Folder below it where the library will lie.
    """
    found = os.fsencode(environment)
    # A library keeps its texts one after the other, each ended by a NUL.
    pattern = re.compile(rb"(?<=\0)[^\0]*?" + re.escape(found) + rb"/lib[^\0]*(?=\0)")

    def changed(match: re.Match[bytes]) -> bytes:
        new = _folders(os.fsdecode(match.group(0)), environment, place)
        size = len(match.group(0))
        if new is None or len(os.fsencode(new)) > size:
            return match.group(0)
        return os.fsencode(new).ljust(size, b"\0")

    return pattern.sub(changed, data)


def _folders(text: str, environment: str, place: str) -> Optional[str]:
    """A list of folders with those of the environment relative; None if it is no such list."""
    libraries = posixpath.join(environment, "lib")
    changed: List[str] = []
    for folder in text.split(":"):
        if folder[:1] not in ("/", "$") or posixpath.splitext(folder)[1] in (".h", ".hpp", ".so"):
            return None
        if folder == libraries or folder.startswith(libraries + "/"):
            changed.append(posixpath.join(ORIGIN, posixpath.relpath(folder, place)))
        else:
            changed.append(folder)
    return ":".join(changed)


def _site(environment: str) -> str:
    """The folder of packages; its name has the version of the interpreter."""
    libraries = os.path.join(environment, "lib")
    names = sorted(name for name in os.listdir(libraries) if name.startswith("python"))
    return posixpath.join(libraries, names[0] if names else "python3", "site-packages")


def _record(text: str, contents: Dict[str, bytes]) -> str:
    """The list of files with hash and size of each, as its format wants."""
    lines = []
    for line in text.splitlines():
        name = line.rsplit(",", 2)[0].strip('"')
        data = contents.get(name)
        if data is None or name.endswith("/RECORD"):
            lines.append(line)
            continue
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}")
    return "\n".join(lines) + "\n"
