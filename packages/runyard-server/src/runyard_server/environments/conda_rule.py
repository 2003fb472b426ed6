"""When an environment is made with conda, and from which channels.

pip and uv make an environment in a second, and most names that conda files have mean the same
there. So conda is used where the definition leaves no choice:

    a channel is an address      somebody has a channel of their own, and means its packages
    a package is an address      it was locked, here or by `conda list --explicit`
    only conda has a package     compilers, R, programs (`conda.only_there`), if rattler is here;
                                 lists of v1 have `git` by habit, and ran without, too
    pip's index has no such name asked after pip has failed (`missing`)

Names of channels alone choose nothing: v1 wrote `conda-forge` into each of its files.
"""

import os
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from runyard.protocol import conda_locks
from runyard.protocol.conda_locks import CondaPackage
from runyard.protocol.environments import EnvironmentDefinition
from runyard_server.environments import conda, lines
from runyard_server.environments.failures import EnvironmentFailed

# Values of the setting `conda`.
NEEDED, ALWAYS, NEVER = "needed", "always", "never"
_SECRET = re.compile(r"//[^/@]*@")
_ALIAS = "https://conda.anaconda.org"
_ANACONDA = "https://repo.anaconda.com/pkgs"
_NAMED = {
    "defaults": (f"{_ANACONDA}/main", f"{_ANACONDA}/r"),
    "main": (f"{_ANACONDA}/main",),
    "r": (f"{_ANACONDA}/r",),
}
# What conda files say so that no channels come behind their own; here none ever do.
_ALONE = "nodefaults"
# Packages of Python alone, for machines of every kind.
_EVERY = "noarch"
_SYSTEMS = {"Linux": "linux", "Darwin": "osx"}
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*)://")
_NOT_FOUND = re.compile(r"`?([\w.\-]+)`? was not found in")


class CondaSettings(Protocol):
    """The settings that matter for conda."""

    @property
    def conda(self) -> str:
        """When conda makes environments: `needed`, `always` where it could, or `never`."""
        ...

    @property
    def conda_channels(self) -> Sequence[str]:
        """The channels of definitions that name none."""
        ...

    @property
    def conda_mirrors(self) -> Mapping[str, str]:
        """Channels, and where their files are fetched from instead."""
        ...


def reason(definition: EnvironmentDefinition, when: str) -> str:
    """Why an environment is made with conda, "" where pip makes it.

    Args:
        definition: What the user asked for; not user-managed.
        when: The setting `conda`.
    """
    if when == NEVER:
        return ""
    if any(map(conda_locks.parsed, definition.conda)):
        return "its conda packages are named by their addresses"
    for channel in definition.channels:
        if is_address(channel):
            return f"its channel {channel} is an address"
    alone = [name for name in map(conda.name_of, definition.conda) if conda.only_there(name)]
    if alone and has_rattler():
        return f"only conda has {', '.join(alone)}"
    if when == ALWAYS and definition.conda:
        return f"the service's setting conda is '{ALWAYS}'"
    return ""


def check_platform(package: CondaPackage) -> None:
    """Refuse a file for another kind of machine, which would be installed and then not run.

    Raises:
        EnvironmentFailed: It is one.
    """
    own = platform()
    if package.platform not in (own, _EVERY):
        raise EnvironmentFailed(
            f"the conda package {package.name}-{package.version}-{package.build} is for "
            f"{package.platform}, and the machine of the service is {own}: name the packages of "
            f"{own}, or versions in place of addresses, which are solved here"
        )


def platform() -> str:
    """This machine as conda calls it: `linux-64`, `osx-arm64` and the like."""
    machine = os.uname()
    system = _SYSTEMS.get(machine.sysname, machine.sysname.lower())
    processor = "64" if machine.machine == "x86_64" else machine.machine
    return f"{system}-{processor}"


def has_rattler() -> bool:
    """Whether what solves and installs conda packages is beside the service."""
    # Looked for each time: who is told to install it is not told to start the service anew.
    return find_spec("rattler") is not None


def missing(definition: EnvironmentDefinition, failure: str) -> list[str]:
    """The conda packages of a definition of which pip's resolver says that there are none.

    Args:
        definition: What the user asked for.
        failure: The resolver's reason.
    """
    gone = {lines.package(name) for name in _NOT_FOUND.findall(failure)}
    asked = {spec: lines.package(conda.mapped(spec).requirement) for spec in definition.conda}
    return [conda.name_of(spec) for spec, name in asked.items() if name in gone]


def is_address(channel: str) -> bool:
    """Whether a channel is named by where it is."""
    return bool(_SCHEME.match(channel)) or channel.startswith(("/", ".", "~"))


def addresses(definition: EnvironmentDefinition, otherwise: Sequence[str]) -> tuple[str, ...]:
    """The addresses of the channels of a definition, in order.

    Args:
        definition: What the user asked for.
        otherwise: The channels of the settings, for one that names none.

    Raises:
        EnvironmentFailed: A channel is on the client, or reached in a way that is not known here.
    """
    own = [channel for channel in definition.channels if channel != _ALONE]
    # Behind a channel of somebody's own a public one could not even be reached in many places.
    found = [address for channel in own or otherwise for address in resolved(channel)]
    return tuple(dict.fromkeys(found))


def resolved(channel: str) -> tuple[str, ...]:
    """The addresses that the name, the path or the address of a channel means.

    Raises:
        EnvironmentFailed: It is a folder of the client, or an address of an unknown kind.
    """
    channel = channel.strip().rstrip("/")
    scheme = _SCHEME.match(channel)
    if scheme:
        if scheme[1] not in ("http", "https", "file"):
            shown = _SECRET.sub("//***@", channel)
            raise EnvironmentFailed(
                f"the conda channel {shown!r} is reached by {scheme[1]}://, which is not known "
                "here: give an address that begins with https:// or file://, or the folder's path"
            )
        return (channel,)
    if channel.startswith("/"):
        return (Path(channel).as_uri(),)
    if is_address(channel):
        raise EnvironmentFailed(
            f"the conda channel {channel!r} is a folder beside the client's files: give its full "
            "path on the machine of the service, or an address"
        )
    return _NAMED.get(channel, (f"{_ALIAS}/{channel}",))


class Mirrors:
    """Where the files of channels are fetched from, if not from the channels themselves.

    Args:
        table: The setting: channels by name or address, and their mirrors.
        accounts: Channels by their address without an account, and with it.
    """

    def __init__(self, table: Mapping[str, str], accounts: Mapping[str, str]) -> None:
        named = {
            resolved(channel)[0] + "/": resolved(mirror)[0] + "/"
            for channel, mirror in table.items()
        }
        own = {f"{channel}/": f"{address}/" for channel, address in accounts.items()}
        # A mirror of the settings is where everything of a channel comes from.
        self._places = {**own, **named}

    def of(self, address: str) -> str:
        """The address in place of a channel's, or of a file's below it."""
        for original, mirror in self._places.items():
            if f"{address}/".startswith(original):
                return (mirror + f"{address}/".removeprefix(original)).rstrip("/")
        return address

    def placed(self, lock: str) -> str:
        """A lock with the mirrors' addresses in the place of the channels', for the installer."""
        if not self._places:
            return lock
        prefix = conda_locks.PREFIX
        return "\n".join(
            prefix + self.of(line.removeprefix(prefix)) if line.startswith(prefix) else line
            for line in lock.split("\n")
        )

    def original(self, address: str) -> str:
        """The channel's own address of a file that a mirror gave."""
        for original, mirror in self._places.items():
            if address.startswith(mirror):
                return original + address.removeprefix(mirror)
        return address
