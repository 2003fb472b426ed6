"""Fail when files import one another in a circle, or late without being on the list.

Counted is every import statement of the four packages, also those inside functions and below
`if TYPE_CHECKING:`. An import inside a function (a late one) is for two reasons only, and one for
type checkers may lead upwards only where both sides must be known. `tools/listed_imports.toml`
names each:

    speed         what most callers do not need would make every start slower
    environment   only some environments have it: a job's frameworks, one system's modules
    types         type checkers alone read it, and without the name there would be a circle

A late import of what the file's other imports load anyway serves nothing.

    check_imports.py                    fail with what is wrong
    check_imports.py --count [FOLDER]   print the numbers of this checkout, or of another one
"""

from __future__ import annotations

import ast
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
LIST = Path("tools/listed_imports.toml")
LATE = ("speed", "environment")
TYPES = "types"

Graph = dict[str, set[str]]
Pair = tuple[str, str]


@dataclass
class File:
    """What one file imports, as full names.

    `eager` when it is imported itself, `late` after that, `types` never: type checkers read those.
    """

    module: str
    is_package: bool
    eager: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    lines: int = 0


def read(root: Path) -> dict[str, File]:
    """Read every file of the packages.

    Args:
        root: A checkout.

    Returns:
        Full name of a module -> what it imports.
    """
    paths = {}
    for source in sorted(root.glob("packages/*/src")):
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            paths[".".join(parts[:-1] if is_package else parts)] = (path, is_package)
    files = {}
    for module, (path, is_package) in paths.items():
        found = files[module] = File(module, is_package)
        _collect(found, ast.parse(path.read_text(encoding="utf-8")), paths, is_late=False)
    return files


def _collect(file: File, node: ast.AST, modules: Iterable[str], *, is_late: bool) -> None:
    for child in ast.iter_child_nodes(node):
        # `typing.TYPE_CHECKING` too, and what a file calls so to spare the import of typing.
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for part in child.body:
                file.types.update(_imported(file, part, modules))
            for part in child.orelse:
                _collect_one(file, part, modules, is_late=is_late)
        else:
            _collect_one(file, child, modules, is_late=is_late)


def _collect_one(file: File, node: ast.AST, modules: Iterable[str], *, is_late: bool) -> None:
    for name in _imported(file, node, modules):
        (file.late if is_late else file.eager).add(name)
        file.lines += is_late
    inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    _collect(file, node, modules, is_late=is_late or inside)


def _imported(file: File, node: ast.AST, modules: Iterable[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(file, node)
        for alias in node.names:
            # A name below a package may be one of its modules: then that is what is imported.
            below = f"{base}.{alias.name}"
            yield below if below in modules else base
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        # By name counts as well, where the name can be read.
        yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))


def _base(file: File, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = file.module.split(".")
    # One dot means the package itself to a package, and the one around it to a module.
    package = parts[: len(parts) - node.level + file.is_package]
    return ".".join([*package, node.module] if node.module else package)


def circles(files: dict[str, File], types: set[Pair] | None = None) -> list[list[str]]:
    """The groups of files that import one another, the largest first.

    A group is as large as it can be: from each of its files a way leads to every other one.

    Args:
        files: The files.
        types: The imports for type checkers to count too; None for none.
    """
    graph = {name: (file.eager | file.late) & files.keys() - {name} for name, file in files.items()}
    for name, other in types or ():
        graph[name].add(other)
    reached = {name: _reached(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in far if name in reached[other]))
        for name, far in reached.items()
        if name in far
    }
    return sorted(map(list, groups), key=lambda group: (-len(group), group))


def typed(files: dict[str, File]) -> set[Pair]:
    """Each file with another one that it imports for type checkers alone."""
    return {
        (module, name)
        for module, file in files.items()
        for name in file.types & files.keys() - file.eager - file.late - {module}
    }


