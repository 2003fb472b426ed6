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
from dataclasses import dataclass

from runyard_server.environments import lines, mpi, pythons, resolver
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.inputs import Inputs
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
        lock: Resolves for a Python; the packages named are taken as wheels alone.
        fetch: Whether a Python that is missing may be fetched.
    """

    def __init__(
        self,
        inputs: Inputs,
        tool: Tool,
        log: Callable[[str], None],
        lock: Callable[[Interpreter, Sequence[str]], str],
        *,
        fetch: bool,
    ) -> None:
        self._inputs = inputs
        self._tool = tool
        self._log = log
        self._lock = lock
        self._fetch = fetch

    def run(self) -> Selected:
        """Give the Python and its lock.

        Raises:
            EnvironmentFailed: There is none; says which package has wheels for which Python.
        """
        first = pythons.choose(self._inputs, self._tool, self._log, fetch=self._fetch)
        pins = bounded(self._inputs)
        if not pins:
            return Selected(first, self._lock(first, ()))
        try:
            return Selected(first, self._lock(first, _names(pins)))
        except EnvironmentFailed as error:
            return self._search(first, pins, error)

    def _search(
        self, first: Interpreter, pins: Sequence[str], error: EnvironmentFailed
    ) -> Selected:
        others = pythons.others(self._inputs, first, fetch=self._fetch)
        try:
            missing = [pin for pin in pins if not self._has(first, pin)]
            places = self._places(others, missing)
        except EnvironmentFailed:
            # No such package or version: no Python helps.
            raise error from None
        lone = [pin for pin in missing if not places[pin]]
        if not self._inputs.python:
            found = self._elsewhere(first, others, [pin for pin in pins if pin not in lone], places)
            if found is not None:
                return found
        return self._from_sources(first, places)

    def _elsewhere(
        self,
        first: Interpreter,
        others: Sequence[Interpreter],
        pins: Sequence[str],
        places: Places,
    ) -> Selected | None:
        """Lock for the newest Python that has all wheels that there are, None if none has."""
        wanted = [pin for pin in places if places[pin]]
        for one in [*([] if wanted else [first]), *others]:
            if all(one in places[pin] for pin in wanted):
                try:
                    python = pythons.there(one, self._tool, self._log)
                    locked = self._lock(python, _names(pins))
                except EnvironmentFailed:
                    continue
                return Selected(python, locked, _chosen(first, python, places))
        return None

    def _from_sources(self, first: Interpreter, places: Places) -> Selected:
        told = tuple(_missed(first, pin, found) for pin, found in places.items())
        try:
            return Selected(first, self._lock(first, ()), told)
        except EnvironmentFailed as error:
            raise EnvironmentFailed("\n".join([*told, error.message])) from error

    def _places(self, others: Sequence[Interpreter], missing: Sequence[str]) -> Places:
        pairs = [(one, pin) for pin in missing for one in others]
        # The resolver mostly waits for the index.
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wheels") as pool:
            there = list(pool.map(self._has, *zip(*pairs, strict=True))) if pairs else []
        found: Places = {pin: [] for pin in missing}
        for (one, pin), is_there in zip(pairs, there, strict=True):
            found[pin] += [one] if is_there else []
        return found

    def _has(self, python: Interpreter, pin: str) -> bool:
        return resolver.has_wheel(self._inputs, pin, python, self._tool)


def bounded(inputs: Inputs) -> list[str]:
    """Give the requirements with an upper bound, which may be older than today's Pythons."""
    options = [option.partition(" ")[2] for option in inputs.options if "--no-binary" in option]
    sources = {lines.package(name) for text in options for name in re.split(r"[\s,]+", text)}
    if any(":all:" in text for text in options):
        return []
    found = [each for each in inputs.requirements if _BOUND.match(each)]
    left_out = {*sources, *_COMPILED_HERE, ""}
    return [each for each in found if lines.package(each) not in left_out]


def _names(pins: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(lines.package, pins)))


def _chosen(first: Interpreter, python: Interpreter, places: Places) -> tuple[str, ...]:
    """Say why a Python was taken, and what has no wheel at all."""
    lone = tuple(_lone(pin) for pin, found in places.items() if not found)
    if python == first:
        return lone
    old = [pin for pin, found in places.items() if found]
    has = "has" if len(old) == 1 else "have"
    why = f"{' and '.join(old)} {has}" if old else "what is asked for has"
    told = (
        f"{why} no wheel for Python {first.dotted}: Python {python.dotted} is used, the newest "
        "here that has; name another with python_version"
    )
    return (told, *lone)


def _lone(pin: str) -> str:
    return f"{pin} has no wheel for any Python here and is built from its sources"


def _missed(first: Interpreter, pin: str, found: Sequence[Interpreter]) -> str:
    """Say where a package that is built from its sources has a wheel."""
    if not found:
        return _lone(pin)
    listed = ", ".join(one.dotted for one in found)
    return (
        f"{pin} has no wheel for Python {first.dotted} and is built from its sources; it has one "
        f"for Python {listed} (python_version)"
    )
