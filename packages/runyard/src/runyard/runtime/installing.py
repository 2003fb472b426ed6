"""Installs the lines of a lock into a fresh virtual environment: with uv, else with venv and pip.

uv links files from its cache, so a second environment with the same packages costs a second and
almost no space; the cache and the environments are therefore on one file system. pip is there for
nodes without uv. Both install exactly the locked lines and no dependencies of their own choice.
"""

from __future__ import annotations

import errno
import os
import re
import select
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Dict, List, Tuple

from runyard.runtime import names, tree
from runyard.runtime.job import Canceled, JobError

if TYPE_CHECKING:
    from runyard.runtime.sharing import SharedLog

FAILED, DISK_FULL, UNREACHABLE = 1, 28, 75
# What the lines of conda packages begin with (`runyard.protocol.conda_locks`).
CONDA = "# conda "
POLL_SECONDS = 0.05
GRACE_SECONDS = 5.0
_REASON_LINES = 12
NO_SPACE = ("No space left on device", "os error 28", "Disk quota exceeded", "os error 122")
_NETWORK = re.compile(
    r"error sending request|dns error|failed to lookup|Connection refused|timed out|"
    r"Temporary failure in name resolution|Could not connect|NewConnectionError|tcp connect error",
    re.IGNORECASE,
)


class BuildFailed(JobError):
    """An environment could not be made.

    Args:
        message: Why, and what to do.
        status: Exit status for the command line: FAILED, DISK_FULL or UNREACHABLE.
    """

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message, names.USER_ERROR if status == FAILED else names.SERVICE_ERROR)
        self.status = status


class Request:
    """What to make, and with what.

    Args:
        folder: The environment's folder, absolute.
        requirements: The lock's lines.
        python: The interpreter to build on; a version where uv is to fetch one.
        uv: The uv program, "" for pip.
        cache: Folder of downloaded packages.
        conda: The program that installs conda packages, "" where there is none.
    """

    def __init__(
        self,
        folder: str,
        requirements: str,
        python: str,
        uv: str,
        cache: str,
        conda: str = "",
    ) -> None:
        self.folder = folder
        self.requirements = requirements
        self.python = python
        self.uv = uv
        self.cache = cache
        self.conda = conda

    @property
    def conda_packages(self) -> int:
        """How many conda packages the lock has; Python itself is one of them."""
        return sum(1 for line in self.requirements.splitlines() if line.startswith(CONDA))

    @property
    def packages(self) -> int:
        """How many packages the lock has."""
        lines = self.requirements.splitlines()
        return sum(1 for line in lines if line[:1] not in ("", "#", "-", " "))


def interpreter(folder: str) -> str:
    """The interpreter of an environment."""
    return os.path.join(folder, "bin", "python")


def install(request: Request, shared: SharedLog, lock: int, canceled: Callable[[], bool]) -> None:
    """Make the virtual environment and install the lock into it.

    Args:
        request: What to make.
        shared: The build log.
        lock: Descriptor of the build lock, which the installer holds too.
        canceled: Says whether to give up.

    Raises:
        BuildFailed: A step failed.
        Canceled: Given up.
        OSError: A file could not be written.
    """
    if request.conda_packages and not request.conda:
        raise BuildFailed(
            f"the environment has {request.conda_packages} conda packages, which are installed on "
            "the machine of the service alone, and this node makes its environments itself: use a "
            "site that shares the service's files, or packages that pip has"
        )
    with_what = "uv" if request.uv else "pip"
    with_what = f"conda and {with_what}" if request.conda_packages else with_what
    shared.say(
        f"making the environment with {with_what}: {request.packages} packages on {request.python}"
    )
    os.makedirs(request.cache, exist_ok=True)
    step = Steps(shared, (lock,), canceled, variables(request))
    if request.conda_packages:
        os.makedirs(request.folder)
        lines = _written(request)
        step.run("the conda packages", _conda_command(request, lines), request)
        # Until now it was a version alone: conda has brought the interpreter.
        request.python = interpreter(request.folder)
    else:
        step.run("the virtual environment", venv_command(request), request)
    if request.packages:
        fill(request, step)


def fill(request: Request, step: Steps) -> None:
    """Install the lock's packages into an interpreter that is there.

    Args:
        request: What to make.
        step: Runs the installer.

    Raises:
        BuildFailed: They cannot be installed.
        Canceled: Given up.
        OSError: A file could not be written.
    """
    if not link(request, step):
        step.run("the packages", _install_command(request, _written(request)), request)


