"""The tool that finds circles and late imports can see; `make check` has it read all files."""

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


def reasons(late=(), types=()):
    return {"speed": set(late), "environment": set(), "types": set(types)}


def test_a_circle_is_seen_through_a_function(tool, tmp_path):
    """Hiding an import in a function leaves the circle."""
    root = checkout(
        tmp_path,
        a="from p import b",
        b="def f():\n    from p.c import x",
        c="import p.a",
        d="from . import a",
    )
    assert tool.circles(tool.read(root)) == [["p.a", "p.b", "p.c"]]
    assert "circles between files: 1 (sizes: 3)" in tool.count(tool.read(root), {})


def test_a_type_that_leads_upwards_is_named(tool, tmp_path):
    """Annotations may know both sides, but each that closes a circle is one somebody decided on."""
    types = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import p.{}\nelse:\n    import os"
    root = checkout(tmp_path, d=types.format("e"), e="from . import d", f=types.format("d"))
    files = tool.read(root)
    assert files["p.d"].eager == {"os"}
    (said,) = tool.faults(files, reasons())
    assert said.startswith("a circle of 2 files by what type checkers read: p.d, p.e;")
    assert list(tool.faults(files, reasons(types={("p.d", "p.e")}))) == []
    (said,) = tool.faults(files, reasons(types={("p.d", "p.e"), ("p.f", "p.d")}))
    assert "p.f needs p.d for no circle of types" in said


def test_the_list_is_neither_too_short_nor_too_long(tool, tmp_path):
    """A late import needs its reason; an entry that nothing needs would hide the next one."""
    late = "def f():\n    import {}"
    root = checkout(tmp_path, a=late.format("json"), b="import json\n" + late.format("json"))
    assert list(tool.faults(tool.read(root), reasons({("p.a", "json"), ("p.b", "json")}))) == [
        "p.b imports json late, which its other imports load anyway: import it on top"
    ]
    said = list(tool.faults(tool.read(root), reasons({("p.b", "json"), ("p.a", "os")})))
    assert any(line.startswith("p.a imports json late") for line in said)
    assert any("p.a does not import os late any more" in line for line in said)
