"""Compiles the modules of a new environment with time that nobody else wants.

Compiling all of them while the environment is made takes most of that time, and a run imports few.
So the first run compiles what it imports, and this program the rest: on one core, only while that
is idle. Both write whole files under their final names, so that neither sees half of one. This
file is a program for the environment's interpreter, not a module of the agent:

    python -I -S bytecode.py <environment folder>
"""

from __future__ import annotations

import importlib.util
import os
import py_compile
import sys
from contextlib import suppress
from typing import Iterator

_NICEST = 19
_READY = "ready.json"
# Shipped by many packages and imported by hardly anybody.
_SELDOM = ("tests", "test", "__pycache__")


def compile_modules(folder: str) -> None:
    """Compile an environment's modules, until it or whoever asked is gone."""
    _step_back()
    parent = os.getppid()
    for path in _modules(os.path.join(folder, "lib")):
        if os.getppid() != parent or not os.path.exists(os.path.join(folder, _READY)):
            break
        # What does not compile is told by whoever imports it; a read-only folder needs no word.
        with suppress(OSError, ValueError, py_compile.PyCompileError):
            if not os.path.exists(importlib.util.cache_from_source(path)):
                py_compile.compile(path, doraise=True)


def _step_back() -> None:
    """Let everybody else on this machine go first."""
    with suppress(OSError):
        os.nice(_NICEST)
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _modules(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SELDOM)
        for name in sorted(files):
            if name.endswith(".py"):
                yield os.path.join(folder, name)


if __name__ == "__main__":
    compile_modules(sys.argv[1])