def link(request: Request, step: Steps) -> bool:
    """Install the lock's packages if all of them are in the cache; say whether they were.

    Args:
        request: What to make.
        step: Runs the installer.

    Raises:
        Canceled: Given up.
        OSError: A file could not be written.
    """
    if not request.uv:
        return False
    # Whoever made the lock has just asked the index, and to ask it again takes longer than to link
    # all the files.
    command = [*_install_command(request, _written(request)), "--offline"]
    return step.attempt("the packages", command, request)


def from_os(error: OSError, folder: str) -> BuildFailed:
    """What to tell of a failed file operation."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(folder)
    return BuildFailed(f"the environment could not be written: {error}")


def find_python(version: str) -> str:
    """Find an interpreter of a version's minor on this node: this one, then pyenv's, then PATH's.

    Raises:
        BuildFailed: There is none.
    """
    minor = ".".join(version.split(".")[:2])
    if not minor or minor == "{}.{}".format(*sys.version_info[:2]):
        return sys.executable
    for name in _pyenv(minor):
        if os.access(name, os.X_OK):
            return name
    found = shutil.which("python" + minor)
    if found is None:
        raise BuildFailed(
            f"the environment needs Python {minor}, which is not on this node: install it there, "
            "so that it is on PATH or in pyenv"
        )
    return found


def _pyenv(minor: str) -> List[str]:
    root = os.path.expanduser(os.environ.get("PYENV_ROOT", "~/.pyenv"))
    versions = os.path.join(root, "versions")
    if not os.path.isdir(versions):
        return []
    found = [name for name in os.listdir(versions) if name.startswith(minor + ".")]
    # By number, for as text 3.7.9 comes after 3.7.16.
    found.sort(key=lambda name: [int(part) for part in re.findall(r"\d+", name)], reverse=True)
    return [os.path.join(versions, name, "bin", "python" + minor) for name in found]


def venv_command(request: Request, *options: str) -> List[str]:
    """The command that makes the virtual environment of a request.

    Args:
        request: What to make.
        options: More of uv's options.
    """
    if request.uv:
        quiet = ["--quiet", "--no-project"]
        return [request.uv, "venv", *quiet, *options, "--python", request.python, request.folder]
    return [request.python, "-m", "venv", request.folder]


def _written(request: Request) -> str:
    path = os.path.join(request.folder, "requirements.txt")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(request.requirements if request.uv else _for_pip(request.requirements))
    return path


def _conda_command(request: Request, lines: str) -> List[str]:
    cache = os.path.join(request.cache, "conda")
    # Without the user's variables, for they say what other installations of conda do; not without
    # the user's own packages (-I), among which rattler may be.
    return [sys.executable, "-E", "-P", request.conda, "install", lines, request.folder, cache]


def _install_command(request: Request, lines: str) -> List[str]:
    python = interpreter(request.folder)
    if request.uv and request.conda_packages:
        # `sync` would remove what conda has installed, and some of its Pythons say that they are
        # looked after by somebody else: by us, here.
        given = ["--no-deps", "--break-system-packages"]
        return [request.uv, "pip", "install", *given, "--python", python, "-r", lines]
    if request.uv:
        return [request.uv, "pip", "sync", "--python", python, lines]
    # Modules are compiled when they are imported, and by the service later (`bytecode`).
    quiet = ["--disable-pip-version-check", "--no-input", "--no-compile", "--progress-bar", "off"]
    return [python, "-m", "pip", "install", *quiet, "--no-deps", "-r", lines]


def _for_pip(requirements: str) -> str:
    """Leave out the hashes where a line has none: pip wants all or nothing, uv checks what is."""
    joined = requirements.replace("\\\n", " ").splitlines()
    lines = [line for line in joined if line[:1] not in ("", "#", "-")]
    if all("--hash=" in line for line in lines):
        return requirements
    return re.sub(r"\s*\\?\n?\s+--hash=\S+", "", requirements)


def variables(request: Request) -> Dict[str, str]:
    """The installer's environment: nothing of an activated environment, no bars, no colour."""
    foreign = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    kept.update(UV_CACHE_DIR=request.cache, UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1")
    if not os.path.isabs(request.python) and not request.conda_packages:
        # Only a version, which nothing on this node has: uv may fetch it.
        kept["UV_PYTHON_DOWNLOADS"] = "automatic"
        kept.setdefault("UV_PYTHON_INSTALL_DIR", os.path.join(request.cache, "pythons"))
    kept.update(NO_COLOR="1", PIP_CACHE_DIR=os.path.join(request.cache, "pip"))
    # Companies' indexes have certificates that only the system knows.
    kept.setdefault("UV_SYSTEM_CERTS", "true")
    return kept


class Steps:
    """Runs the installer's programs one after the other; their output is the build log.

    Args:
        shared: The build log.
        locks: Descriptors that the programs inherit.
        canceled: Says whether to give up.
        variables: The programs' environment.
    """

    def __init__(
        self,
        shared: SharedLog,
        locks: Tuple[int, ...],
        canceled: Callable[[], bool],
        variables: Dict[str, str],
    ) -> None:
        self._shared = shared
        self._locks = locks
        self._canceled = canceled
        self._variables = variables

    def run(self, what: str, command: List[str], request: Request) -> None:
        """Run one program to its end.

        Args:
            what: What it is, for messages.
            command: Program and arguments.
            request: The environment that is made.

        Raises:
            BuildFailed: It failed, or cannot be started.
            Canceled: Given up; the program has been ended.
        """
        begun = time.monotonic()
        # The log has what programs before have said; a failure is told by this one's lines alone.
        start = os.path.getsize(self._shared.path)
        with open(self._shared.path, "ab") as log:
            process = self._start(command, log.fileno(), request)
        with process:
            self._follow(process)
        if process.returncode:
            self._shared.copy()
            raise self._failure(what, process.returncode, start, request)
        self._shared.say(f"{what}: done in {time.monotonic() - begun:.1f} s")

    def attempt(self, what: str, command: List[str], request: Request) -> bool:
        """Run one program that may well fail, and keep what it says if it does not; say whether.

        Args:
            what: What it is, for the log.
            command: Program and arguments.
            request: The environment that is made.

        Raises:
            BuildFailed: It cannot be started.
            Canceled: Given up; the program has been ended.
        """
        begun = time.monotonic()
        path = os.path.join(request.folder, "attempt.log")
        with open(path, "w+b") as said:
            os.unlink(path)
            process = self._start(command, said.fileno(), request)
            with process:
                self._follow(process)
            if process.returncode:
                return False
            said.seek(0)
            self._shared.append(said.read())
        self._shared.say(f"{what}: done in {time.monotonic() - begun:.1f} s")
        return True

    def _start(self, command: List[str], log: int, request: Request) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._variables,
                cwd=os.path.dirname(request.folder),
                # Should the builder be killed, its locks are held until its program has ended, too.
                pass_fds=self._locks,
            )
        except OSError as error:
            raise BuildFailed(f"{command[0]} cannot be started: {error}") from error

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            self._shared.copy()
            if self._canceled():
                _end(process)
                raise Canceled
            _wait(process, POLL_SECONDS)

    def _failure(self, what: str, status: int, start: int, request: Request) -> BuildFailed:
        with open(self._shared.path, "rb") as stream:
            stream.seek(start)
            said = stream.read().decode("utf-8", "replace")
        if any(sign in said for sign in NO_SPACE):
            return no_space(request.folder)
        reason = "\n".join(said.strip().splitlines()[-_REASON_LINES:])
        if status < 0:
            reason = f"the installer was killed by signal {-status}\n{reason}"
        text = f"{what} could not be made: {reason}"
        return BuildFailed(text, UNREACHABLE if _NETWORK.search(said) else FAILED)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait until a program has ended, so long at most."""
    descriptor = tree.opened(process.pid)
    if descriptor is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return
    # `Popen.wait` with a limit sleeps between its looks, up to 50 ms, as long as an installer
    # takes that links a few packages.
    try:
        watched = select.poll()
        watched.register(descriptor, select.POLLIN)
        watched.poll(seconds * 1000)
    finally:
        os.close(descriptor)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def no_space(folder: str) -> BuildFailed:
    """What to tell of a full disk; `folder` is what could not be written."""
    text = (
        f"no space is left on the disk of '{os.path.dirname(folder)}' for the environment (with "
        "TensorFlow it takes 1.5 GB): remove what is not needed, or set RUNYARD_HOME to another "
        "disk"
    )
    return BuildFailed(text, DISK_FULL)
