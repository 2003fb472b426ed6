"""The gateway's parent: what it begins again, how often, and when it ends itself."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = """if True:
    import os, sys, time
    from runyard_server.serving import parent

    folder = sys.argv[1]
    parent.PAUSES = (0.0, 0.05, {longest})

    def serve(held):
        with open(folder + "/begun", "a") as file:
            file.write(f"{{time.monotonic()}}\\n")
        {does}

    lives = lambda: os.path.isdir(folder)
    sys.exit(parent.Parent(os.open(folder, os.O_RDONLY), serve, {{}}, lives).run())
"""


def _started(folder, does, longest):
    program = PROGRAM.format(does=does, longest=longest)
    return subprocess.Popen([sys.executable, "-P", "-c", program, str(folder)])


def _begun(folder, count):
    deadline = time.monotonic() + 60
    while True:
        file = folder / "begun"
        found = [float(line) for line in file.read_text().split()] if file.exists() else []
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_that_cannot_serve_is_begun_again_more_slowly_each_time(tmp_path):
    """A gateway that is broken must not take the machine; nor outlive its state folder."""
    with _started(tmp_path, "os._exit(1)", 0.2) as parent:
        first, second, third, *_ = _begun(tmp_path, 3)
        assert second - first >= 0.05
        assert third - second >= 0.2
        tmp_path.rename(tmp_path.with_name("elsewhere"))
        assert parent.wait(60) == 1


def test_it_ends_when_asked_though_no_gateway_lives(tmp_path):
    """The end of a machine waits for nobody who would only wait to begin again."""
    with _started(tmp_path, "os._exit(1)", 600.0) as parent:
        _begun(tmp_path, 2)
        # It sleeps by then: what comes earlier ends it with its child.
        time.sleep(0.5)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(60) == 0
    assert len(_begun(tmp_path, 2)) == 2


def test_a_gateway_outlives_its_parent(tmp_path):
    """Whoever is killed, what is served goes on."""
    with _started(tmp_path, "time.sleep(30)", 2.0) as parent:
        _begun(tmp_path, 1)
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text()
        parent.kill()
        parent.wait()
        child = Path(f"/proc/{int(children)}")
        assert "python" in child.joinpath("cmdline").read_text()
        os.kill(int(children), signal.SIGTERM)
