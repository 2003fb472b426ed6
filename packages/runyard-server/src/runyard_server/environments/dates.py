"""What it means that packages are as of a day: what is left out, and what old Pythons cost.

Old lists name packages without versions and mean those of their time. So nothing that was
published later exists for the resolver, but for

    what is pinned exactly      it is meant, whenever it came out: a fix of 2021 for TensorFlow 1.15
    pip, setuptools, wheel      they install, and old ones do not know today's formats
    Open MPI, MPICH, mpi4py     their wheels are younger than all that is compiled against them
    psutil, cffi                what Horovod needs beside it; old ones have no wheels, new ones do
"""

import re
from collections.abc import Iterable
from datetime import date

from runyard.protocol.environments import NOW
from runyard_server.environments import lines, mpi
from runyard_server.environments.failures import EnvironmentFailed

_EXEMPT = ("pip", "setuptools", "wheel", *sorted(mpi.BRING_MPIRUN), mpi.BINDINGS, "psutil", "cffi")
_EXACT = re.compile(r"^[^;@<>!~]*==[^;*]+(;|$)")
# The month after which a minor gets no fixes any more.
_ENDS = {(3, 7): "June 2023", (3, 8): "October 2024", (3, 9): "October 2025"}


def checked(text: str) -> str:
    """A day as `2019-08-01`; "" for today, which `now` means too.

    Raises:
        EnvironmentFailed: It is no day.
    """
    if text in ("", NOW):
        return ""
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        day = ""
    # Python reads other spellings too, and the resolver and our comparisons do not.
    if day != text:
        raise EnvironmentFailed(
            f"as_of={text!r} is no day: write year, month and day, as in '2019-08-01', or "
            f"'{NOW}' for the newest packages"
        )
    return day


def options(as_of: str, requirements: Iterable[str]) -> list[str]:
    """The resolver's options for a day.

    Args:
        as_of: The day; "" for none.
        requirements: What is asked for.
    """
    if not as_of:
        return []
    names = exempt(requirements)
    given = [part for name in names for part in ("--exclude-newer-package", f"{name}=false")]
    return ["--exclude-newer", as_of, *given]


def exempt(requirements: Iterable[str]) -> list[str]:
    """The packages for which a day does not count."""
    pinned = [lines.package(each) for each in requirements if _EXACT.match(each)]
    return list(dict.fromkeys([*_EXEMPT, *filter(None, pinned)]))


def is_undated(reason: str) -> bool:
    """Whether a resolver's failure shows that the index does not tell when its files came."""
    # For files that have a day the resolver's hint ends with it.
    return "filtered by `exclude-newer`" in reason and "published at" not in reason


def price(minor: tuple[int, int]) -> str:
    """What it costs to run on a Python that has come to its end, "" for others."""
    if minor not in _ENDS:
        return ""
    dotted = f"{minor[0]}.{minor[1]}"
    return f"; Python {dotted} has had no fixes since {_ENDS[minor]}, nor new versions of packages"
