"""Runs a package's setup.py with its compilers in parallel; prints `[7/21] file` for each.

setuptools compiles one file after the other and says nothing of how many there are. This file is
a program for the interpreter that is compiled for, not a module of the agent:

    python setup_parallel.py <processes> bdist_wheel …
"""

from __future__ import annotations

import importlib
import os
import runpy
import sys
import threading
from multiprocessing.pool import ThreadPool
from typing import Any, List


def parallel(processes: int) -> Any:
    """A `CCompiler.compile` that runs several compilers at once."""

    def compile(  # noqa: A001 - the signature is distutils'
        self: Any,
        sources: List[str],
        output_dir: Any = None,
        macros: Any = None,
        include_dirs: Any = None,
        debug: Any = 0,
        extra_preargs: Any = None,
        extra_postargs: Any = None,
        depends: Any = None,
    ) -> Any:
        macros, objects, extra, options, build = self._setup_compile(
            output_dir, macros, include_dirs, sources, depends, extra_postargs
        )
        arguments = self._get_cc_args(options, debug, extra_preargs)
        done = Counter(len(build))

        def one(name: str) -> None:
            source, extension = build[name]
            self._compile(name, source, extension, arguments, extra, options)
            done.say(source)

        with ThreadPool(processes) as pool:
            pool.map(one, list(build), chunksize=1)
        return objects

    return compile


class Counter:
    """Counts compiled files; tests of one file, with which a setup.py feels its way, are silent."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._lock = threading.Lock()

    def say(self, source: str) -> None:
        """Report that one more file is compiled."""
        with self._lock:
            self._done += 1
            if self._total > 1:
                sys.stdout.write(f"[{self._done}/{self._total}] {source}\n")
                sys.stdout.flush()


def main() -> None:
    """Run the setup.py of the working folder."""
    processes = int(sys.argv[1])
    # The folder of this file has modules of other names' packages.
    sys.path[0] = os.getcwd()
    sys.argv = ["setup.py", *sys.argv[2:]]
    # It puts its own distutils in place of the interpreter's, which newer ones lack.
    importlib.import_module("setuptools")
    compiler: Any = importlib.import_module("distutils.ccompiler").CCompiler
    compiler.compile = parallel(processes)
    runpy.run_path("setup.py", run_name="__main__")


if __name__ == "__main__":
    main()
