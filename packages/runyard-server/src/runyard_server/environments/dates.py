"""What it means that packages are as of a day: what is left out, and which Python was usual.

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

from runyard_server.environments import lines, mpi
from runyard_server.environments.failures import EnvironmentFailed

# What means no date, also where the settings have one.
NOW = "now"
_EXEMPT = ("pip", "setuptools", "wheel", *sorted(mpi.BRING_MPIRUN), mpi.BINDINGS, "psutil", "cffi")
_EXACT = re.compile(r"^[^;@<>!~]*==[^;*]+(;|$)")
# The day from which a Python is what people use: packages have builds for it by then.
_USUAL = (
    ("2025-07-01", (3, 13)),
    ("2024-07-01", (3, 12)),
    ("2023-07-01", (3, 11)),
    ("2022-07-01", (3, 10)),
    ("2021-07-01", (3, 9)),
    ("2020-07-01", (3, 8)),
)
_OLDEST = (3, 7)
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
    pinned = [lines.package(each) for each in requirements if _EXACT.match(each)]
    names = dict.fromkeys([*_EXEMPT, *filter(None, pinned)])
    exempt = [part for name in names for part in ("--exclude-newer-package", f"{name}=false")]
    return ["--exclude-newer", as_of, *exempt]


def is_undated(reason: str) -> bool:
    """Whether a resolver's failure shows that the index does not tell when its files came."""
    # For files that have a day the resolver's hint ends with it.
    return "filtered by `exclude-newer`" in reason and "published at" not in reason


def usual_python(as_of: str) -> tuple[int, int]:
    """The newest Python that was usual on a day; the oldest that jobs run on for older ones."""
    return next((minor for since, minor in _USUAL if as_of >= since), _OLDEST)


def price(minor: tuple[int, int]) -> str:
    """What it costs to run on a Python that has come to its end, "" for others."""
    if minor not in _ENDS:
        return ""
    dotted = f"{minor[0]}.{minor[1]}"
    return f"; Python {dotted} has had no fixes since {_ENDS[minor]}, nor new versions of packages"
