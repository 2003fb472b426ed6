"""`runyard login`, `logout` and `whoami`: as whom this machine speaks to a service elsewhere."""

import os
import sys
from typing import Annotated

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import output
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Argument

Url = Annotated[str, Argument("URL", help="The service's address, such as http://server:8420.")]


def login(url: Url, json: Json = False) -> None:
    """Keep a token for a service elsewhere, in a file for you alone.

    The token is asked for, or read from a pipe, or taken from RUNYARD_TOKEN. It is tried
    first, and told to nobody but the service of that address.

    Examples: `runyard login http://server.example:8420`  ·
    `cat token | runyard login http://server.example:8420`
    """
    from runyard.client import address, logins
    from runyard.client.connection import Connection
    from runyard.client.home import locate
    from runyard.client.users import Users

    place = address.checked(url, "the address given")
    address.ask(place, "the address given")
    secret = _secret()
    with Connection(place, secret) as connection:
        me = Users(connection).me()
    kept = logins.keep(locate(), place, secret)
    if json:
        output.as_json(me)
        return
    output.say(f"{place} knows you as {me.name}; the token is in {kept}")
    output.note(f"commands and scripts speak to it with: export RUNYARD_URL={place}")


def logout(url: Url, json: Json = False) -> None:
    """Forget the token that is kept for a service; it stays good until it is revoked.

    Example: `runyard logout http://server.example:8420`
    """
    from runyard.client import address, logins
    from runyard.client.home import locate

    place = address.checked(url, "the address given")
    found = logins.forget(locate(), place)
    if json:
        output.as_json({"forgotten": found})
        return
    output.say(f"forgot the token for {place}" if found else f"no token is kept for {place}")


def whoami(json: Json = False) -> None:
    """Show as whom the service knows you, and what you may do.

    Example: `runyard whoami`
    """
    from runyard.client.users import Users
    from runyard_server.cli import target

    connection = target.connection()
    me = Users(connection).me()
    if json:
        output.as_json(me)
        return
    output.facts(
        [
            ("User", f"{me.name} (the owner)" if me.is_owner else me.name),
            ("Role", me.role or "none everywhere"),
            *((f"in {name}", role) for name, role in me.workspaces.items()),
            ("By", me.via),
            ("Until", me.ends_at[:10] if me.ends_at else ""),
            ("Service", connection.url),
        ]
    )


def _secret() -> str:
    """The token: from the variable, a pipe, or what is typed and not shown."""
    import getpass

    from runyard.protocol.service import TOKEN_VARIABLE

    given = os.environ.get(TOKEN_VARIABLE, "")
    if not given and sys.stdin.isatty():
        given = getpass.getpass("token: ")
    elif not given:
        given = sys.stdin.readline()
    if not given.strip():
        raise InvalidRequest("no token was given; `runyard tokens create` makes one")
    return given.strip()
