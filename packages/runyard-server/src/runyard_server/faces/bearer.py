"""Tokens in the Authorization header, for those faces whose clients send one."""

from runyard.protocol.errors import Unauthenticated
from runyard.protocol.service import TOKEN_VARIABLE


def bearer(authorization: str) -> str:
    """The token in an Authorization header, whose scheme must be Bearer.

    Raises:
        Unauthenticated: There is none.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            f"a token is needed: set {TOKEN_VARIABLE}, or give --token to `runyard`; programs send "
            "the header 'Authorization: Bearer <token>'. The token is in service.json of the "
            "service's state folder, where clients on that machine find it by themselves"
        )
    return token.strip()
