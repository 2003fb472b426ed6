"""Links into a new environment the bytecode that others have made of the same files.

uv links each file of a package from its cache, so a module of two environments is one file with two
names. What the first has compiled of it is right for the second: Python compares a source's time
and size, which are the file's own, and puts in the path itself when it loads. Without this the
first run in an environment with one more package would compile TensorFlow anew, in each of its
processes: loading 2.21 takes 8 s of a processor then, and 3 with the bytecode.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Dict, Iterator, List, Tuple

from runyard.runtime.environment_cache import READY

_CACHE = "__pycache__"
_INSTALLED = ".dist-info"


def link(folder: str, beside: str) -> int:
    """Link the bytecode of an environment's modules from other ones; give how many there were.

    They come from the one that has most in common with it, if anything is compiled there. What pip
    has made gets nothing, for its files are its own.

    Args:
        folder: The environment.
        beside: The folder of the others.
    """
    site = _site(folder)
    for other in _alike(folder, beside, site) if site else []:
        count = _link_from(other, site)
        if count:
            return count
    return 0


def _site(folder: str) -> str:
    """The folder of an environment's packages, "" where it has none."""
    lib = os.path.join(folder, "lib")
    with suppress(OSError):
        for name in sorted(os.listdir(lib)):
            site = os.path.join(lib, name, "site-packages")
            if name.startswith("python") and os.path.isdir(site):
                return site
    return ""


def _alike(folder: str, top: str, site: str) -> List[str]:
    """The packages' folders of whole environments, those first that have most files in common."""
    own = os.path.basename(folder)
    python, mine = os.path.basename(os.path.dirname(site)), _weights(site)
    found = []
    for name in os.listdir(top):
        if name != own and os.path.exists(os.path.join(top, name, READY)):
            other = os.path.join(top, name, "lib", python, "site-packages")
            common = sum(mine[each] for each in _weights(other) if each in mine)
            if common:
                found.append((common, other))
    return [other for _, other in sorted(found, reverse=True)]


def _weights(site: str) -> Dict[str, int]:
    """The packages that are installed, with the sizes of the lists of their files."""
    found = {}
    with suppress(OSError):
        for name in os.listdir(site):
            if name.endswith(_INSTALLED):
                with suppress(OSError):
                    found[name] = os.path.getsize(os.path.join(site, name, "RECORD"))
    return found


def _link_from(other: str, site: str) -> int:
    count = 0
    for place, cached in _compiled(other):
        theirs, ours = os.path.join(other, place), os.path.join(site, place)
        # `module.cpython-311.pyc`, and with `.opt-1` before the end where somebody asked for that.
        source = cached.split(".", 1)[0] + ".py"
        # One of the two may be going or coming just now, and a disk need not have links.
        with suppress(OSError):
            if os.path.samefile(os.path.join(theirs, source), os.path.join(ours, source)):
                os.makedirs(os.path.join(ours, _CACHE), exist_ok=True)
                names = (os.path.join(each, _CACHE, cached) for each in (theirs, ours))
                os.link(*names)
                count += 1
    return count


def _compiled(site: str) -> Iterator[Tuple[str, str]]:
    """All bytecode of an environment: the module's folder below `site`, and the file's name."""
    for folder, _, names in os.walk(site):
        if os.path.basename(folder) == _CACHE:
            place = os.path.relpath(os.path.dirname(folder), site)
            for name in names:
                if name.endswith(".pyc"):
                    yield place, name
