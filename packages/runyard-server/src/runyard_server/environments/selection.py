"""The Python and the lock of a definition: the newest Python for which what is pinned has wheels.

A version of 2019 has no wheel for today's Python, and building it from its sources ends in a
compiler's traceback. So what has an upper bound is first looked for as wheels, on the Python that
`pythons` chose. Where that fails the other Pythons are asked, newest first, which have the wheels;
each question costs tenths of a second. A Python that the user named stays, and a package that has
a wheel nowhere is built from its sources, as the last resort.
"""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from runyard.protocol.compatibility import STRICT
from runyard_server.environments import dates, lines, mpi, outdated, pythons, resolver
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.inputs import OLDEST_PYTHON, Inputs
from runyard_server.environments.interpreters import Interpreter
from runyard_server.environments.resolver import Tool

_AT_ONCE = 6
_BOUND = re.compile(r"^[^;@]*?(?:[=~]=|<)")
_COMPILED_HERE = (mpi.HOROVOD, mpi.BINDINGS)
# What has no wheel for the first Python -> the other Pythons that it has one for, newest first.
Places = dict[str, list[Interpreter]]


@dataclass(frozen=True)
class Selected:
    """A Python, the lock's lines for it, and what users should know of the choice."""

    python: Interpreter
    lines: str
    notes: tuple[str, ...] = ()


class Selection:
    """One search for a Python.

    Args:
        inputs: The definition in normal form.
        tool: The resolver.
        log: Takes what users should know.
        lock: Resolves inputs for a Python; the packages named are taken as wheels alone.
        fetch: Whether a Python that is missing may be fetched.
    """

    def __init__(
        self,
        inputs: Inputs,
        tool: Tool,
        log: Callable[[str], None],
        lock: Callable[[Inputs, Interpreter, Sequence[str]], str],
        *,
        fetch: bool,
    ) -> None:
        self._inputs = inputs
        self._tool = tool
        self._log = log
        self._lock = lock
        self._fetch = fetch

    def run(self) -> Selected:
        """The Python and its lock.

        Raises:
            EnvironmentFailed: There is none; says which package has wheels for which Python.
        """
        first = pythons.choose(self._inputs, self._tool, self._log, fetch=self._fetch)
        pins = bounded(self._inputs)
        if self._inputs.python and first.minor == OLDEST_PYTHON:
            newer = self._newer(first, pins)
            if newer is not None:
                return newer
        try:
            # Who names a Python may have the compiler for its packages.
            wheels = () if self._inputs.python else _names(pins)
            return Selected(first, self._lock(self._inputs, first, wheels))
        except EnvironmentFailed as error:
            if not pins:
                raise
            return self._search(first, pins, error)

    def _newer(self, oldest: Interpreter, pins: Sequence[str]) -> Selected | None:
        """Lock for the oldest Python with newer versions of what only older ones had builds for."""
        if self._inputs.compatibility == STRICT:
            return None
        found = outdated.replacements(self._inputs, pins, oldest, self._tool)
        if not found:
            return None
        changed = tuple(found.get(each, each) for each in self._inputs.requirements)
        wanted = replace(self._inputs, requirements=changed)
        try:
            python = pythons.there(oldest, self._tool, self._log)
            return Selected(python, self._lock(wanted, python, ()), (outdated.note(found),))
        except EnvironmentFailed:
            return None

    def _search(
        self, first: Interpreter, pins: Sequence[str], error: EnvironmentFailed
    ) -> Selected:
        others = pythons.others(self._inputs, first, fetch=self._fetch)
        try:
            places = _places(self._inputs, self._tool, first, others)
        except EnvironmentFailed:
            # No such package or version: no Python helps.
            raise error from None
        if not self._inputs.python:
            lone = [pin for pin in places if not places[pin]]
            oldest = [one for one in (first, *others) if one.minor == OLDEST_PYTHON]
            found = self._newer(oldest[0], lone) if lone and oldest else None
            found = found or self._elsewhere(first, others, pins, places)
            if found is not None:
                return found
            try:
                return Selected(first, self._lock(self._inputs, first, ()))
            except EnvironmentFailed as plain:
                error = plain
        told = [_missed(first, pin, found) for pin, found in places.items()]
        raise EnvironmentFailed("\n".join([*told, error.message])) from error

    def _elsewhere(
        self,
        first: Interpreter,
        others: Sequence[Interpreter],
        pins: Sequence[str],
        places: Places,
    ) -> Selected | None:
        """Lock for the newest Python that has all wheels that there are, None if none has."""
        wanted = [pin for pin in places if places[pin]]
        lone = [pin for pin in places if not places[pin]]
        for pin in lone:
            self._log(_missed(first, pin, ()))
        wheels = _names([pin for pin in pins if pin not in lone])
        for one in [*([] if wanted else [first]), *others]:
            if all(one in places[pin] for pin in wanted):
                try:
                    python = pythons.there(one, self._tool, self._log)
                    locked = self._lock(self._inputs, python, wheels)
                except EnvironmentFailed:
                    continue
                return Selected(python, locked, _chosen(first, python, wanted))
        return None


