"""The tool that checks sizes can see; `make check` has it look at all files."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
check_sizes = runpy.run_path(str(ROOT / "tools" / "check_sizes.py"))


def test_long_files_and_functions_are_seen(tmp_path: Path) -> None:
    """A check that cannot fail protects nothing."""
    body = "\n".join(f"    x{i} = {i}" for i in range(61))
    path = tmp_path / "long.py"
    path.write_text(f"def f():\n{body}\n" + "\n" * 600)
    lines = list(check_sizes["too_long"](path))
    assert any("split it" in line for line in lines)
    assert any(" f has " in line for line in lines)
