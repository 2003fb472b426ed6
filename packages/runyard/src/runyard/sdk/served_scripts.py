"""The script that serves a model: found, read for what cannot work, and sent with its folder.

    def init(): ...            once, before the first request
    def run(data): ...         for each request

Whatever can be told without running it is told before anything is sent.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Optional

from runyard.protocol.suggestions import nearest_scripts
from runyard.sdk.source_snapshots import take_snapshot

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.sdk.endpoint_values import Faults

ENTRY = "run"


class Script(NamedTuple):
    """A script on this machine: the folder that is sent, and its path there.

    `alone`: nothing else of the folder is sent.
    """

    folder: Path
    path: str
    alone: bool

    @property
    def beside(self) -> Path:
        """The folder that it lies in."""
        return (self.folder / self.path).parent


def find(script: Any, source: Any, faults: Faults) -> Optional[Script]:
    """Find the script.

    Args:
        script: Its path; below `source` where that is given.
        source: The folder that is sent with it; None: the script alone.
        faults: What is wrong is added to it.

    Returns:
        The script, None where it is not found.
    """
    if script is None:
        if source is not None:
            faults.add(f"source is {str(source)!r}, and without script= nothing there is run")
        return None
    given = Path(str(script)).expanduser()
    folder = given.parent if source is None else Path(str(source)).expanduser()
    if source is not None and not folder.is_dir():
        faults.add(f"source: there is no folder {str(source)!r} (looked from {Path.cwd()})")
        return None
    # Both are common: a path within the source, and one from here that leads into it.
    within = folder / given
    path = given if source is None or (given.exists() and not within.exists()) else within
    if not path.is_file():
        faults.add(_missing(str(script), folder))
        return None
    try:
        # Its own link is not followed: it is sent under the name that it has here.
        relative = (path.parent.resolve() / path.name).relative_to(folder.resolve())
    except ValueError:
        faults.add(f"script {str(script)!r} is not below the source {str(source)!r}")
        return None
    return Script(folder, relative.as_posix(), source is None)


def check(script: Script, faults: Faults) -> None:
    """Find what cannot work in a script.

    Args:
        script: The script.
        faults: What is wrong is added to it.
    """
    name = script.path
    path = script.folder / name
    if path.suffix != ".py":
        faults.add(f"script {name!r} is no Python file: its name must end with .py")
        return
    try:
        tree = ast.parse(path.read_bytes(), name)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        faults.add(f"{name}{f', line {line}' if line else ''}: {getattr(error, 'msg', error)}")
        return
    defined = set(_defined(tree))
    # A star may bring any name, and the script is not run to find out.
    if ENTRY not in defined and "*" not in defined:
        faults.add(f"{name} has no function run(data), which each request needs")
    if script.alone:
        beside = sorted(each for each in _imported(tree) if _is_module(script.beside, each))
        if beside:
            faults.add(
                f"{name} imports {', '.join(beside)}, which lies beside it: give the folder as "
                f"source={str(script.folder)!r}, or what is beside it is not sent"
            )


def send(service: WorkspaceClient, script: Script) -> str:
    """Keep a script's folder, or it alone, on the service.

    Args:
        service: The workspace.
        script: The script.

    Returns:
        The snapshot's id.

    Raises:
        SnapshotException: The folder is too large or cannot be read.
        UserErrorException: The script is kept out by the ignore file.
    """
    if not script.alone:
        return take_snapshot(service, str(script.folder), script.path)
    # By itself in a folder: what lies beside it may be large, or nobody's business.
    with tempfile.TemporaryDirectory(prefix="runyard-") as folder:
        shutil.copy2(str(script.folder / script.path), folder)
        return take_snapshot(service, folder, script.path)


def _missing(script: str, folder: Path) -> str:
    names = [each.name for each in folder.glob("*.py")] if folder.is_dir() else []
    near = nearest_scripts(script, names)
    there = f"; there are: {', '.join(near)}" if near else ""
    return f"script: there is no file {script!r} (looked in {folder.resolve()}){there}"


def _defined(tree: ast.Module) -> Iterator[str]:
    """The names that a module has once it is imported, as far as they can be seen."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for each in node.names:
                yield each.asname or each.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _imported(tree: ast.Module) -> Iterator[str]:
    """The first parts of the modules that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield each.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _is_module(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()
