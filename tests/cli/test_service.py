"""`runyard serve`, `status` and `stop`."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from runyard.client import holder
from runyard_server.cli import service
from runyard_server.testing.databases import variables_of
from runyard_server.testing.services import read_connection, running_service
from runyard_server.testing.yard import until


@pytest.fixture
def elsewhere(cli, tmp_path):
    """The command with a state folder in which no service runs."""
    cli.variables |= {"RUNYARD_HOME": str(tmp_path / "home"), **variables_of(tmp_path / "home")}
    yield cli
    cli("stop")


def test_status_without_a_service_is_3_and_starts_none(elsewhere, tmp_path) -> None:
    """Asking changes nothing."""
    said = elsewhere("status")
    assert said.status == 3
    assert "no service runs" in said.out
    assert json.loads(elsewhere("status", "--json").out)["running"] is False
    assert not (tmp_path / "home").exists()


def test_status_tells_where_and_what(cli, place) -> None:
    """The address, the state folder and the memory are there for people and programs."""
    assert str(place.home) in cli("status").out
    found = json.loads(cli("status", "--json").out)
    assert found["home"] == str(place.home)
    assert found["memory_bytes"] > 0


def test_a_list_starts_a_service_and_stop_ends_it(elsewhere) -> None:
    """Nothing needs to be set up, and nothing is left over."""
    assert elsewhere("runs", "list").status == 0
    assert elsewhere("status").status == 0
    assert elsewhere("stop").status == 0
    assert elsewhere("status").status == 3


def test_stop_without_a_service_is_fine(elsewhere) -> None:
    """A script may call it twice."""
    said = elsewhere("stop")
    assert (said.status, "no service runs" in said.out) == (0, True)


def test_serve_listens_where_it_is_told_and_ends_on_interrupt(elsewhere, tmp_path) -> None:
    """The foreground service is the same program, ended by Ctrl-C."""
    program = "from runyard_server.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program, "serve", "--port", "0"],
        env=elsewhere.variables,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while read_connection(tmp_path / "home") is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert json.loads(elsewhere("status", "--json").out)["pid"] == process.pid
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def test_a_service_elsewhere_that_does_not_answer_is_status_5(cli) -> None:
    """A script can tell an absent service from a missing run."""
    said = cli("--url", "http://127.0.0.1:9", "runs", "list")
    assert said.status == 5
    assert "127.0.0.1:9" in said.err


@pytest.fixture
def deaf(elsewhere, tmp_path):
    """A service that holds its folder and does not answer, as one that hangs."""
    with running_service(tmp_path / "home") as service:
        assert elsewhere("status").status == 0
        service.process.send_signal(signal.SIGSTOP)
        # Each thread stops when the kernel has it run.
        until(lambda: holder.find(service.home).stopped)
        yield service
        with contextlib.suppress(ProcessLookupError):
            service.process.send_signal(signal.SIGCONT)


def test_a_service_that_does_not_answer_is_told_and_ended_when_asked(
    elsewhere, deaf, monkeypatch
) -> None:
    """Status and stop name the process, since when, and what to do; --force ends that process."""
    pid = deaf.process.pid
    for words in (["status"], ["stop"]):
        said = elsewhere(*words)
        assert said.status == 5
        assert f"process {pid} holds" in said.err
        assert "kill -CONT" in said.err
        assert "runyard stop --force" in said.err
    told = json.loads(elsewhere("status", "--json").out)
    assert (told["running"], told["answers"], told["pid"]) == (True, False, pid)
    said = elsewhere("stop", "--force")
    assert (said.status, f"process {pid}" in said.out) == (0, True)
    assert deaf.process.wait(60) is not None
    assert elsewhere("status").status == 3


def test_force_ends_one_that_ignores_the_first_signal(tmp_path, monkeypatch) -> None:
    """SIGKILL follows SIGTERM; a process that does not hold the lock is never touched."""
    monkeypatch.setattr(holder, "FORCED_STOP_SECONDS", 0.2)
    code = (
        "import fcntl, os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "file.write(sys.argv[2] or str(os.getpid())); file.flush(); print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    lock = tmp_path / "service.lock"
    for told, ended in ((str(os.getpid()), False), ("", True)):
        command = [sys.executable, "-c", code, str(lock), told]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            found = holder.find(tmp_path)
            if ended:
                assert holder.end(tmp_path, found.pid) == "SIGKILL"
            else:
                assert found is None
                process.kill()


def test_stop_waits_until_the_folder_is_let_go(monkeypatch, tmp_path):
    """A service answers no more before it has closed its database."""
    looks = [holder.Holder(7, 0.0, stopped=False)] * 2 + [None]
    monkeypatch.setattr(service.holder, "find", lambda _home: looks.pop(0))
    service._wait_for_release(tmp_path, 7)
    assert looks == []
