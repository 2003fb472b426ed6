"""From a lock to an environment that runs: built once, followed by many, cleaned after a kill."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runyard.protocol.errors import EnvironmentFailed, StorageFull
from runyard_server.environments import BuildCanceled, uv_program
from runyard_server.environments.bytecode import BytecodeCompiler


def _uv(room, monkeypatch, text):
    """Put a script in uv's place; `$UV` in it is the real one."""
    path = room.folder.parent / "slow-uv"
    path.write_text(f"#!/bin/sh\nUV={uv_program.program()}\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setattr(uv_program, "program", lambda: str(path))
    return path


def _compiled(environment):
    return list(Path(environment.folder, "lib").rglob("__pycache__/alpha.*.pyc"))


def _until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_environment_has_what_was_locked(room):
    """Its interpreter imports the locked versions, and the build log tells the stages."""
    environment = room.realise(room.lock(room.definition("beta")))
    code = "import alpha, beta; print(alpha.version, beta.version)"
    shown = subprocess.run([environment.interpreter, "-c", code], capture_output=True, check=True)
    assert shown.stdout == b"1.0 1.0\n"
    assert " s] the packages: done" in room.log
    assert " s] ready after" in room.log


def test_modules_are_compiled_after_the_environment_is_there(room):
    """Whoever waits for an environment does not wait for modules that it may never import."""
    environment = room.realise(room.lock(room.definition("alpha")))
    _until(lambda: _compiled(environment))
    (before,) = _compiled(environment)
    code = "import alpha; print(alpha.__cached__)"
    shown = subprocess.check_output([environment.interpreter, "-B", "-c", code], text=True)
    assert shown.strip() == str(before)


def test_what_was_compiled_once_is_at_hand_in_the_next_environment(room):
    """Another package beside a large one does not have the large one compiled anew."""
    one = room.realise(room.lock(room.definition("alpha==1.0")))
    _until(lambda: _compiled(one))
    two = room.realise(room.lock(room.definition("beta")))
    (first,), (second,) = _compiled(one), _compiled(two)
    assert first.samefile(second)
    assert "1 modules have been compiled" in room.log


def test_compiling_ends_with_the_service(room, monkeypatch, tmp_path):
    """A service that stops leaves no process at work in an environment."""
    started = tmp_path / "started"
    program = tmp_path / "light" / "runyard" / "runtime" / "bytecode.py"
    program.parent.mkdir(parents=True)
    program.write_text(f"open({str(started)!r}, 'w').close()\nimport time\ntime.sleep(60)\n")
    compiler = BytecodeCompiler(tmp_path / "light")
    folder = Path(room.realise(room.lock(room.definition("alpha"))).folder)
    for _ in range(2):
        compiler.add(folder)
    _until(started.exists)
    begun = time.monotonic()
    compiler.close()
    compiler.add(folder)
    assert time.monotonic() - begun < 50


def test_the_second_time_nothing_is_started(room, monkeypatch):
    """A look at two files is all: no process, no log, and under 50 ms."""
    lock = room.lock(room.definition("alpha"))
    first = room.realise(lock)
    room.log_path.unlink()
    room.environments.close()
    monkeypatch.setattr(subprocess, "Popen", None)
    begun = time.thread_time()
    assert room.realise(lock) == first
    assert time.thread_time() - begun < 0.05
    assert room.log == ""


def test_changing_one_package_keeps_the_others_files(room):
    """Files of a package are linked from the cache, not copied, in every environment."""
    one = room.realise(room.lock(room.definition("alpha==1.0")))
    two = room.realise(room.lock(room.definition("beta")))
    files = [next(Path(each.folder).glob("lib/*/site-packages/alpha.py")) for each in (one, two)]
    assert files[0].samefile(files[1])


def test_many_who_ask_at_once_get_one_build(room, monkeypatch):
    """One builds; the others wait, and their logs show the same build."""
    lock = room.lock(room.definition("alpha"))
    calls = room.folder.parent / "calls"
    _uv(room, monkeypatch, f'echo $1 >> {calls}; sleep 0.3; exec $UV "$@"')
    logs = [room.log_path.with_name(f"{n}.txt") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda log: room.environments.realise(lock, log, lambda: False), logs))
    assert calls.read_text().split() == ["venv", "pip"]
    assert all("ready after" in log.read_text() for log in logs)


