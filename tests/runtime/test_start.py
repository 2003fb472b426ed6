"""A script waits for its agent's imports, so what they may be is kept small."""

import subprocess
import sys
from pathlib import Path

import runyard

COSTLY = {
    "dataclasses",
    "email",
    "hashlib",
    "http.client",
    "inspect",
    "logging",
    "pathlib",
    "shutil",
    "socket",
    "ssl",
    "tempfile",
    "traceback",
    "urllib.parse",
    "uuid",
}
LIST = """
import sys
sys.path.insert(0, {light!r})
import {module}
print(' '.join(sys.modules))
"""


def loaded(module: str) -> set[str]:
    """The modules that an isolated interpreter has after importing one."""
    text = LIST.format(light=str(Path(runyard.__file__).parents[1]), module=module)
    command = [sys.executable, "-S", "-E", "-c", text]
    return set(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().split())


def test_before_the_script_starts_little_is_imported():
    """The network, the protocol's records and other costly modules come later or never."""
    found = loaded("runyard.runtime.agent, runyard.runtime.launchers.single")
    assert not found & COSTLY
    others = {name for name in found if name.startswith(("runyard.client", "runyard.protocol"))}
    assert others <= {
        "runyard.client",
        "runyard.client.copying",
        "runyard.protocol",
        "runyard.protocol.compatibility",
        "runyard.protocol.paths",
        "runyard.protocol.procfs",
        "runyard.protocol.timeouts",
    }


def test_speaking_to_the_service_needs_no_records():
    """Making the protocol's dataclasses takes longer than an empty script runs."""
    found = loaded("runyard.runtime.link, runyard.runtime.delivery, runyard.runtime.salvage")
    assert not found & (COSTLY - {"socket"})
    assert {name for name in found if name.startswith("runyard.protocol")} <= {
        "runyard.protocol",
        "runyard.protocol.errors",
        "runyard.protocol.paths",
        "runyard.protocol.procfs",
        "runyard.protocol.timeouts",
    }
