"""What a failure is told that is due to the time: the day as of which packages had a name.

A list without versions gets the newest packages, and a script of 2019 fails at an import. What it
says then names nothing that one could do, so the run's error does. Which names went when stands in
`protocol.moved_names`; some failures name an object or a release in place of a module.
"""

import re
from typing import List, NamedTuple, Pattern

from runyard.protocol.moved_names import MOVED, Moved


class _Sign(NamedTuple):
    """What Python says where something is missing, the release that took it away, and the day."""

    says: Pattern[str]
    release: str
    as_of: str


_ANY = re.compile(
    r"(?:No module named|cannot import name|has no attribute)|was removed in the NumPy"
)
_OTHERS = (
    (r"`np\.\w+` was removed in the NumPy 2\.0 release", "numpy 2.0", "2024-06-01"),
    (r"'(?:DataFrame|Series)' object has no attribute 'append'", "pandas 2.0", "2023-04-01"),
    (r"'(?:DataFrame|Series)' object has no attribute 'ix'", "pandas 1.0", "2020-01-01"),
    (r"No module named 'keras\.backend\.", "Keras 2.13", "2023-06-01"),
)
_signs: List[_Sign] = []


def hint(said: str) -> str:
    """What would have worked, to be put behind an exception; "" where nothing is known.

    Args:
        said: The exception with its text.
    """
    if not _ANY.search(said):
        return ""
    if not _signs:
        others = [_Sign(re.compile(says), release, day) for says, release, day in _OTHERS]
        _signs.extend([*map(_sign, MOVED), *others])
    found = next((one for one in _signs if one.says.search(said)), None)
    if found is None:
        return ""
    return (
        f" (it went with {found.release}: an environment with as_of='{found.as_of}' has the "
        "packages of before)"
    )


def _sign(moved: Moved) -> _Sign:
    """How Python says that a module lacks a name, by import or by attribute."""
    module, names = re.escape(moved.module), "|".join(moved.names)
    says = (
        rf"No module named '{module}\.(?:{names})[.']"
        rf"|module '{module}' has no attribute '(?:{names})'"
        rf"|cannot import name '(?:{names})' from '{module}'"
    )
    return _Sign(re.compile(says), moved.said, moved.as_of)