def test_a_killed_builder_leaves_nothing_that_counts(room, monkeypatch):
    """After kill -9 in the middle the next one removes the rest and builds anew."""
    lock = room.lock(room.definition("alpha"))
    started = room.folder.parent / "started"
    with monkeypatch.context() as patch:
        # As long as it has the parent that it began with: until the test has killed that.
        slow = "while [ $(cut -d ' ' -f 4 /proc/$$/stat) = $PPID ]; do sleep 0.02; done"
        _uv(room, patch, f'[ "$1" = venv ] || {{ echo $PPID > {started}; {slow}; }}; exec $UV "$@"')
        failed = []
        asker = threading.Thread(target=lambda: failed.append(_failure(room, lock)))
        asker.start()
        _until(lambda: started.exists() and started.read_text().strip())
        os.kill(int(started.read_text()), signal.SIGKILL)
        asker.join()
    assert "SIGKILL" in str(failed[0])
    assert room.environments.realised(lock) is None
    (room.folder / lock.digest / "half").write_text("built")
    environment = room.realise(lock)
    assert not Path(environment.folder, "half").exists()
    assert subprocess.run([environment.interpreter, "-c", "import alpha"], check=True)


def _failure(room, lock):
    try:
        room.realise(lock)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return error
    return None


def test_a_canceled_build_ends_its_processes(room, monkeypatch):
    """A run that is canceled while its environment is made leaves no process behind."""
    lock = room.lock(room.definition("alpha"))
    pids = room.folder.parent / "pids"
    _uv(room, monkeypatch, f"echo $$ > {pids}; sleep 60")
    begun = time.monotonic()
    with pytest.raises(BuildCanceled):
        room.realise(lock, lambda: pids.exists() and bool(pids.read_text().strip()))
    assert time.monotonic() - begun < 50
    _until(lambda: not _alive(int(pids.read_text())))


def _alive(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_who_waits_takes_over_when_the_builder_was_canceled(room, monkeypatch):
    """Canceling one run does not take the environment away from another one that waits."""
    lock = room.lock(room.definition("alpha"))
    once = room.folder.parent / "once"
    _uv(room, monkeypatch, f'[ -e {once} ] || {{ touch {once}; sleep 60; }}; exec $UV "$@"')
    unwanted = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(_canceled, room, lock, unwanted)
        _until(once.exists)
        log = room.log_path.with_name("second.txt")
        second = pool.submit(room.environments.realise, lock, log, lambda: False)
        _until(lambda: log.exists() and log.stat().st_size)
        unwanted.set()
        assert first.result() is True
        assert Path(second.result().interpreter).exists()
    assert "beginning again" in log.read_text()


def _canceled(room, lock, unwanted):
    try:
        room.realise(lock, unwanted.is_set)
    except BuildCanceled:
        return True
    return False


def test_a_package_that_cannot_be_installed_says_why(room):
    """The installer's own words are the error, and the end of the log."""
    lock = room.lock(room.definition("alpha==1.0"))
    (room.wheels / "alpha-1.0-py3-none-any.whl").unlink()
    shutil.rmtree(room.packages)
    with pytest.raises(EnvironmentFailed, match="alpha") as failed:
        room.realise(lock)
    assert failed.value.message.splitlines()[-1] in room.log.splitlines()[-1]
    assert not (room.folder / lock.digest).exists()


def test_a_full_disk_is_told_as_such(room, monkeypatch):
    """What users read names the disk and what to do; the half environment is removed."""
    lock = room.lock(room.definition("alpha"))
    _uv(room, monkeypatch, '[ "$1" = venv ] && exec $UV "$@"; echo "os error 28" >&2; exit 2')
    with pytest.raises(StorageFull, match=r"no space is left.*RUNYARD_HOME"):
        room.realise(lock)
    assert not (room.folder / lock.digest).exists()


def test_an_environment_whose_python_is_gone_is_made_again(room):
    """A folder with a mark and a dangling interpreter is no environment."""
    lock = room.lock(room.definition("alpha"))
    environment = room.realise(lock)
    Path(environment.interpreter).unlink()
    assert room.environments.realised(lock) is None
    assert os.access(room.realise(lock).interpreter, os.X_OK)


def test_the_mark_is_the_last_thing_written(room):
    """Who looks while it is built sees no environment."""
    lock = room.lock(room.definition("alpha"))
    environment = room.realise(lock)
    mark = Path(environment.folder, "ready.json")
    assert json.loads(mark.read_text())["seconds"] > 0
    mark.unlink()
    assert room.environments.realised(lock) is None
