"""The tool that checks docstrings can see; `make check` has it look at all of them."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
check = runpy.run_path(str(ROOT / "tools" / "check_docstrings.py"))


def test_faults_are_seen(tmp_path: Path) -> None:
    """A check that cannot fail protects nothing."""
    folder = tmp_path / "packages"
    folder.mkdir()
    path = folder / "module.py"
    told = "Sum.\n\n        Args:\n            a: One.\n        "
    methods = {"f": "Give f.", "g": "See B.", "_h": "Hidden.", "i": told, "j": "Looks for j."}
    text = '"""Say what."""\n\n\nclass A:\n    """Gives a."""\n'
    for name, docstring in methods.items():
        text += f'\n    def {name}(self, a, b, c):\n        """{docstring}"""\n'
    path.write_text(text)
    lines = [fault.split(":")[1] for fault in check["faults"](path)]
    assert sorted(lines) == ["1", "23", "23", "4", "7", "7"]
