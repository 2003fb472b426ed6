"""What is said on stdout and beside it on stderr, on a real terminal and apart."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

STATES = """
from runyard.sdk.v1.serving.progress import Progress
shown = Progress(True)
shown.take("Running", "building environment")
shown.take("Running", "init() running for 3 s")
shown._dotted -= 5
shown.take("Running", "init() running for 4 s")
shown.take("Running", "failing: ImportError")
shown.take("Succeeded", "")
shown.end()
"""
LOG = """
from runyard.client import printing
printing.say("epoch 1: ")
printing.tell("rank 3 has failed")
printing.say("accuracy 0.9")
printing.say("\\n")
printing.tell("Queued: no place")
printing.say("done\\n")
"""


def on_terminal(program: str) -> str:
    """What a terminal shows of a program that has it for both streams."""
    ours, theirs = pty.openpty()
    done = subprocess.run([sys.executable, "-c", program], stdout=theirs, stderr=theirs, check=True)
    os.close(theirs)
    assert done.returncode == 0
    shown = b""
    try:
        while piece := os.read(ours, 1 << 16):
            shown += piece
    except OSError:
        # The other end is closed, and all has been read.
        pass
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def test_each_line_of_stderr_begins_anew_beside_the_dots() -> None:
    """Dots wait at the end of a line; what is told meanwhile does not go on in it."""
    lines = on_terminal(STATES).splitlines()
    assert lines[0] == "building environment"
    assert lines[1:] == [
        "Running",
        "init() running for 3 s",
        ".",
        "failing: ImportError",
        "Succeeded",
    ]


def test_a_logs_open_line_is_left_before_something_is_told() -> None:
    """A script's line that is not ended yet, and what another process failed of, are two lines."""
    assert on_terminal(LOG).splitlines() == [
        "epoch 1: ",
        "rank 3 has failed",
        "accuracy 0.9",
        "Queued: no place",
        "done",
    ]


@pytest.mark.parametrize("program", [STATES, LOG])
def test_where_they_are_apart_stdout_keeps_its_shape(program: str) -> None:
    """Who reads stdout alone finds what v1 writes, and stderr has no empty line."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    shape = {STATES: "Running.\nSucceeded\n", LOG: "epoch 1: accuracy 0.9\ndone\n"}
    assert done.stdout == shape[program]
    assert "\n\n" not in done.stderr


def test_a_file_for_both_is_as_a_terminal(tmp_path: Path) -> None:
    """`> log 2>&1` has the same lines."""
    file = tmp_path / "log"
    with file.open("w") as out:
        subprocess.run([sys.executable, "-c", STATES], stdout=out, stderr=out, check=True)
    assert "Running\ninit() running for 3 s\n.\nfailing" in file.read_text()


def test_what_a_terminal_cannot_show_ends_no_wait() -> None:
    """Of a text that the encoding does not have a question mark is shown."""
    program = "from runyard.client import printing\nprinting.say('caf\\u00e9\\n')"
    command = [sys.executable, "-c", program]
    variables = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=True)
    assert done.stdout == "caf?\n"


INTERRUPTED = """
from runyard.sdk.v1.serving import waiting

class Service:
    compute_type, name = "ACI", "digits"
    def update_deployment_state(self): pass
    def _operation_state(self):
        if states: return states.pop()
        raise KeyboardInterrupt
    def _reason(self): return ""

states = ["Running"]
try:
    waiting.hosted(Service(), True, None)
except KeyboardInterrupt:
    import sys
    sys.stderr.write("KeyboardInterrupt\\n")
"""


def test_a_traceback_begins_below_the_dots() -> None:
    """Ctrl-C in the middle of a wait is told on a line of its own."""
    assert on_terminal(INTERRUPTED).splitlines()[-2:] == ["Running", "KeyboardInterrupt"]
