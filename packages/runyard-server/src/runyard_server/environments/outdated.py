"""Pins that are older than every Python that jobs run on: the next version that has a build.

Files of 2018 ask for Python 3.6 and pin what had wheels for it. Jobs run on 3.7 or newer, for which
such a version has none, and its sources, which were generated for 3.6, do not compile either. So
the next version that has a wheel for 3.7 takes its place, and whoever sees the run is told. What
never had wheels is built from its sources on any Python, and stays.
"""

import re
from collections.abc import Sequence

from runyard_server.environments import resolver
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.inputs import OLDEST_PYTHON, Inputs
from runyard_server.environments.interpreters import Interpreter
from runyard_server.environments.resolver import Tool

# What files of that time ask for, for the resolver alone: nothing runs on it.
_BEFORE = Interpreter("", (3, 6, 15))
# Without hashes and markers: those are of one version's files, or tell of Pythons themselves.
_EXACT = re.compile(r"[\w.\-]+\s*==\s*[\w.]+")


def replacements(
    inputs: Inputs, pins: Sequence[str], python: Interpreter, tool: Tool
) -> dict[str, str]:
    """The pins that only older Pythons have wheels for, each with what takes its place.

    Args:
        inputs: The definition in normal form.
        pins: Its requirements with an upper bound.
        python: The oldest Python that jobs run on; it need not be here.
        tool: The resolver.
    """
    exact = [pin for pin in pins if _EXACT.fullmatch(pin)]
    found: dict[str, str] = {}
    try:
        # One question answers for most lists.
        if not exact or resolver.have_wheels(inputs, exact, python, tool):
            return {}
        for pin in exact:
            here = resolver.has_wheel(inputs, pin, python, tool)
            if not here and resolver.has_wheel(inputs, pin, _BEFORE, tool):
                found[pin] = resolver.next_wheel(inputs, pin, python, tool)
    except EnvironmentFailed:
        # What is not there at all fails the whole list, with its own reason.
        return {}
    return found


def note(found: dict[str, str]) -> str:
    """What is told of replacements."""
    told = ", ".join(f"{pin} as {newer}" for pin, newer in found.items())
    oldest = "{}.{}".format(*OLDEST_PYTHON)
    return f"{told}: the next with a build for Python {oldest}, the oldest that jobs run on"
