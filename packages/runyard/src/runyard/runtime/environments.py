"""Making an environment on a node: from a lock to a folder with an interpreter in it.

Who asks for an environment takes a lock on its file beside the folder. The first builds; the
others follow the build's log and find the environment made. A ready mark is written last, so a
folder without it is what a killed build left, and is removed and built again. The system drops
the lock of a killed process by itself.

uv makes the environment when it is there (files are linked from its cache, so a second one with
the same packages is a matter of a second); otherwise `venv` and pip do.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Callable, Dict, List, Optional

READY = ".runyard.json"
FOLLOW_SECONDS = 0.2
STILL_SECONDS = 10.0
FULL = 28  # ENOSPC
REASON = "environment failed: "
PREPARATION_LOG = "azureml-logs/55_azureml-execution-node{}.txt"

Emit = Callable[[str], None]


class BuildError(Exception):
    """The environment could not be made; the message is the reason."""


def main(arguments: List[str]) -> int:
    """Make the environment that a task file describes; print the build log.

    Args:
        arguments: The path of the task: JSON with `folder`, `python` (an interpreter),
            `requirements` (the lock's text), `uv` (a program or "") and `variables`.
    """
    signal.signal(signal.SIGTERM, _interrupted)
    task = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        make(task, _print)
    except BuildError as error:
        _print(REASON + str(error))
        return 1
    except OSError as error:
        _print(REASON + _full_or(error, task["folder"]))
        return 1
    return 0


def realise(job: Any, folder: Any, cancelled: Callable[[], bool]) -> None:
    """Make the environment of a job on a node that lacks it.

    Args:
        job: The job; its environment names folder, Python version and lock.
        folder: The run folder; the build log goes to the node's preparation log.
        cancelled: Asked before the build begins.
    """
    environment = job.environment
    version = ".".join(str(environment.get("python", "")).split(".")[:2])
    python = shutil.which("python" + version) or sys.executable
    task = {
        "folder": environment["folder"],
        "python": python,
        "requirements": environment.get("requirements", ""),
        "uv": shutil.which("uv") or "",
        "variables": {},
    }
    if not cancelled():
        with open(folder.log(PREPARATION_LOG.format(job.node)), "a", encoding="utf-8") as log:
            make(task, lambda text: _write(log, text))


def make(task: Dict[str, Any], emit: Emit) -> None:
    """Make the environment of a task, or wait for the one who does.

    Raises:
        BuildError: The installer refused; its reason is in the message.
        OSError: The disk.
    """
    folder = Path(task["folder"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    log_path = folder.with_name(folder.name + ".log")
    with folder.with_name(folder.name + ".lock").open("a") as lock:
        _wait(lock, log_path, emit)
        if (folder / READY).exists():
            return
        with log_path.open("w", encoding="utf-8") as log:

            def both(text: str) -> None:
                _write(log, text)
                emit(text)

            _build(task, folder, both)


def _wait(lock: IO[str], log_path: Path, emit: Emit) -> None:
    """Take the lock; while another holds it, show what that one does."""
    shown = 0
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if not told:
                emit("Another run makes this environment; following its log")
                told = True
            shown = _follow(log_path, shown, emit)
            time.sleep(FOLLOW_SECONDS)
            continue
        if told:
            _follow(log_path, shown, emit)
        return


def _follow(log_path: Path, shown: int, emit: Emit) -> int:
    try:
        with log_path.open("rb") as log:
            log.seek(shown)
            data = log.read()
    except OSError:
        return shown
    whole = data[: data.rfind(b"\n") + 1]
    for line in whole.decode("utf-8", "replace").splitlines():
        emit(line)
    return shown + len(whole)


def _build(task: Dict[str, Any], folder: Path, emit: Emit) -> None:
    since = time.monotonic()
    if folder.exists():
        emit("Removing what an interrupted build left")
        shutil.rmtree(str(folder))
    variables = {**_clean(), **task.get("variables", {})}
    emit("Creating a virtual environment of {}".format(task["python"]))
    try:
        _install(task, folder, variables, emit)
    except BaseException:
        shutil.rmtree(str(folder), ignore_errors=True)
        raise
    (folder / "requirements.txt").write_text(task["requirements"], encoding="utf-8")
    mark = folder / (READY + ".new")
    mark.write_text(json.dumps({"python": task["python"], "made": time.time()}), encoding="utf-8")
    mark.replace(folder / READY)
    emit(f"Environment ready in {time.monotonic() - since:.1f} s")


def _install(task: Dict[str, Any], folder: Path, variables: Dict[str, str], emit: Emit) -> None:
    """Make the virtual environment and put the locked packages into it."""
    uv, python = task.get("uv") or "", task["python"]
    target = str(folder / "bin" / "python")
    if uv:
        _run(
            [uv, "venv", "--quiet", "--no-project", "--python", python, str(folder)],
            variables,
            emit,
        )
    else:
        _run([python, "-m", "venv", str(folder)], variables, emit)
    if not task["requirements"].strip():
        emit("No packages are asked for")
        return
    lines = folder / "requirements.txt"
    lines.write_text(task["requirements"], encoding="utf-8")
    emit("Installing packages")
    if uv:
        install = [uv, "pip", "install", "--python", target, "--no-deps", "-r", str(lines)]
    else:
        install = [target, "-m", "pip", "install", "--no-deps", "-r", str(lines)]
    _run(install, variables, emit)


def _run(command: List[str], variables: Dict[str, str], emit: Emit) -> None:
    """Run one step, show its lines as they come, and say now and then that it still works."""
    process = subprocess.Popen(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines: List[str] = []
    try:
        _show(process, lines, emit)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
    if process.wait() != 0:
        raise BuildError("\n".join(lines[-20:]) or f"{command[0]} ended with {process.returncode}")


def _show(process: "subprocess.Popen[bytes]", lines: List[str], emit: Emit) -> None:
    import selectors

    stream: Optional[IO[bytes]] = process.stdout
    if stream is None:
        return
    since, rest = time.monotonic(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if not selector.select(STILL_SECONDS):
                emit(f"... still at it after {time.monotonic() - since:.0f} s")
                continue
            data = os.read(stream.fileno(), 65536)
            *whole, rest = (rest + data).split(b"\n")
            for line in whole if data else [*whole, rest]:
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    lines.append(text)
                    emit(text)
            if not data:
                return


def _clean() -> Dict[str, str]:
    """Give this process's variables without those that would bend the new environment."""
    bent = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if name not in bent}


def _full_or(error: OSError, folder: str) -> str:
    if error.errno == FULL:
        return f"no space is left for the environment in {folder}; free some and submit again"
    return str(error)


def _interrupted(_number: int, _frame: Any) -> None:
    raise BuildError("the build was cancelled")


def _write(log: IO[str], text: str) -> None:
    log.write(text + "\n")
    log.flush()


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
