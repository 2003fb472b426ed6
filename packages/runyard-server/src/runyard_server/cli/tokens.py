"""`runyard tokens`: what programs of people show to be let in."""

import sys
from typing import TYPE_CHECKING, Annotated

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import humane, output, tables
from runyard_server.cli.options import Json
from runyard_server.cli.parameters import Argument, Given, Group, Offers, Option
from runyard_server.cli.tables import Column

if TYPE_CHECKING:
    from runyard.client.tokens import Tokens
    from runyard.protocol.tokens import NewToken


def _tokens(_: Given, __: str) -> Offers:
    """Offer the ids of one's own tokens."""
    return [(one.id, one.name) for one in _client(start=False).list()]


TokenName = Annotated[str, Argument("NAME", help="What it is for, such as laptop or ci.")]
TokenId = Annotated[
    str,
    Argument(
        "TOKEN",
        help="A token's id, its name or how it begins; `-` reads the token itself from stdin.",
        complete=_tokens,
    ),
]
OfUser = Annotated[
    str | None,
    Option("--user", metavar="USER", help="Whose; by default yours. Others' for administrators."),
]
Everyone = Annotated[bool, Option("--all", help="Those of all people; for administrators.")]
Days = Annotated[
    int, Option("--days", least=0, most=36500, help="How long it is good; 0 for ever.")
]

group = Group()


@group.command("list")
def list_(user: OfUser = None, everyone: Everyone = False, json: Json = False) -> None:
    """List tokens: how they begin and when they were used last, never their secrets.

    Example: `runyard tokens list --all`
    """
    from runyard.protocol.tokens import TokenPage

    found = _client().list(user, everyone)
    if json:
        output.as_json(TokenPage(found))
        return
    tables.show(
        [
            *(Column("ID"), Column("USER"), Column("NAME"), Column("BEGINS", worth=2)),
            *(Column("USED", worth=3), Column("ENDS", worth=4)),
        ],
        [
            (
                *(one.id, one.user, one.name, f"{one.prefix}…"),
                *(humane.ago(one.used_at) or "never", _end(one.ends_at)),
            )
            for one in found
        ],
        "no token yet; `runyard tokens create NAME` makes one",
    )


@group.command()
def create(name: TokenName, user: OfUser = None, days: Days = 365, json: Json = False) -> None:
    """Make a token and print it, this once.

    Examples: `runyard tokens create laptop`  ·  `runyard tokens create first --user anna`  ·
    `runyard tokens create ci --days 30`
    """
    from runyard.protocol.tokens import CreateToken

    _show(_client().create(CreateToken(name, user, days)), json=json)


@group.command()
def rotate(token: TokenId, days: Days = 365, user: OfUser = None, json: Json = False) -> None:
    """Make a token anew under its name; the old secret counts no more.

    Browsers that it signed in are signed out.

    Example: `runyard tokens rotate laptop`
    """
    tokens = _client()
    _show(tokens.rotate(_meant(tokens, token, user), days), json=json)


@group.command()
def revoke(token: TokenId, user: OfUser = None, json: Json = False) -> None:
    """Revoke a token: it opens nothing any more, and browsers that it signed in are signed out.

    Examples: `runyard tokens revoke laptop`  ·  `runyard tokens revoke - < found.token`
    """
    tokens = _client()
    meant = _meant(tokens, token, user)
    tokens.revoke(meant)
    if json:
        output.as_json({"revoked": meant})
        return
    output.say(f"revoked {meant}")


def _show(made: "NewToken", *, json: bool) -> None:
    if json:
        output.as_json(made)
        return
    # The secret alone on stdout, to be piped on.
    record = made.record
    output.note(
        f"the token {record.name!r} of {record.user}, good until {_end(record.ends_at)}; it is "
        "shown this once: RUNYARD_TOKEN takes it, or `runyard login URL` keeps it"
    )
    output.say(made.token)


def _end(text: str | None) -> str:
    return text[:10] if text else "never"


def _meant(tokens: "Tokens", given: str, user: str | None) -> str:
    """The id of the token that is named by its id, its name or its beginning, or read from stdin.

    An administrator's ids of other people's tokens are not among their own: those pass as they are.

    Raises:
        InvalidRequest: It is the token itself, or what was read is none of these people's.
    """
    from runyard.protocol.tokens import USER_TOKEN

    known = tokens.list(user)
    exact = [one.id for one in known if given in (one.id, one.name)]
    if given == "-":
        read = sys.stdin.readline().strip()
        exact = [one.id for one in known if read.startswith(one.prefix)]
        if not exact:
            raise InvalidRequest("no token begins like the one on stdin; --user says whose it is")
    begun = [one.id for one in known if one.prefix == given]
    if not exact and not begun and given.startswith(USER_TOKEN):
        # Whoever lists processes has read it by now.
        raise InvalidRequest(
            "that is the token itself, which everybody on this machine can read in the list of "
            "processes: name it by its id or its name, or give it on stdin (`-`)"
        )
    return (exact or begun or [given])[0]


def _client(*, start: bool = True) -> "Tokens":
    from runyard.client.tokens import Tokens
    from runyard_server.cli import target

    return Tokens(target.connection(start=start))
