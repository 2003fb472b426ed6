"""Files import only downwards, and late only for a reason that is written down."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "check_imports", ROOT / "tools" / "check_imports.py"
    )
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def checkout(root: Path, **files: str) -> Path:
    """Make a package `p` of these files."""
    folder = root / "packages" / "one" / "src" / "p"
    folder.mkdir(parents=True)
    for name, text in {"__init__": "", **files}.items():
        (folder / f"{name}.py").write_text(text)
    return root


def test_no_circle_and_no_late_import_without_a_reason(tool):
    """What imports in a circle can only be understood, tested and changed as a whole."""
    assert list(tool.faults(tool.read(ROOT), tool.listed(ROOT / tool.LIST))) == []


def test_a_circle_is_seen_through_a_function_but_not_through_annotations(tool, tmp_path):
    """Hiding an import in a function leaves the circle; naming a type makes none."""
    root = checkout(
        tmp_path,
        a="from p import b",
        b="def f():\n    from p.c import x",
        c="import p.a",
        d="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import p.e",
        e="from . import d",
    )
    assert tool.circles(tool.read(root)) == [["p.a", "p.b", "p.c"]]
    assert "circles between files: 1 (sizes: 3)" in tool.count(tool.read(root), set())


def test_the_list_is_neither_too_short_nor_too_long(tool, tmp_path):
    """A late import needs its reason; an entry that nothing needs would hide the next one."""
    late = "def f():\n    import {}"
    root = checkout(tmp_path, a=late.format("json"), b="import json\n" + late.format("json"))
    assert list(tool.faults(tool.read(root), {("p.a", "json"), ("p.b", "json")})) == [
        "p.b imports json late, which its other imports load anyway: import it on top"
    ]
    said = list(tool.faults(tool.read(root), {("p.b", "json"), ("p.a", "os")}))
    assert any(line.startswith("p.a imports json late") for line in said)
    assert any("p.a does not import os late any more" in line for line in said)
