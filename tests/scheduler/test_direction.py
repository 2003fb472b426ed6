"""Reconcilers write nothing themselves: what they change, `execution` and `operations` write."""

import ast
from pathlib import Path

import runyard_server.scheduler

STORE = "runyard_server.store"
FILES = sorted(Path(next(iter(runyard_server.scheduler.__path__))).glob("*.py"))


def test_of_the_store_they_know_rows_alone() -> None:
    """A row is read and passed on; whoever imports a module of the store could write with it."""
    taken = [
        f"{file.name}: {alias.name}"
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(STORE)
        for alias in node.names
        if not (alias.name.endswith("Row") or alias.name == "Subject" or alias.name.isupper())
    ]
    assert taken == []


def test_they_begin_no_unit_of_work() -> None:
    """No turn opens a transaction to write by itself, however small."""
    begun = [
        f"{file.name}, line {node.lineno}"
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in ("write", "records")
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in ("_system", "records")
    ]
    assert begun == []
