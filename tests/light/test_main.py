"""`python -m runyard` where only the light half is installed."""

import os
import subprocess
import sys


def test_it_says_what_to_install_without_the_command_line(tmp_path) -> None:
    """A user of an old Python learns in one line where the command is, and how to get it."""
    code = (
        "import runpy, sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'runyard_server': raise ModuleNotFoundError('absent', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "runpy.run_module('runyard', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=str(tmp_path),
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "install it with: " in line
    assert "runyard" in line.split("install it with: ")[1]