def missed(inputs: Inputs, python: Interpreter, tool: Tool, *, fetch: bool) -> list[str]:
    """Where the pins that have no wheel for a Python do have one.

    Args:
        inputs: The definition in normal form.
        python: The Python that it was locked for.
        tool: The resolver.
        fetch: Whether a Python that is missing may be fetched.

    Raises:
        EnvironmentFailed: There is no such package or version.
    """
    others = pythons.others(inputs, python, fetch=fetch)
    places = _places(inputs, tool, python, others)
    return [_missed(python, pin, found) for pin, found in places.items()]


def _places(
    inputs: Inputs, tool: Tool, first: Interpreter, others: Sequence[Interpreter]
) -> Places:
    def has(python: Interpreter, pin: str) -> bool:
        return resolver.has_wheel(inputs, pin, python, tool)

    missing = [pin for pin in bounded(inputs) if not has(first, pin)]
    pairs = [(one, pin) for pin in missing for one in others]
    # The resolver mostly waits for the index.
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wheels") as pool:
        there = list(pool.map(has, *zip(*pairs, strict=True))) if pairs else []
    found: Places = {pin: [] for pin in missing}
    for (one, pin), is_there in zip(pairs, there, strict=True):
        found[pin] += [one] if is_there else []
    return found


def bounded(inputs: Inputs) -> list[str]:
    """The requirements that may be older than today's Pythons: by an upper bound, or by a date."""
    options = [option.partition(" ")[2] for option in inputs.options if "--no-binary" in option]
    sources = {lines.package(name) for text in options for name in re.split(r"[\s,]+", text)}
    if any(":all:" in text for text in options):
        return []
    found = [each for each in inputs.requirements if _may_be_old(inputs, each)]
    left_out = {*sources, *_COMPILED_HERE, ""}
    return [each for each in found if lines.package(each) not in left_out]


def _may_be_old(inputs: Inputs, requirement: str) -> bool:
    named = "@" not in requirement and bool(lines.package(requirement))
    return (bool(inputs.as_of) and named) or bool(_BOUND.match(requirement))


def _names(pins: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(lines.package, pins)))


def _chosen(first: Interpreter, python: Interpreter, pins: Sequence[str]) -> tuple[str, ...]:
    """Why another Python was taken than usual."""
    if python == first:
        return ()
    has = "has" if len(pins) == 1 else "have"
    why = f"{' and '.join(pins)} {has}" if pins else "what is asked for has"
    told = (
        f"{why} no wheel for Python {first.dotted}: Python {python.dotted} is used, the newest "
        f"here that has; name another with python_version{dates.price(python.minor)}"
    )
    return (told,)


def _missed(first: Interpreter, pin: str, found: Sequence[Interpreter]) -> str:
    """Where a package that is built from its sources has a wheel."""
    if not found:
        return f"{pin} has no wheel for any Python here and is built from its sources"
    listed = ", ".join(one.dotted for one in found)
    return (
        f"{pin} has no wheel for Python {first.dotted} and is built from its sources; it has one "
        f"for Python {listed}, which python_version asks for"
    )
