"""The conda packages of a lock: comment lines, which pip's installers pass over.

    # conda https://…/linux-64/numpy-1.16.4-py37h7e9f1db_0.conda#sha256:9f3c…

The address names channel, platform, package, version and build, and the hash is the file's: what
conda calls explicit. A definition may ask for packages in the same words; they are then taken as
they stand, and nothing is solved.
"""

import re
from typing import List, Optional

from runyard.protocol.records import dataclass

PREFIX = "# conda "
_ADDRESS = re.compile(
    r"(?P<channel>[a-z]+://\S+)/(?P<platform>[\w\-]+)/"
    r"(?P<name>[\w.\-]+)-(?P<version>[^-/\s]+)-(?P<build>[^-/\s]+)\.(?:conda|tar\.bz2)"
    r"(?:#(?:sha256[:=])?(?P<sha256>[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class CondaPackage:
    """One conda package, as its address tells it.

    Args:
        name: Its name.
        version: Its version.
        build: Its build: which of several files of one version.
        channel: The channel's address.
        platform: `linux-64`, `noarch` …
        sha256: The hash of its file in hex, "" where the address has none.
        address: The address of its file, without the hash.
    """

    name: str
    version: str
    build: str
    channel: str
    platform: str
    sha256: str
    address: str

    @property
    def entry(self) -> str:
        """The address with the hash, as locks and definitions have it."""
        return f"{self.address}#sha256:{self.sha256}" if self.sha256 else self.address


def parsed(entry: str) -> Optional[CondaPackage]:
    """Read the address of a package, with or without a hash; None for anything else."""
    match = _ADDRESS.fullmatch(entry.strip())
    if match is None:
        return None
    parts = match.groupdict("")
    return CondaPackage(address=entry.strip().partition("#")[0], **parts)


def packages(requirements: str) -> List[CondaPackage]:
    """Find the conda packages among the lines of a lock, in order."""
    lines = [line for line in requirements.splitlines() if line.startswith(PREFIX)]
    found = [parsed(line[len(PREFIX) :]) for line in lines]
    return [package for package in found if package is not None]
