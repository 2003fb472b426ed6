"""Environments from the files of Python projects, which say what is needed in TOML.

    pyproject.toml    its dependencies; with a uv.lock beside it the versions locked there
    pylock.toml       what it locks, by the hashes of the files
    a script          the block `# /// script` at its top

All become pip requirements and a Python. What a lock has from elsewhere than an index (folders,
repositories) is refused, for jobs do not have it. Markers stay: the service knows the job's system.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterator, List, NamedTuple, Tuple

from runyard.client import texts
from runyard.protocol import pythons
from runyard.sdk.exceptions import UserErrorException, translated

_SCRIPT = re.compile(r"(?m)^# /// script[ \t]*$\n((?:^#(?: .*)?$\n)+?)^# ///[ \t]*$")
_LOCK = "uv.lock"
Table = Dict[str, Any]


class Wanted(NamedTuple):
    """What a file asks for: a Python, "" for any, and requirements as pip reads them."""

    python: str
    pip: List[str]


def read(path: str) -> Wanted:
    """Read a file, by what it is.

    Args:
        path: A `pyproject.toml` or the folder with it, a `uv.lock`, a `pylock.toml`, or a script.

    Raises:
        UserErrorException: It is missing or none of these, cannot be read, or needs what only this
            machine has.
    """
    file = Path(path).expanduser()
    if file.is_dir():
        file /= "pyproject.toml"
    if not file.is_file():
        raise UserErrorException(f"{str(path)!r} does not exist (looked from {Path.cwd()})")
    with translated():
        text = texts.read(file)
    if file.suffix == ".py":
        return _script(text, str(path))
    if file.name == "pyproject.toml":
        lock = file.with_name(_LOCK)
        return read(str(lock)) if lock.is_file() else _project(_toml(text, str(file)), str(file))
    if file.name == _LOCK:
        return _uv_lock(_toml(text, str(file)), str(file))
    if re.fullmatch(r"pylock(\.[^.]+)?\.toml", file.name):
        return _pylock(_toml(text, str(file)), str(file))
    raise UserErrorException(
        f"{str(path)!r} is no pyproject.toml, uv.lock, pylock.toml or script: for requirements "
        "there is Environment.from_pip_requirements, for conda's files from_conda_specification"
    )


def _script(text: str, path: str) -> Wanted:
    found = _SCRIPT.search(text)
    if found is None:
        raise UserErrorException(
            f"{path!r} has no block `# /// script` that names its dependencies: write one at its "
            "top, or use a list of packages"
        )
    block = "\n".join(line[2:] for line in found.group(1).splitlines())
    table = _toml(block, path)
    return Wanted(_python(table), [str(line) for line in table.get("dependencies", [])])


def _project(table: Table, path: str) -> Wanted:
    project = table.get("project")
    if not isinstance(project, dict):
        raise UserErrorException(f"{path!r} has no [project] with dependencies")
    return Wanted(_python(project), [str(line) for line in project.get("dependencies", [])])


def _pylock(table: Table, path: str) -> Wanted:
    lines = []
    for package in table.get("packages", []):
        files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        if not package.get("version") or not files:
            raise _elsewhere(package, path)
        hashes = {one.get("hashes", {}).get("sha256") for one in files} - {None}
        pin = f"{package['name']}=={package['version']}"
        marker = f" ; {package['marker']}" if package.get("marker") else ""
        lines.append(pin + marker + "".join(f" --hash=sha256:{one}" for one in sorted(hashes)))
    return Wanted(_python(table), lines)


def _uv_lock(table: Table, path: str) -> Wanted:
    """The pins that can be reached from the project, each under the markers on the way to it."""
    packages: Dict[str, List[Table]] = {}
    for package in table.get("package", []):
        packages.setdefault(package["name"], []).append(package)
    roots = [one for found in packages.values() for one in found if _is_root(one)]
    if not roots:
        raise UserErrorException(
            f"{path!r} locks no project: its [[package]] with source '.' lacks"
        )
    lines: Dict[str, None] = {}
    seen: Dict[Tuple[str, str, Tuple[str, ...]], List[FrozenSet[str]]] = {}
    # A lock is for all systems, so what is of Windows alone must keep its marker.
    waiting = [(edge, frozenset(_markers(edge))) for edge in _edges(roots[0], [])]
    while waiting:
        edge, markers = waiting.pop()
        for package in packages.get(edge["name"], []):
            version, extras = package.get("version", ""), edge.get("extra", [])
            known = seen.setdefault((package["name"], version, tuple(extras)), [])
            # Packages may need each other in a circle, in which markers would pile up for ever.
            weaker = any(each <= markers for each in known)
            if weaker or edge.get("version", version) != version:
                continue
            known.append(markers)
            if "registry" not in package.get("source", {}):
                raise _elsewhere(package, path)
            told = _all(sorted(markers))
            lines[f"{package['name']}=={version}" + (f" ; {told}" if told else "")] = None
            waiting += [(one, markers.union(_markers(one))) for one in _edges(package, extras)]
    return Wanted(_python(table), sorted(lines))


def _edges(package: Table, extras: List[str]) -> Iterator[Table]:
    yield from package.get("dependencies", [])
    for extra in extras:
        yield from package.get("optional-dependencies", {}).get(extra, [])


def _is_root(package: Table) -> bool:
    source = package.get("source", {})
    return "." in (source.get("virtual"), source.get("editable"))


def _markers(edge: Table) -> List[str]:
    return [edge["marker"]] if edge.get("marker") else []


def _all(markers: List[str]) -> str:
    return markers[0] if len(markers) == 1 else " and ".join(f"({each})" for each in markers)


def _python(table: Table) -> str:
    """The Python of `requires-python`, which a lower bound alone leaves open."""
    return pythons.asked(str(table.get("requires-python", "")))


def _toml(text: str, path: str) -> Table:
    try:
        # By its name, for the light half is checked to import nothing that Python 3.7 lacks.
        tomllib = import_module("tomllib")
    except ImportError:
        raise UserErrorException(
            f"{path!r} is TOML, which Python reads from 3.11 on: submit from a newer Python, or "
            "make a requirements file of it (`uv export --format requirements-txt`)"
        ) from None
    try:
        found: Table = tomllib.loads(text)
    except ValueError as error:
        raise UserErrorException(f"{path!r} is not TOML: {error}") from error
    return found


def _elsewhere(package: Table, path: str) -> UserErrorException:
    return UserErrorException(
        f"{path!r} has {package.get('name')!r} from elsewhere than a package index, which jobs do "
        "not have: put it into source_directory, or make a wheel of it and add that with "
        "Environment.add_private_pip_wheel"
    )
