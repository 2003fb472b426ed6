"""A full disk on the node: the run fails and says so, and nothing hangs."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import runyard
from runyard.runtime import ending

FILL = """
import errno, sys
sys.path.insert(0, {light!r})
from runyard.runtime import __main__, {module}
def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")
{module}.{function} = full
sys.exit(__main__.main(["agent", {folder!r}]))
"""


def run_on_a_full_disk(room, module, function):
    """Run the agent as if the disk were full where a function of it writes."""
    text = FILL.format(
        light=str(Path(runyard.__file__).parents[1]),
        module=module,
        function=function,
        folder=str(room.run_folder),
    )
    done = subprocess.run([sys.executable, "-S", "-E", "-c", text], timeout=60, check=False)
    assert done.returncode == 0
    return room.service.finish


def test_no_room_for_the_snapshot_fails_the_run(room):
    """The reason names the disk; it is no fault of the script."""
    room.write_job("print('ran')")
    finish = run_on_a_full_disk(room, "snapshot", "write_all")
    assert finish["outcome"] == "failed"
    assert finish["error"]["code"] == "ServiceError"
    assert "no space is left on the disk" in finish["error"]["message"]
    assert str(room.run_folder) in finish["error"]["message"]


def test_no_room_for_the_agents_notes_does_not_stop_a_job(room):
    """A disk that fills up while a script runs costs the agent nothing it needs."""
    room.write_job("print('ran')")
    finish = run_on_a_full_disk(room, "state", "write_json")
    assert finish["outcome"] == "completed"
    assert room.service.driver_log == b"ran\n"


def test_a_script_that_filled_the_disk_is_told_so(tmp_path, monkeypatch):
    """Where even the traceback found no room, the message gives the reason."""
    full = SimpleNamespace(f_bavail=0, f_frsize=4096)
    monkeypatch.setattr(ending.os, "statvfs", lambda _folder: full)
    report = ending.from_exit(1, str(tmp_path / "log"))
    assert f"no space is left on the disk of '{tmp_path}'" in report["error"]["message"]
