"""Wheels that users added to a workspace: requirements name their address, the resolver a file.

    runyard://<workspace>/<datastore>/azureml-private-packages/<file>#sha256=<digest>

A lock has the address in the place of the file's, so that it says the same on every machine.
"""

import hashlib
import re
from pathlib import Path

from runyard.protocol.environments import PRIVATE_WHEELS, WHEEL_SCHEME
from runyard_server.environments.failures import EnvironmentFailed

# No part begins with a dot, so that none is `..`: the address becomes a path.
_WORD = r"(?!\.)[\w\-.+!]+"
_ADDRESS = re.compile(
    rf"{WHEEL_SCHEME}://(?P<path>{_WORD}/{_WORD}/{PRIVATE_WHEELS}/(?P<file>{_WORD}\.whl))"
    r"(?:#sha256=(?P<digest>[0-9a-f]{64}))?"
)


class PrivateWheels:
    """The wheels below a folder of datastores.

    Args:
        datastores: `datastores/` of the state folder.
    """

    def __init__(self, datastores: Path) -> None:
        self._root = datastores.absolute()

    def located(self, requirement: str) -> str:
        """A requirement with the file in the place of a wheel's address.

        Raises:
            EnvironmentFailed: The wheel is gone, or another one is in its place.
        """
        match = _ADDRESS.search(requirement)
        if match is None:
            if f"{WHEEL_SCHEME}://" in requirement:
                raise EnvironmentFailed(
                    f"{requirement!r} is no address of a wheel; Environment.add_private_pip_wheel "
                    "gives one"
                )
            return requirement
        path = self._root / match["path"]
        if not path.is_file():
            raise EnvironmentFailed(
                f"the wheel {match['file']!r} is not on its datastore any more: add it again with "
                "Environment.add_private_pip_wheel"
            )
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if match["digest"] and found != match["digest"]:
            raise EnvironmentFailed(
                f"the wheel {match['file']!r} on the datastore is another one than was added: add "
                "yours again under another version, and use the address that you are given"
            )
        name = re.sub(r"[-_.]+", "-", match["file"].partition("-")[0]).lower()
        return f"{name} @ {path.as_uri()}"

    def addressed(self, lock: str) -> str:
        """A lock with addresses in the place of files."""
        return lock.replace(f" @ {self._root.as_uri()}/", f" @ {WHEEL_SCHEME}://")

    def placed(self, lock: str) -> str:
        """A lock with files in the place of addresses, for this machine's installer."""
        return lock.replace(f" @ {WHEEL_SCHEME}://", f" @ {self._root.as_uri()}/")
