"""Each fact and each rule that several rooms need stands in one file."""

import re
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2] / "packages"
SERVER = "runyard-server/src/runyard_server"
PROTOCOL = "runyard/src/runyard/protocol"
# What the code of a fact looks like, and the one file that may have it.
FACTS = [
    ("names near a wrong one", r"get_close_matches", f"{PROTOCOL}/suggestions.py"),
    ("the fields of a process", r"pid\}/stat[\"']", f"{PROTOCOL}/procfs.py"),
    ("which processes are dead", r"\"ZXx\"", f"{PROTOCOL}/procfs.py"),
    ("what a service calls itself", r"PRODUCT = \"", f"{PROTOCOL}/service.py"),
    ("which boot this is", r"random/boot_id", f"{PROTOCOL}/procfs.py"),
    ("a path that leads upwards", r"is not allowed\"\)", f"{PROTOCOL}/paths.py"),
    ("where a content lies", r"\nCONTENTS = |sha256/\{|\"sha256\" /", f"{PROTOCOL}/paths.py"),
    ("who outlasts the others", r"had completed \"", f"{PROTOCOL}/exit_deadline.py"),
    ("a spec as it is kept", r"Decoder\(RunSpec\)", f"{SERVER}/core/specs.py"),
    ("which node an agent speaks for", r"has no node \{", f"{SERVER}/core/lookups.py"),
    ("microseconds of a second", r"SECOND = 1_000_000\n", f"{SERVER}/core/clock.py"),
    ("a transaction", r"\.records\.(read|write)\(", f"{SERVER}/core/system.py"),
]


@pytest.mark.parametrize(("_fact", "code", "home"), FACTS, ids=[fact for fact, _, _ in FACTS])
def test_it_stands_in_one_file(_fact: str, code: str, home: str) -> None:
    """A second copy would be mended apart from the first."""
    files = [file for file in PACKAGES.rglob("*.py") if "testing" not in file.parts]
    found = {str(f.relative_to(PACKAGES)) for f in files if re.search(code, f.read_text())}
    assert found == {home}


def test_no_rule_has_a_side_channel() -> None:
    """What a rule needs comes with its unit of work, never by a variable of the thread."""
    rooms = [PACKAGES / SERVER / room for room in ("core", "execution", "operations")]
    texts = [file.read_text() for room in rooms for file in room.rglob("*.py")]
    assert not [text for text in texts if "ContextVar" in text or "threading.local" in text]
