"""Fail for docstrings that do not begin with what the thing is or does, or leave arguments unnamed.

- None begins with a word that fits everything (Give, Say, Tell, Look): what is given comes first.
- A function of the product that others call names its arguments (`Args:`) where it has three or
  more; a method that refers to another one (`See Backend.`) has them there. Commands are left out:
  their docstrings are what `--help` shows, with the help of each argument below.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PLACES = (
    "packages/*/src/**/*.py",
    "tools/*.py",
    "benchmarks/**/*.py",
    "examples/**/*.py",
    "tests/**/*.py",
)
EMPTY = re.compile(r"(Give|Say|Tell|Look)s?\b")
PRODUCT, COMMANDS = "/packages/", "/runyard_server/cli/"
MOST_UNNAMED = 2

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(root: Path = ROOT) -> Iterator[Path]:
    """The files that are looked at: the product, its tools, benchmarks, examples and tests."""
    for place in PLACES:
        yield from sorted(root.glob(place))


def faults(path: Path) -> Iterator[str]:
    """What is wrong with the docstrings of one file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function):
            found = EMPTY.match(ast.get_docstring(node) or "")
            if found:
                line = getattr(node, "lineno", 1)
                yield f"{path}:{line}: begin with what it is or does, not with {found.group()!r}"
    if PRODUCT in path.as_posix() and COMMANDS not in path.as_posix():
        for function in _called_by_others(tree):
            if _lacks_arguments(function):
                yield f"{path}:{function.lineno}: name the arguments of {function.name} (Args:)"


def _called_by_others(node: ast.AST) -> Iterator[Function]:
    """The functions without an underscore, of the file and of its classes without one."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function) and not child.name.startswith("_"):
            yield child
        elif isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from _called_by_others(child)


def _lacks_arguments(function: Function) -> bool:
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    told = ast.get_docstring(function)
    if told is None or told.startswith("See ") or "Args:" in told:
        return False
    return len([name for name in names if name not in {"self", "cls"}]) > MOST_UNNAMED


def main() -> int:
    """Print what is wrong."""
    found = [fault for path in sources() for fault in faults(path)]
    print("\n".join(found) or "docstrings: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
