"""Tokens: who gets in, and how far."""

import pytest

from runyard.protocol.errors import Unauthenticated
from runyard_server.core import tokens

SECRET = b"s" * 32


def test_user_token_opens_everything() -> None:
    """The user's token is valid with and without a workspace."""
    token = tokens.user_token(SECRET)
    assert tokens.verify(SECRET, token, "default").is_user
    assert tokens.verify(SECRET, token, None).is_user


def test_run_token_is_for_one_run_of_one_workspace() -> None:
    """A run's token names its run, and is worth nothing in another workspace or outside."""
    token = tokens.run_token(SECRET, "default", "exp_1_cafe")
    assert tokens.verify(SECRET, token, "default").run == "exp_1_cafe"
    for workspace in ("other", None):
        with pytest.raises(Unauthenticated):
            tokens.verify(SECRET, token, workspace)


@pytest.mark.parametrize("token", ["", "x", "run.", ".", "exp_1_cafe.0000", "üñ", "a\x00b"])
def test_anything_else_is_refused(token: str) -> None:
    """No text that this service has not made opens it."""
    with pytest.raises(Unauthenticated, match="RUNYARD_TOKEN"):
        tokens.verify(SECRET, token, "default")


def test_another_secret_makes_other_tokens() -> None:
    """A token of one service does not open another."""
    with pytest.raises(Unauthenticated):
        tokens.verify(b"t" * 32, tokens.user_token(SECRET), None)
