"""The zip file that is put on a machine to do there what the service asks for.

It holds `runyard.runtime.hosted` and the one module that this needs, a few kilobytes: a process
from it starts in less time than from the whole light half, and a service of another version on the
same machine has a file of its own.
"""

from functools import cache

from runyard_server.compute import light

_MODULES = ("runyard/protocol/procfs.py", "runyard/runtime/hosted.py")
_PACKAGES = ("runyard", "runyard/protocol", "runyard/runtime")
_MAIN = b"""\
import sys

if sys.version_info < (3, 7):
    text = "its python3 is %d.%d, and agents need 3.7 or newer: name another one (option python)"
    sys.stdout.write('{"error": "' + text % sys.version_info[:2] + '"}\\n')
    sys.exit(0)
from runyard.runtime.hosted import main

sys.exit(main(sys.argv[1:]))
"""


@cache
def packed() -> tuple[str, bytes]:
    """The name of the zip file, and its bytes."""
    every = light.collect()
    files = {name: every[name] for name in _MODULES}
    # Only what these packages are to the import system: their own may need more.
    files |= {f"{package}/__init__.py": b"" for package in _PACKAGES}
    files["__main__.py"] = _MAIN
    return f"runyard-host-{light.digest(files)}.zip", light.pack(files)
