"""The `azureml` package holds names, and nothing that does anything."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import azureml

ROOT = Path(azureml.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def allowed(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, an import from runyard, or `__all__`.

    Names that are loaded on first use are imported twice: below `if TYPE_CHECKING:` for readers and
    type checkers, and by `__getattr__`, itself imported, for programs.
    """
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").split(".")[0] == "runyard"
    if isinstance(node, ast.Assign):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return names == ["__all__"] and isinstance(node.value, ast.List)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING" and all(
            isinstance(one, ast.ImportFrom) and allowed(one) for one in node.body + node.orelse
        )
    return False


def offered(tree: ast.Module) -> dict[str, str]:
    """The names that a file imports to offer them, and the module each comes from."""
    nodes = [
        *tree.body,
        *(one for node in tree.body if isinstance(node, ast.If) for one in node.body),
    ]
    return {
        alias.asname or alias.name: node.module or ""
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name != "TYPE_CHECKING"
    }


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
    listed = [ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)]
    assert set(listed[0] if listed else []) == set(offered(tree))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_offered_is_what_is_written(path):
    """A name that is loaded on first use comes from where readers and type checkers see it."""
    module = ".".join(("azureml", *path.relative_to(ROOT).with_suffix("").parts))
    mine = importlib.import_module(module.removesuffix(".__init__"))
    for name, home in offered(ast.parse(path.read_text(encoding="utf-8"))).items():
        assert getattr(mine, name) is getattr(importlib.import_module(home), name)
        assert name in dir(mine)
