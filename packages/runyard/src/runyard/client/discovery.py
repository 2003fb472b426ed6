"""Where the service is: one order of precedence, in one function.

    argument > RUNYARD_URL > the workspace's config file > the connection file > start one

Before a found service is used it is asked who it is: an older one (by the protocol's major
version) is replaced when it is idle, and refused with the command to run when it is busy.

The connection itself is imported late: a client that has to start the service does that first, and
imports while the service starts.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Mapping, Optional, Tuple

from runyard.client import home as homes
from runyard.client.presence import running
from runyard.protocol import PROTOCOL, PROTOCOL_MAJOR
from runyard.protocol.errors import ProtocolMismatch, ServiceUnreachable
from runyard.protocol.service import TOKEN_VARIABLE, URL_VARIABLE
from runyard.protocol.timeouts import ABOUT_SECONDS

if TYPE_CHECKING:
    from runyard.client.connection import Address, Connection
    from runyard.protocol.service import About
    from runyard.protocol.service import Connection as ConnectionRecord


_shared: Dict[Tuple[str, ...], Connection] = {}


def connect(
    url: Optional[str] = None,
    token: Optional[str] = None,
    start: bool = True,
    configured: Optional[str] = None,
) -> Connection:
    """Connect to the service; those who ask twice in one process share a connection.

    Args:
        url: Where it listens; None looks in the order above.
        token: Its token; None takes RUNYARD_TOKEN, the one that `runyard login` has kept, or the
            connection file's for that address.
        start: Whether a service may be started when none runs.
        configured: The address that the workspace's config file names.

    Raises:
        InvalidRequest: What was written down is no address.
        ServiceUnreachable: There is none, or it could not be started.
        ProtocolMismatch: It speaks another major version of the protocol.
    """
    home = homes.locate()
    places = (
        ("the address given", url),
        (URL_VARIABLE, os.environ.get(URL_VARIABLE)),
        ("the url of the config file", configured),
    )
    source, fixed = next((place for place in places if place[1]), ("", None))
    key = (str(home), fixed or "", token or "", str(start))
    found = _shared.get(key)
    if found is None:
        found = _fixed(fixed, source, token, home) if fixed else _embedded(home, start)
        _shared[key] = found
    return found


def connect_job(environ: Optional[Mapping[str, str]] = None) -> Connection:
    """Connect as a job: with its own token, at the address of the connection file if it can."""
    from runyard.protocol.jobs import CONNECTION_VARIABLE

    given = os.environ if environ is None else environ
    # Where jobs get a connection file, address and token are there under the v1 names alone.
    token = given.get("AZUREML_RUN_TOKEN") or given.get(TOKEN_VARIABLE, "")
    url = given.get(URL_VARIABLE) or given.get("AZUREML_SERVICE_ENDPOINT", "")
    return for_run(url, token, given.get(CONNECTION_VARIABLE, ""))


def for_run(url: str, token: str, connection_file: str = "") -> Connection:
    """Connect with a run's token, following the service when it moves.

    Args:
        url: Where the service listened when the job was made.
        token: The run's token.
        connection_file: Where it says where it listens now; "" on other machines.
    """
    from runyard.client.connection import Address, Connection

    def now() -> Address:
        record = homes.read_connection(Path(connection_file))
        if record is None:
            # An OSError tells a connection that nobody knows better: it keeps its address.
            raise FileNotFoundError(connection_file)
        return Address(record.url, token)

    if not connection_file:
        return Connection(url, token)
    with contextlib.suppress(OSError):
        url = now().url
    return Connection(url, token, recover=now, home=str(Path(connection_file).parent))


def observing(connection: Connection) -> Connection:
    """Connect once more to a connected service, for who only looks on.

    It finds a service that came back elsewhere, but starts none: what somebody has stopped stays
    so although a notebook is open.
    """
    from runyard.client.connection import Address, Connection

    home = homes.locate()
    record = homes.read_connection(homes.connection_file(home))
    token = connection.token
    if record is None or record.token != token:
        return Connection(connection.url, token)

    def now() -> Address:
        record = running(home)
        if record is None:
            raise FileNotFoundError(home)
        return Address(record.url, record.token)

    return Connection(connection.url, token, recover=now)


def forget() -> None:
    """Close and forget the shared connections, as after the service was stopped on purpose."""
    while _shared:
        _shared.popitem()[1].close()


def _fixed(written: str, source: str, token: Optional[str], home: Path) -> Connection:
    """Connect to a named address; nothing is ever started there."""
    from runyard.client import address, logins
    from runyard.client.connection import Connection

    url = address.checked(written, source)
    about = address.ask(url, source)
    if _major(about.protocol) != PROTOCOL_MAJOR:
        raise _mismatch(about, url)
    given = token or os.environ.get(TOKEN_VARIABLE) or logins.token(home, url)
    record = homes.read_connection(homes.connection_file(home))
    here = record if record is not None and record.url.rstrip("/") == url else None
    # The file's token is for its own address alone: it is told to nobody else.
    if not given and here is not None:
        given = here.token
    return Connection(url, given or "", home=str(home) if here is not None else "")


def _embedded(home: Path, start: bool) -> Connection:
    """Connect to the home's own service, started if need be."""
    found = _present(home, start)

    from runyard.client.connection import Address, Connection

    def now() -> Address:
        record = _present(home, start)
        return Address(record.url, record.token)

    return Connection(found.url, found.token, recover=now, home=str(home))


def _present(home: Path, start: bool) -> ConnectionRecord:
    record = running(home)
    if record is not None and _usable(record):
        return record
    if not start:
        raise ServiceUnreachable(
            f"no service runs on {home}; `runyard serve` starts one", {"home": str(home)}
        )
    from runyard.client import starter

    return starter.start(home)


def _usable(record: ConnectionRecord) -> bool:
    """Whether to go on with a running service; False after an idle older one was stopped."""
    major = _major(record.protocol)
    if major == PROTOCOL_MAJOR:
        return True
    if major > PROTOCOL_MAJOR:
        raise ProtocolMismatch(
            f"the service at {record.url} is newer (protocol {record.protocol}) than this client "
            f"(protocol {PROTOCOL}); upgrade with: pip install --upgrade runyard"
        )
    from runyard.client.connection import Connection
    from runyard.client.service import Service

    with Connection(record.url, record.token, timeout=ABOUT_SECONDS) as connection:
        service = Service(connection)
        status = service.status()
        if status.active_runs or status.open_streams:
            count = f"{status.active_runs} run{'' if status.active_runs == 1 else 's'}"
            raise ProtocolMismatch(
                f"the service at {record.url} is older (protocol {record.protocol}) than this "
                f"client (protocol {PROTOCOL}) and busy with {count}; when nothing runs any more, "
                "stop it with: runyard stop"
            )
        service.stop()
    return False


def _mismatch(about: About, url: str) -> ProtocolMismatch:
    return ProtocolMismatch(
        f"{url} speaks protocol {about.protocol}, this client speaks {PROTOCOL}; "
        "install the version of runyard that the service has: "
        f"pip install runyard=={about.version}"
    )


def _major(protocol: str) -> int:
    try:
        return int(protocol.split(".", maxsplit=1)[0])
    except ValueError:
        return 0