def _reached(graph: Graph, start: str) -> set[str]:
    """Everything that a way leads to; the start itself only if it is on a circle."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def late(files: dict[str, File]) -> set[Pair]:
    """Each file with what it imports late."""
    return {(file.module, name) for file in files.values() for name in file.late}


def useless(files: dict[str, File]) -> set[Pair]:
    """The late imports of what is loaded anyway when the file itself is."""
    graph = {name: _with_parents(file, files) for name, file in files.items()}
    loaded = {name: _reached(graph, name) | file.eager for name, file in files.items()}
    return {(module, name) for module, name in late(files) if name in loaded[module]}


def _with_parents(file: File, files: dict[str, File]) -> set[str]:
    """What loading a file loads directly: what it imports, and the packages around those."""
    found = set(file.eager)
    for name in [file.module, *file.eager]:
        parts = name.split(".")
        found |= {".".join(parts[:n]) for n in range(1, len(parts))} & files.keys()
    return found - {file.module}


def listed(path: Path) -> dict[str, set[Pair]]:
    """What the list allows, by kind."""
    with path.open("rb") as stream:
        tables = tomllib.load(stream)
    if set(tables) != {*LATE, TYPES}:
        raise SystemExit(f"{path}: the kinds are {', '.join(LATE)} and {TYPES}")
    return {
        kind: {(module, name) for module, names in table.items() for name in names}
        for kind, table in tables.items()
    }


def faults(files: dict[str, File], allowed: dict[str, set[Pair]]) -> Iterator[str]:
    """What is wrong, and what to do."""
    for group in circles(files):
        yield f"a circle of {len(group)} files: {', '.join(group)}; move what they share below them"
    yield from _faults_of_types(files, allowed[TYPES])
    late_ones = set().union(*(allowed[kind] for kind in LATE))
    found, needless = late(files), useless(files)
    for module, name in sorted(needless):
        yield f"{module} imports {name} late, which its other imports load anyway: import it on top"
    for module, name in sorted(found - late_ones - needless):
        yield f"{module} imports {name} late: import it on top, or name it and why in {LIST}"
    for module, name in sorted(late_ones - found):
        yield f"{LIST}: {module} does not import {name} late any more; take it off the list"


def _faults_of_types(files: dict[str, File], allowed: set[Pair]) -> Iterator[str]:
    counted = typed(files) - allowed
    # A circle of imports is one of types as well, and would be told twice.
    if not circles(files):
        for group in circles(files, counted):
            yield (
                f"a circle of {len(group)} files by what type checkers read: {', '.join(group)}; "
                f"use types of files below, or name what leads upwards in {LIST}"
            )
    for pair in sorted(allowed):
        if pair not in typed(files) or not _closes(files, counted, pair):
            yield f"{LIST}: {pair[0]} needs {pair[1]} for no circle of types; take it off the list"


def _closes(files: dict[str, File], counted: set[Pair], pair: Pair) -> bool:
    """Whether an import for type checkers would make a circle with the others that are counted."""
    return any(pair[0] in group for group in circles(files, counted | {pair}))


def count(files: dict[str, File], allowed: dict[str, set[Pair]]) -> str:
    """The numbers, one a line."""
    found, types = late(files), typed(files)
    late_ones = set().union(*(allowed.get(kind, set()) for kind in LATE))
    named = allowed.get(TYPES, set())
    return (
        f"files: {len(files)}\n"
        f"circles between files: {_sizes(circles(files))}\n"
        f"  with all imports for type checkers: {_sizes(circles(files, types))}\n"
        f"  with those that are not on the list: {_sizes(circles(files, types - named))}\n"
        f"late imports: {sum(file.lines for file in files.values())} statements, "
        f"{len(found)} pairs of file and module, {len(found - late_ones)} of them not on the list"
    )


def _sizes(groups: list[list[str]]) -> str:
    return f"{len(groups)} (sizes: {', '.join(str(len(group)) for group in groups) or 'none'})"


def main(arguments: list[str]) -> int:
    """Check this checkout, or count another one."""
    root = Path(arguments[1]) if len(arguments) > 1 else ROOT
    files = read(root)
    allowed = listed(root / LIST) if (root / LIST).exists() else {}
    if arguments[:1] == ["--count"]:
        print(count(files, allowed))
        return 0
    found = list(faults(files, allowed))
    print("\n".join(found) or "imports: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
