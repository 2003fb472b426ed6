"""The machines of a site, as its settings name them: `[user@]name[:port]`, in a list or a file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from runyard.protocol.errors import InvalidRequest

SSH_PORT = 22
_NAMED = re.compile(
    r"(?:(?P<user>[^@\s:]+)@)?(?P<name>\[[0-9a-fA-F:]+\]|[\w.-]+)(?::(?P<port>\d+))?"
)
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Machine:
    """A machine.

    Args:
        name: Its name or address, or what the user's ssh configuration calls it.
        user: Who logs in there; "" leaves it to ssh.
        port: The port of its ssh server; 0 leaves it to ssh.
    """

    name: str
    user: str = ""
    port: int = 0

    def __str__(self) -> str:
        """As settings write it: handles name a machine so."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{user}{self.name}{port}"

    @property
    def in_known_hosts(self) -> str:
        """What a file of known hosts calls it."""
        name = self.name.strip("[]")
        return f"[{name}]:{self.port}" if self.port not in (0, SSH_PORT) else name


def read(given: Iterable[str], user: str, port: int) -> list[Machine]:
    """The machines that settings name, each once.

    Args:
        given: What `words` has made of the settings.
        user: Who logs in where a machine names nobody.
        port: The port where a machine names none.

    Raises:
        InvalidRequest: There is none, or one is no machine.
    """
    found = [_machine(word, user, port) for word in given]
    if not found:
        raise InvalidRequest("hosts names no machine; give [user@]name[:port], or a file of them")
    return list(dict.fromkeys(found))


def words(given: str | list[str]) -> list[str]:
    """The machines as settings write them, one by one.

    Args:
        given: A list, a text with spaces or commas between, or the path of a file with one in each
            line.

    Raises:
        InvalidRequest: The file cannot be read.
    """
    if not isinstance(given, str):
        return given
    if not given.startswith(("/", "~")):
        return given.replace(",", " ").split()
    path = Path(given).expanduser()
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise InvalidRequest(f"hosts is the file {path}, which cannot be read: {error}") from None
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def _machine(word: str, user: str, port: int) -> Machine:
    matched = _NAMED.fullmatch(str(word))
    # ssh would take a name that begins with a dash for an option.
    if matched is None or matched["name"].startswith("-") or str(word).startswith("-"):
        raise InvalidRequest(f"{word!r} in hosts is no machine; write [user@]name[:port]")
    number = int(matched["port"] or port)
    if number > _HIGHEST_PORT:
        raise InvalidRequest(f"{word!r} in hosts has a port above {_HIGHEST_PORT}")
    return Machine(matched["name"], matched["user"] or user, number)
