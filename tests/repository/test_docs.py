"""What the documentation says of the code is true."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
check_docs = runpy.run_path(str(ROOT / "tools" / "check_docs.py"))
reference = runpy.run_path(str(ROOT / "tools" / "reference.py"))


@pytest.mark.parametrize("name", sorted(reference["pages"]()))
def test_the_reference_is_the_code_s(name: str) -> None:
    """Settings, commands and routes are described as they are; `make docs` writes them."""
    assert (ROOT / "docs/reference" / name).read_text() == reference["pages"]()[name]


@pytest.mark.parametrize(
    "page", check_docs["documents"](), ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_examples_and_commands_hold(page: Path) -> None:
    """Links lead somewhere, examples are Python with imports that exist, commands exist."""
    assert list(check_docs["faults"](page)) == []


def test_faults_are_seen(tmp_path: Path) -> None:
    """A check that cannot fail protects nothing."""
    prose = "[x](no.md) `make nothing` `runyard runs fly`\n"
    text = f"{prose}```python\nfrom runyard import Nothing\n```\n"
    faults = [
        *check_docs["_links"](tmp_path / "page.md", text),
        *check_docs["_examples"](text),
        *check_docs["_commands"](text),
    ]
    assert len(faults) == 4
