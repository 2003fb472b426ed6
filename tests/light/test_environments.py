"""The builder of environments on a node that has no uv: venv and pip, on every Python."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import runyard
from runyard.runtime import environment_cache, environments, installing

ENTRY = Path(runyard.__file__).resolve().parent / "runtime" / "__main__.py"
PYTHON = getattr(sys, "_base_executable", sys.executable)


def _command(folder, python=PYTHON):
    lock = folder / "lock.txt"
    lock.write_text("")
    places = {
        "--folder": folder / "environments" / "abc",
        "--requirements": lock,
        "--python": python,
        "--cache": folder / "packages",
    }
    options = [str(word) for place in places.items() for word in place]
    return [sys.executable, "-S", "-E", str(ENTRY), "realise", *options]


def _run(command):
    return subprocess.run(command, capture_output=True, check=False)


@pytest.fixture
def request_for(tmp_path):
    """What to build, with a lock of no packages."""
    folder = str(tmp_path / "environments" / "abc")
    return installing.Request(folder, "", PYTHON, "", str(tmp_path / "packages"))


@pytest.fixture
def without_pip(monkeypatch):
    """Environments are made without pip, whose installation takes most of the time."""
    real = installing.venv_command
    monkeypatch.setattr(
        installing,
        "venv_command",
        lambda request, *options: [*real(request, *options), "--without-pip"],
    )


def test_an_environment_without_uv(tmp_path):
    """venv makes it, its interpreter runs, and the log tells the stages with seconds."""
    done = _run(_command(tmp_path))
    assert done.returncode == 0, done.stderr
    folder = str(tmp_path / "environments" / "abc")
    assert environments.ready(folder)
    assert b" s] ready after" in done.stdout
    code = "import sys; print(sys.prefix != sys.base_prefix)"
    shown = subprocess.check_output([installing.interpreter(folder), "-c", code])
    assert shown.strip() == b"True"
    again = _run(_command(tmp_path))
    assert (again.returncode, again.stdout) == (0, b"")


@pytest.mark.usefixtures("without_pip")
def test_the_rest_of_a_killed_build_is_removed(request_for):
    """A folder without the mark is no environment, and is not built upon."""
    half = Path(request_for.folder)
    half.mkdir(parents=True)
    (half / "half").write_text("built")
    assert not environments.ready(str(half))
    environments.make(request_for, lambda _said: None, lambda: False)
    assert environments.ready(str(half))
    assert not (half / "half").exists()


def test_a_failure_is_the_last_line_and_on_stderr(tmp_path):
    """Who started the builder reads the reason; so does who reads the log."""
    done = _run(_command(tmp_path, python="/nowhere/python"))
    assert done.returncode == installing.FAILED
    assert b"/nowhere/python cannot be started" in done.stderr
    assert b"error: /nowhere/python cannot be started" in done.stdout.splitlines()[-1]


def test_who_waits_shows_the_log_of_the_builder(request_for):
    """A second asker prints what the first one's build says, and builds nothing."""
    shown = []
    Path(request_for.folder).parent.mkdir()
    lock = environments.BuildLock(request_for.folder + ".lock")
    with lock:
        assert lock.take()
        Path(request_for.folder + ".log").write_bytes(b"the other build\n")
        calls = []

        def canceled():
            calls.append(1)
            return len(calls) > 2

        with pytest.raises(environments.Canceled):
            environments.make(request_for, shown.append, canceled)
    assert shown == [b"the other build\n"]
    assert not Path(request_for.folder).exists()


def test_hashes_are_dropped_for_pip_only_where_one_is_missing():
    """pip wants a hash for every line or for none."""
    with_all = "a==1 \\\n    --hash=sha256:00\nb==2 \\\n    --hash=sha256:11\n"
    assert installing._for_pip(with_all) == with_all
    mixed = with_all + "c @ git+https://example.org/c\n"
    assert "--hash" not in installing._for_pip(mixed)
    assert "c @ git+https://example.org/c" in installing._for_pip(mixed)


def test_a_node_without_the_python_says_what_is_missing(monkeypatch):
    """The message names the version that the environment was locked for."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PYENV_ROOT", "/nowhere")
    with pytest.raises(installing.BuildFailed) as failed:
        installing.find_python("3.99.1")
    assert "Python 3.99" in failed.value.message


def test_the_newest_python_of_pyenv_is_taken(tmp_path, monkeypatch):
    """Release 16 is newer than release 9, whatever their texts say."""
    for release in ("3.99.9", "3.99.16"):
        python = tmp_path / "versions" / release / "bin" / "python3.99"
        python.parent.mkdir(parents=True)
        python.write_text("")
        python.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert installing.find_python("3.99").endswith("3.99.16/bin/python3.99")


@pytest.mark.usefixtures("without_pip")
def test_an_agent_makes_what_its_node_lacks(tmp_path, monkeypatch):
    """The interpreter that the job names exists afterwards, and a log of the run tells of it."""
    from runyard.runtime.folder import RunFolder

    monkeypatch.setattr(installing, "find_python", lambda _version: PYTHON)
    monkeypatch.setenv("PATH", "")
    place = str(tmp_path / "environments" / "abc")
    before = tmp_path / "environments" / "before"
    before.mkdir(parents=True)
    (before / "ready.json").write_text("{}")
    version = "{}.{}.{}".format(*sys.version_info[:3])
    environment = {"folder": place, "python": version, "requirements": "", "keep_bytes": 1}
    job = SimpleNamespace(environment=environment, node=0, node_name="n1")
    environment_cache.hold(place)
    folder = RunFolder(str(tmp_path / "run"))
    environments.realise(job, folder, lambda: None, lambda: False)
    assert environments.ready(place)
    log = tmp_path / "run" / "logs" / "azureml-logs" / "55_azureml-execution-n1.txt"
    assert "ready after" in log.read_text()
    # Above the bound of the node the others go, and not the one that the agent holds.
    assert not before.exists()
    assert "removed the environment before" in log.read_text()
