"""No file of the repository names a machine's folders, a registry's host or unfinished work."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_HOSTS = ("pypi" + ".org", "files.python" + "hosted")
_FOLDERS = ("/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/")


def tracked() -> list[Path]:
    """The text files under version control, or all of a release without it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in {".gz", ".png", ".db"}]


@pytest.mark.parametrize("lock", ["requirements.lock", "tests/light/requirements.txt"])
def test_locks_name_hashes_and_no_hosts(lock: str) -> None:
    """Whoever installs from a mirror uses the lock as it is, and gets the same bytes."""
    text = (ROOT / lock).read_text()
    assert "://" not in text
    pins = re.findall(r"^[a-zA-Z0-9._-]+(?:\[[^]]*\])?==", text, re.MULTILINE)
    assert len(pins) > 5
    assert text.count("--hash=sha256:") >= len(pins)


def test_no_file_names_a_host_of_packages_or_a_folder_of_one_machine() -> None:
    """A clone works anywhere."""
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked()
        for word in _HOSTS + _FOLDERS
        if word in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []


def test_the_uv_that_builds_is_the_uv_that_ships() -> None:
    """One version of uv builds, locks and realises environments."""
    pin = re.compile(r"^uv==\S+", re.MULTILINE)
    ours = pin.search((ROOT / "tools/uv-requirement.txt").read_text())
    locked = pin.search((ROOT / "requirements.lock").read_text())
    assert ours is not None
    assert locked is not None
    assert ours.group() == locked.group()
