"""Tokens of people: what a program shows to be let in as somebody.

A token is told once, when it is made; the service keeps its hash. Each has a name, by which people
know which of their machines or programs it is for.
"""

from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import PERSON, Nothing, Route

# What a person's token begins with: scanners of source code know secrets by such beginnings.
USER_TOKEN = "ry_"  # noqa: S105 - how tokens begin, not one
TOKEN_DAYS = 365
LONGEST_TOKEN_NAME = 100


@dataclass(frozen=True)
class TokenRecord:
    """A token, without its secret.

    Args:
        id: What names it in addresses.
        user: Whose it is.
        name: What it is for; a person's tokens have different names.
        prefix: How it begins, to be told from others.
        created_at: When it was made, or made anew.
        ends_at: When it ends; None for never.
        used_at: When it was shown last, to ten minutes; None for never.
    """

    id: str
    user: str
    name: str
    prefix: str
    created_at: str
    ends_at: Optional[str] = None
    used_at: Optional[str] = None


@dataclass(frozen=True)
class NewToken:
    """A token that was made, with its secret, which is never told again.

    Args:
        token: The secret.
        record: What is known of it from now on.
    """

    token: str
    record: TokenRecord


@dataclass(frozen=True)
class TokenPage:
    """Tokens, by person and name."""

    items: List[TokenRecord]


@dataclass(frozen=True)
class TokenQuery:
    """Whose tokens: those of a person; None for the tokens of who asks.

    Args:
        user: The person; others than oneself for administrators alone.
        everyone: All people's, for administrators alone.
    """

    user: Optional[str] = None
    everyone: bool = False


@dataclass(frozen=True)
class CreateToken:
    """Make a token.

    Args:
        name: What it is for.
        user: Whose it is to be; None for who asks. Others' are for administrators alone.
        days: How long it is good; 0 for ever.
    """

    name: str
    user: Optional[str] = None
    days: int = TOKEN_DAYS


@dataclass(frozen=True)
class RotateToken:
    """Make a token anew under its name; the old secret counts no more from the answer on.

    Args:
        days: How long the new one is good; 0 for ever.
    """

    days: int = TOKEN_DAYS


TOKENS_LIST: Route[TokenPage] = Route(
    "tokens.list",
    "GET",
    "/tokens",
    TokenPage,
    "List tokens, never their secrets.",
    query=TokenQuery,
    role=PERSON,
)
# No row of these takes an Idempotency-Key: its answer would be kept, and the secret with it.
TOKENS_CREATE: Route[NewToken] = Route(
    "tokens.create",
    "POST",
    "/tokens",
    NewToken,
    "Make a token; its secret is told this once.",
    body=CreateToken,
    role=PERSON,
)
TOKENS_ROTATE: Route[NewToken] = Route(
    "tokens.rotate",
    "POST",
    "/tokens/{token}/rotate",
    NewToken,
    "Make a token anew under its name; the old secret counts no more.",
    body=RotateToken,
    role=PERSON,
)
TOKENS_REVOKE: Route[Nothing] = Route(
    "tokens.revoke",
    "DELETE",
    "/tokens/{token}",
    Nothing,
    "Revoke a token: from the answer on it opens nothing.",
    role=PERSON,
)
