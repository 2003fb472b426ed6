"""Packages that are compiled here: once for each interpreter, framework and MPI, then kept.

    <packages>/built/<name>-<key>/<wheel>     finished; renamed into place as a whole
    <packages>/built/<name>-<key>.lock        held by the one process that compiles
    <packages>/built/<name>-<key>.log         what it says; whoever waits shows it too
    <packages>/built/<name>-<key>.txt         all that the compilers said, the last time
    <packages>/built/<name>-<key>.work/       sources and tools; the rest of a killed build

They are compiled inside the environment that asks first, because they need its framework, and the
wheel is then made to fit any other one (`wheels`).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Tuple

from runyard.runtime import installing, recipes, sharing, wheels
from runyard.runtime.compiling import Compilation
from runyard.runtime.installing import BuildFailed, Request, Steps

if TYPE_CHECKING:
    from runyard.runtime.recipes import Recipe
    from runyard.runtime.sharing import SharedLog

FOLDER = "built"
_DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "setup_parallel.py")
_ABI = "import sysconfig; print(sysconfig.get_config_var('SOABI') or sysconfig.get_platform())"
_ABI_SECONDS = 60


def check(request: Request) -> None:
    """Check before anything is made whether what has to be compiled can be.

    Raises:
        BuildFailed: A compiler is missing.
    """
    if request.conda_packages:
        # Its interpreter is not there yet, and conda may bring the compiler.
        return
    for recipe in recipes.wanted(request.requirements):
        if WheelCache(request, recipe).wheel() is None:
            _check_compilers(recipe)


def provide(request: Request, shared: SharedLog, lock: int, canceled: Callable[[], bool]) -> None:
    """Install the compiled packages of a lock, compiling those that nobody compiled yet.

    Args:
        request: The environment; its other packages are installed.
        shared: Its build log.
        lock: Descriptor of its build lock.
        canceled: Says whether to give up.

    Raises:
        BuildFailed: One cannot be compiled; the message has the compiler's last lines.
        Canceled: Given up.
        OSError: A file could not be written.
    """
    for recipe in recipes.wanted(request.requirements):
        cache = WheelCache(request, recipe)
        wheel = cache.wheel()
        if wheel is None:
            wheel = _made(cache, shared, lock, canceled)
        else:
            shared.say(f"{recipe.title}: compiled before, {wheel}")
        steps = Steps(shared, (lock,), canceled, installing.variables(request))
        steps.run(recipe.title, _install_command(request, wheel), request)


class WheelCache:
    """Where the wheel of one recipe is kept.

    Args:
        request: The environment that asks.
        recipe: The package.
    """

    def __init__(self, request: Request, recipe: Recipe) -> None:
        self.request = request
        self.recipe = recipe
        key = recipe.key(_abi(request.python))
        root = os.path.join(request.cache, FOLDER)
        os.makedirs(root, exist_ok=True)
        self.folder = os.path.join(root, f"{recipe.name}-{key}")
        self.work = self.folder + ".work"

    def wheel(self) -> Optional[str]:
        """The finished wheel, None if there is none."""
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return None
        found = [name for name in names if name.endswith(".whl")]
        return os.path.join(self.folder, found[0]) if found else None


def _made(cache: WheelCache, shared: SharedLog, lock: int, canceled: Callable[[], bool]) -> str:
    log = sharing.SharedLog(cache.folder + ".log", shared.append)
    with sharing.BuildLock(cache.folder + ".lock") as own:
        sharing.wait(own, log, canceled)
        # Looked for again under the lock: who held it may have compiled the same.
        found = cache.wheel()
        if found is None:
            log.restart()
            try:
                found = _Build(cache, log, (lock, own.descriptor), canceled).run()
            finally:
                shutil.rmtree(cache.work, ignore_errors=True)
        log.copy()
        return found


class _Build:
    """One build of a wheel, in a work folder of its own."""

    def __init__(
        self,
        cache: WheelCache,
        log: SharedLog,
        locks: Tuple[int, int],
        canceled: Callable[[], bool],
    ) -> None:
        self._cache = cache
        self._recipe = cache.recipe
        self._request = cache.request
        self._log = log
        self._locks = locks
        self._canceled = canceled
        self._tools = os.path.join(cache.work, "tools")
        self._variables = self._made_variables()
        self._steps = Steps(log, locks[1:], canceled, self._variables)

    def run(self) -> str:
        """Build it; give the finished wheel."""
        begun, worked = time.monotonic(), _processor_seconds()
        recipe = self._recipe
        self._log.say(
            f"{recipe.title} is compiled, once for {recipe.purpose}: this takes minutes, and the "
            "next environment gets it in a second"
        )
        _check_compilers(recipe)
        shutil.rmtree(self._cache.work, ignore_errors=True)
        os.makedirs(self._cache.work)
        self._steps.run(f"tools for {recipe.title}", self._tools_command(), self._request)
        sources = self._sources()
        output = self._cache.folder + ".txt"
        with open(output, "wb"):
            pass
        command = [self._python, _DRIVER, str(recipes.cores()), "bdist_wheel"]
        compilation = Compilation(recipe.title, command, sources, self._variables, output)
        compilation.run(self._log, self._locks, self._canceled)
        wheel = self._kept(os.path.join(sources, "dist"))
        seconds, work = time.monotonic() - begun, _processor_seconds() - worked
        self._log.say(f"{recipe.title}: compiled in {seconds:.1f} s, {work:.0f} s of processors")
        return wheel

    @property
    def _python(self) -> str:
        return installing.interpreter(self._request.folder)

    def _made_variables(self) -> Dict[str, str]:
        folder = self._request.folder
        found = installing.variables(self._request)
        # Or each start of a build tool would compile its modules anew.
        found.pop("PYTHONDONTWRITEBYTECODE", None)
        places = [os.path.join(folder, "bin"), os.path.join(self._tools, "bin")]
        found["PATH"] = os.pathsep.join([*places, found.get("PATH", os.defpath)])
        found["PYTHONPATH"] = self._tools
        index = found.get("UV_DEFAULT_INDEX") or found.get("UV_INDEX_URL")
        if index:
            found.setdefault("PIP_INDEX_URL", index)
        found.update(recipes.variables(self._recipe, folder))
        return found

    def _tools_command(self) -> List[str]:
        wanted = recipes.tools(self._recipe)
        into = ["--target", self._tools]
        if self._request.uv:
            uv = [self._request.uv, "pip", "install", "--quiet", "--python", self._python]
            return [*uv, *into, *wanted]
        return [self._python, "-m", "pip", "install", "--quiet", *into, *wanted]

    def _sources(self) -> str:
        """Fetch the sources, compare, unpack and edit them; give their folder."""
        recipe, place = self._recipe, os.path.join(self._cache.work, "sources")
        os.makedirs(place)
        pip = [self._python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        pip += ["--no-deps", "--no-build-isolation", "--no-binary", recipe.name, "--dest", place]
        pip += [*_index(self._request.requirements), f"{recipe.name}=={recipe.version}"]
        self._steps.run(f"the sources of {recipe.title}", pip, self._request)
        name = next(name for name in os.listdir(place) if name.endswith(".tar.gz"))
        archive = os.path.join(place, name)
        _compare(recipe, archive)
        shutil.unpack_archive(archive, place)
        folder = os.path.join(place, name[: -len(".tar.gz")])
        for path, pattern, text in recipes.edits(recipe):
            _edit(os.path.join(folder, path), pattern, text)
        return folder

    def _kept(self, dist: str) -> str:
        """Put the wheel into its place, as a whole."""
        name = next(name for name in os.listdir(dist) if name.endswith(".whl"))
        draft = os.path.join(self._cache.work, "kept")
        os.makedirs(draft)
        finished = os.path.join(draft, name)
        wheels.relocated(os.path.join(dist, name), finished, self._request.folder)
        # By rename, so that whoever finds the folder finds all of it.
        os.rename(draft, self._cache.folder)
        return os.path.join(self._cache.folder, name)


def _processor_seconds() -> float:
    """What the ended children of this process have used."""
    times = os.times()
    return times.children_user + times.children_system


def _check_compilers(recipe: Recipe) -> None:
    given = {"c++": os.environ.get("CXX", ""), "cc": os.environ.get("CC", "")}
    for programs in recipes.compilers(recipe):
        named = given.get(programs[0], "").split()[:1]
        if not any(map(shutil.which, [*named, *programs])):
            raise BuildFailed(
                f"{recipe.title} has no finished package for this environment and has to be "
                f"compiled, and there is no {' or '.join(programs)} on PATH: install a C++ "
                "compiler and make (Debian, Ubuntu: apt install g++ make; Fedora: dnf install "
                "gcc-c++ make; macOS: xcode-select --install), then submit again; or do without "
                f"{recipe.title.split()[0]}: runyard.distributed needs no compiler"
            )


def _abi(python: str) -> str:
    try:
        done = subprocess.run(
            [python, "-I", "-S", "-c", _ABI],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_ABI_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildFailed(f"{python} does not run: {error}") from error
    return done.stdout.decode("utf-8").strip()


def _install_command(request: Request, wheel: str) -> List[str]:
    python = installing.interpreter(request.folder)
    if request.uv:
        uv = [request.uv, "pip", "install", "--quiet", "--no-deps"]
        return [*uv, "--python", python, wheel]
    return [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]


def _index(requirements: str) -> List[str]:
    """The index and the other sources that a lock names, as pip's options."""
    found = []
    for line in requirements.splitlines():
        if line == "--no-index":
            found.append(line)
        elif line.startswith(("--index-url ", "--extra-index-url ", "--find-links ")):
            name, _, value = line.partition(" ")
            found += [name, value.strip()]
    return found


def _compare(recipe: Recipe, archive: str) -> None:
    wanted = recipes.HASHES.get(f"{recipe.name}-{recipe.version}")
    with open(archive, "rb") as stream:
        found = hashlib.sha256(stream.read()).hexdigest()
    if wanted and found != wanted:
        raise BuildFailed(
            f"the sources of {recipe.title} are not those that are known (SHA-256 {found}, not "
            f"{wanted}): the package index has another file under this name; ask who runs it"
        )


def _edit(path: str, pattern: str, text: str) -> None:
    with open(path, encoding="utf-8") as stream:
        old = stream.read()
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(re.sub(pattern, text, old))
