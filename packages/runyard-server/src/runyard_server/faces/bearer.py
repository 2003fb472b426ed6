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
        raise missing()
    return token.strip()


def missing() -> Unauthenticated:
    """The error for a request that shows nothing."""
    return Unauthenticated(
        f"a token is needed: set {TOKEN_VARIABLE}, give --token to `runyard`, or keep one with "
        "`runyard login URL`; programs send the header 'Authorization: Bearer <token>'. The "
        "owner's is in service.json of the service's state folder, where clients on that machine "
        "find it by themselves; others get one of their own from an administrator"
    )
