"""The `azureml` package holds names, and nothing that does anything."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import azureml

ROOT = Path(azureml.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def allowed(node: ast.stmt) -> bool:
    """Say whether a statement is a docstring, an import from runyard, or `__all__`."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").split(".")[0] == "runyard"
    if isinstance(node, ast.Assign):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return names == ["__all__"] and isinstance(node.value, ast.List)
    return False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_file_holds_only_names(path):
    """Behaviour lives in `runyard.sdk`, where it is tested and documented once."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert [ast.dump(node) for node in tree.body if not allowed(node)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_all_names_what_is_imported(path):
    """`from x import *` gives what the file offers, and the file offers what it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    listed = [ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)]
    assert set(listed[0] if listed else []) == imported
