"""Fail when a file passes 600 lines or a function 60: sizes at which nobody reads any more.

Aims are lower (150 and 10); this is where growing stops. A function's length counts from its
`def` to its last line without the docstring.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("packages", "tests", "examples", "benchmarks", "tools")
FILE_LINES = 600
FUNCTION_LINES = 60


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Every Python file of the repository that people write."""
    for folder in FOLDERS:
        yield from sorted((root / folder).rglob("*.py"))


def too_long(path: Path) -> Iterator[str]:
    """What is too long in one file."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines; split it at {FILE_LINES}"
    # A shorter file has no longer function; most files are spared the work.
    for node in _functions(ast.parse(text)) if lines > FUNCTION_LINES else ():
        length = _length(node)
        if length > FUNCTION_LINES:
            yield f"{path}:{node.lineno}: {node.name} has {length} lines of {FUNCTION_LINES}"


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions; expressions, which hold none, are not looked into."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
        if not isinstance(child, ast.expr):
            yield from _functions(child)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    end = node.end_lineno or node.lineno
    first = node.body[0]
    docstring = ast.get_docstring(node) is not None
    inside = (first.end_lineno or first.lineno) - first.lineno + 1 if docstring else 0
    return end - node.lineno + 1 - inside


def main() -> int:
    """Print what is too long."""
    found = [line for path in sources() for line in too_long(path)]
    print("\n".join(found) or "sizes: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
