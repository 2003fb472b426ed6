"""Which Python an environment is made on.

A version that is asked for is found on this machine, or fetched by uv where that is allowed. Where
none is asked for it is the service's own, unless the framework wants another one. A miss names
what was found and what that can run.
"""

import re
import subprocess
from collections.abc import Callable, Sequence

from runyard.protocol.pythons import usual
from runyard_server.environments import dates, frameworks, interpreters
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.inputs import OLDEST_PYTHON, Inputs
from runyard_server.environments.interpreters import Interpreter
from runyard_server.environments.resolver import Tool

FETCH_SECONDS = 300
# The newest for which packages have builds in general; where the service runs on a newer one, jobs
# that do not care get the best of these that is here.
NEWEST_USUAL = (3, 13)
_VERSION = re.compile(r"3\.\d+(\.\d+)?")


def choose(inputs: Inputs, tool: Tool, log: Callable[[str], None], *, fetch: bool) -> Interpreter:
    """The interpreter for a definition.

    Args:
        inputs: The definition in normal form.
        tool: uv, which may fetch one.
        log: Takes what users should know.
        fetch: Whether one that is missing may be fetched.

    Raises:
        EnvironmentFailed: There is none; names those that were found.
    """
    found = [one for one in interpreters.everything() if one.minor >= OLDEST_PYTHON]
    if inputs.python:
        return _wanted(inputs.python, found, tool, log, fetch=fetch)
    fits = _fits(inputs)
    own = interpreters.own()
    if own.minor in fits or (not fits and own.minor <= NEWEST_USUAL):
        return own
    for one in found:
        if one.minor in fits or (not fits and one.minor <= NEWEST_USUAL):
            log(_reason(inputs, own, one))
            return one
    # Beside a date any Python may do: the search that follows asks for wheels.
    if not fits or (inputs.as_of and not fetch and not _by_framework(inputs)):
        return own
    return _wanted("{}.{}".format(*fits[0]), found, tool, log, fetch=fetch)


def others(inputs: Inputs, first: Interpreter, *, fetch: bool) -> list[Interpreter]:
    """The other Pythons that may run a definition, newest first, one for each minor.

    Those that may be fetched have no path yet; `there` gives them one.

    Args:
        inputs: What the definition asks for.
        first: The Python that was tried.
        fetch: Whether Pythons that are not here count too.
    """
    fits = _by_framework(inputs)
    here: dict[tuple[int, int], Interpreter] = {}
    for one in interpreters.everything():
        here.setdefault(one.minor, one)
    if fetch:
        for minor in range(OLDEST_PYTHON[1] + 1, NEWEST_USUAL[1] + 1):
            here.setdefault((3, minor), Interpreter("", (3, minor, 0)))
    return [
        here[minor]
        for minor in sorted(here, reverse=True)
        if minor != first.minor
        and (minor in fits if fits else OLDEST_PYTHON <= minor <= NEWEST_USUAL)
    ]


def _fits(inputs: Inputs) -> list[tuple[int, int]]:
    """The Pythons that a definition may run on, best first; [] for any."""
    found = _by_framework(inputs)
    if found or not inputs.as_of:
        return found
    newest = usual(inputs.as_of)[1]
    return [(3, minor) for minor in range(newest, OLDEST_PYTHON[1] - 1, -1)]


def _by_framework(inputs: Inputs) -> list[tuple[int, int]]:
    return frameworks.pythons(inputs.requirements, dated=bool(inputs.as_of))


def _reason(inputs: Inputs, own: Interpreter, one: Interpreter) -> str:
    """Why another Python is taken than the service's own, and what that costs."""
    why = frameworks.shown(inputs.requirements)
    if not why and inputs.as_of:
        why = f"packages are as of {inputs.as_of}, when it was usual"
    why = why or f"what is asked for may not run on {own.dotted}"
    return f"Python {one.dotted} is used: {why}{dates.price(one.minor)}"


def there(one: Interpreter, tool: Tool, log: Callable[[str], None]) -> Interpreter:
    """A Python of `others`, fetched where it is not here yet.

    Args:
        one: One of `others`.
        tool: uv.
        log: Takes a line at a time.

    Raises:
        EnvironmentFailed: It cannot be fetched.
    """
    if one.path:
        return one
    found = interpreters.everything()
    return _wanted("{}.{}".format(*one.minor), found, tool, log, fetch=True)


def find(version: str) -> Interpreter | None:
    """A Python of this machine for a locked version, None if there is none any more."""
    own = interpreters.own()
    if own.dotted == version:
        return own
    return interpreters.matching(interpreters.everything(), version)


def _wanted(
    version: str,
    found: Sequence[Interpreter],
    tool: Tool,
    log: Callable[[str], None],
    *,
    fetch: bool,
) -> Interpreter:
    if not _VERSION.fullmatch(version):
        raise _missing(version, found, "jobs run on Python 3.7 or newer")
    one = interpreters.matching(found, version)
    if one is None:
        reason = _fetch(version, tool, log) if fetch else "fetching one is switched off"
        one = interpreters.matching(interpreters.everything(), version)
        if one is None:
            raise _missing(version, found, reason)
    if not one.dotted.startswith(version):
        log(f"Python {version} is asked for; {one.dotted}, which is here, is used")
    return one


def _fetch(version: str, tool: Tool, log: Callable[[str], None]) -> str:
    """Let uv fetch a Python; give why it could not, "" if it could."""
    minor = ".".join(version.split(".")[:2])
    log(f"Python {minor} is not on this machine: fetching it")
    try:
        done = subprocess.run(
            # Without it uv would put a `python3.x` into the user's ~/.local/bin.
            [tool.program, "python", "install", "--no-bin", minor],
            env={**tool.variables, "UV_HTTP_RETRIES": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"fetching it took longer than {FETCH_SECONDS} s"
    if done.returncode == 0:
        return ""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    causes = [line.strip().removeprefix("error: ").removeprefix("cause: ") for line in said]
    first, last = next(iter(causes), "uv failed"), causes[-1] if causes else ""
    return f"fetching it failed: {first}" + (f" ({last})" if last != first else "")


def _missing(version: str, found: Sequence[Interpreter], reason: str) -> EnvironmentFailed:
    minor = ".".join(version.split(".")[:2])
    listed = "; ".join(_shown(one) for one in reversed(found)) or "none"
    return EnvironmentFailed(
        f"there is no Python {version} on this machine, and {reason or 'none was fetched'}. "
        f"Found: {listed}. Install it (for example `pyenv install {minor}`), or ask for one that "
        "is here with python_version or framework_version",
        {"found": [one.dotted for one in found]},
    )


def _shown(one: Interpreter) -> str:
    runs = frameworks.can_run(one.minor)
    return one.dotted + (f" (can run {runs})" if runs else "")
