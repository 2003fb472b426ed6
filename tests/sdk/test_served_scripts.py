"""The script of an endpoint: what cannot work is told before anything is sent."""

import pytest

from runyard.sdk import served_scripts
from runyard.sdk.endpoint_values import Faults
from runyard.sdk.exceptions import UserErrorException

GOOD = "import json\n\ndef init():\n    pass\n\ndef run(data):\n    return json.loads(data)\n"


def faults_of(script, source=None) -> str:
    """What is said of a script; "" where it is good."""
    faults = Faults()
    found = served_scripts.find(script, source, faults)
    if found is not None:
        served_scripts.check(found, faults)
    try:
        faults.raise_all("the script")
    except UserErrorException as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD, ""),
        ("from other import run\n", ""),
        ("run = lambda data: data\n", ""),
        ("def init(): pass\n", "has no function run(data)"),
        ("def run(data:\n    pass\n", "score.py, line 1"),
        ("import helper\n" + GOOD, "imports helper, which lies beside it"),
    ],
)
def test_a_script_is_read_before_it_is_sent(folder, text, said) -> None:
    """A script that could never serve is refused in a second, not after a build."""
    (folder / "score.py").write_text(text)
    (folder / "helper.py").write_text("")
    found = faults_of("score.py")
    assert said in found
    assert bool(said) == bool(found)


def test_the_source_comes_with_the_script(folder) -> None:
    """What the script imports of its own folder is no fault once the folder goes along."""
    (folder / "src").mkdir()
    (folder / "src" / "score.py").write_text("import helper\n" + GOOD)
    (folder / "src" / "helper.py").write_text("")
    for script in ("score.py", "src/score.py"):
        assert faults_of(script, "src") == ""
        found = served_scripts.find(script, "src", Faults())
        assert found is not None
        assert (found.path, found.alone) == ("score.py", False)


@pytest.mark.parametrize(
    ("script", "source", "said"),
    [
        ("scoer.py", None, "there are: score.py"),
        ("score.py", "nowhere", "no folder 'nowhere'"),
        ("notes.txt", None, "must end with .py"),
        ("../outside.py", "inner", "not below the source"),
        (None, "inner", "without script="),
    ],
)
def test_a_slip_is_told_with_what_is_there(folder, script, source, said) -> None:
    """The message names what was looked for, where, and what is there."""
    (folder / "score.py").write_text(GOOD)
    (folder / "outside.py").write_text(GOOD)
    (folder / "notes.txt").write_text(GOOD)
    (folder / "inner").mkdir()
    assert said in faults_of(script, source)


def test_a_link_to_a_script_is_sent_under_its_own_name(folder) -> None:
    """The script may be shared by several projects; what it is called here counts."""
    (folder / "common").mkdir()
    (folder / "common" / "serve.py").write_text(GOOD)
    (folder / "src").mkdir()
    for place in ("score.py", "src/score.py"):
        (folder / place).symlink_to(folder / "common" / "serve.py")
    assert (faults_of("score.py"), faults_of("score.py", "src")) == ("", "")
    found = served_scripts.find("score.py", None, Faults())
    assert found is not None
    assert found.path == "score.py"
