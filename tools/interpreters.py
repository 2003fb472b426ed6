"""Print the path of a real Python: `interpreters.py 3.7`, or `interpreters.py newest`.

Looks on PATH and in pyenv's versions, and asks each candidate for its version, because version
managers put stubs on PATH that do not run. Exit status 1 when there is none.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_ASK = "import sys; print('%d.%d' % sys.version_info[:2], sys.version_info[3])"


def folders() -> list[Path]:
    """The folders to look in: PATH, then the versions of every pyenv that can be seen."""
    path = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    roots = [Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()]
    # A folder of pyenv's stubs shows where its versions are, if no variable does.
    roots += [part.parent for part in path if part.name == "shims"]
    return path + [found for root in roots for found in sorted(root.glob("versions/*/bin"))]


def interpreters() -> dict[tuple[int, int], Path]:
    """The first working release of each minor version, as {(3, 7): path}."""
    found: dict[tuple[int, int], Path] = {}
    for folder in folders():
        for candidate in sorted(folder.glob("python3.*")):
            match = re.fullmatch(r"python3\.(\d+)", candidate.name)
            version = (3, int(match.group(1))) if match else (0, 0)
            if match and version not in found and _answers(candidate, version):
                found[version] = candidate
    return found


def _answers(candidate: Path, version: tuple[int, int]) -> bool:
    """Whether the program runs and is a final release of that version."""
    try:
        done = subprocess.run(
            [candidate, "-c", _ASK], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == [f"{version[0]}.{version[1]}", "final"]


def main() -> int:
    """Answer for the version named on the command line."""
    wanted = sys.argv[1]
    found = interpreters()
    version = max(found, default=(0, 0)) if wanted == "newest" else _parse(wanted)
    if version not in found:
        return 1
    print(found[version])
    return 0


def _parse(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


if __name__ == "__main__":
    sys.exit(main())
