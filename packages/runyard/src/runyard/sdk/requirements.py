"""pip requirements as users write them: lines of a file, and the names that are our own."""

import re
from pathlib import Path
from typing import Iterable, List, Tuple

from runyard.sdk.conda import package_name
from runyard.sdk.exceptions import UserErrorException

# The SDK is on PYTHONPATH in every job: packages of these names would only stand in its way.
_OWN = re.compile(r"^azureml(-.*)?$|^runyard(-azureml)?$")


def without_own(requirements: Iterable[str]) -> List[str]:
    """Leave out the names that every job has already, such as `azureml-defaults`."""
    return [line for line in requirements if not _OWN.match(package_name(line))]


def read_requirements(path: str, seen: Tuple[str, ...] = ()) -> List[str]:
    """Give the lines of a requirements file without comments, with `-r` files in their place.

    Raises:
        UserErrorException: A file is missing, or includes itself.
    """
    file = Path(path)
    if not file.is_file():
        raise UserErrorException(
            f"requirements file {path!r} does not exist (looked from {Path.cwd()}); check the path"
        )
    here = str(file.resolve())
    if here in seen:
        raise UserErrorException(f"requirements file {path!r} includes itself")
    text = file.read_text(encoding="utf-8").replace("\\\n", " ")
    return lines_of(text.splitlines(), file.parent, (*seen, here))


def lines_of(raw: Iterable[str], folder: Path, seen: Tuple[str, ...] = ()) -> List[str]:
    """Give requirement lines without comments, with `-r` files in their place.

    Args:
        raw: The lines.
        folder: What the files' paths are relative to.
        seen: Files that are being read.
    """
    lines: List[str] = []
    for text in raw:
        line = re.sub(r"(^|\s)#.*$", "", text).strip()
        include = re.match(r"(?:-r|--requirement)[\s=]*(\S+)$", line)
        if include:
            lines += read_requirements(str(folder / include.group(1)), seen)
        elif line:
            lines.append(line)
    return lines
