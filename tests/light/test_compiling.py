"""Compilations: how far they are, why they failed, and that they end when they shall."""

import os
import sys
import time
from pathlib import Path

import pytest

from runyard.runtime import compiling, installing
from runyard.runtime.compiling import Compilation
from runyard.runtime.job import Canceled
from runyard.runtime.sharing import SharedLog


@pytest.fixture
def log(tmp_path):
    """A build log whose lines are kept in a file."""
    shared = SharedLog(str(tmp_path / "build.log"), lambda _data: None)
    shared.restart()
    return shared


def _compilation(tmp_path, script):
    command = ["/bin/sh", "-c", script]
    return Compilation("Fake 1.0", command, str(tmp_path), dict(os.environ), str(tmp_path / "out"))


def _text(log):
    return Path(log.path).read_text()


def test_progress_is_told(tmp_path, log, monkeypatch):
    """While compilers work the log says how many files are done, and for how long."""
    monkeypatch.setattr(compiling, "SAY_SECONDS", 0.2)
    _compilation(tmp_path, "echo '[1/3] a.cc'; sleep 0.5; echo '[2/3] b.cc'; sleep 0.5").run(
        log, (), lambda: False
    )
    said = _text(log)
    assert "Fake 1.0: compiling, 1 of 3 files done, 0 s" in said
    assert "Fake 1.0: compiling, 2 of 3 files done" in said


def test_progress_of_both_kinds_of_builds():
    """setuptools' files are counted, CMake tells percents; without either it still runs."""
    assert compiling.progress("[1/9] a\n[10/12] b\n") == "compiling, 10 of 12 files done"
    assert compiling.progress("[  3%] Building a\n[ 47%] Building b\n") == "compiling, 47 % done"
    assert compiling.progress("checking") == "compiling"


def test_a_failed_compiler_is_quoted(tmp_path, log):
    """The error has the compiler's last lines, a hint, and where all of it is."""
    script = "for n in 1 2 3; do echo line $n; done; echo 'x.cc:1: error: no' >&2; exit 3"
    with pytest.raises(installing.BuildFailed) as failed:
        _compilation(tmp_path, script).run(log, (), lambda: False)
    message = failed.value.message
    assert "Fake 1.0 could not be compiled: the build ended with status 3" in message
    assert message.endswith(f"{tmp_path / 'out'}:\nx.cc:1: error: no")
    assert "runyard.distributed" in message
    assert "| line 3\n" in _text(log)
    assert "| x.cc:1: error: no" in _text(log)
    assert compiling.telling("one\ntwo\n") == ["one", "two"]


def test_known_failures_have_their_hint():
    """What is missing is named with the package that brings it."""
    assert "python3-dev" in compiling.hint(
        "a.c:1: fatal error: Python.h: No such file or directory"
    )
    assert "libopenmpi-dev" in compiling.hint("fatal error: mpi.h: No such file or directory")
    assert "memory" in compiling.hint("c++: fatal error: Killed signal terminated program cc1plus")


def test_a_full_disk_is_told_as_such(tmp_path, log):
    """It is nobody's fault but the disk's, and trying again later may work."""
    script = "echo 'as: error writing: No space left on device'; exit 1"
    with pytest.raises(installing.BuildFailed) as failed:
        _compilation(tmp_path, script).run(log, (), lambda: False)
    assert failed.value.status == installing.DISK_FULL


def test_a_canceled_compilation_ends_every_compiler(tmp_path, log, monkeypatch):
    """Compilers below make and shells end too, also one that ignores the first signal."""
    monkeypatch.setattr(compiling, "_GRACE_SECONDS", 0.5)
    marks = tmp_path / "pids"
    program = tmp_path / "stubborn.py"
    program.write_text(
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(marks)!r}, 'w').write(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    script = f'/bin/sh -c "sleep 60; :" & {sys.executable} {program}; :'
    begun = time.monotonic()

    def canceled():
        return marks.exists() and bool(marks.read_text())

    with pytest.raises(Canceled):
        _compilation(tmp_path, script).run(log, (), canceled)
    assert time.monotonic() - begun < 30
    assert not compiling._with_descendants(int(marks.read_text()))
