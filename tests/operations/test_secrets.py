"""Secrets: encrypted where they are kept, told to whoever may read them and to nobody else."""

import os

import pytest

from runyard.protocol.errors import InternalError, InvalidRequest, NotFound
from runyard.protocol.secrets import KeepSecret, SecretValue
from runyard_server.core.system import System
from runyard_server.operations import secrets
from runyard_server.store import secrets as rows

W = "default"
TEXT = "correct horse battery staple"


def test_a_secret_is_kept_read_replaced_and_deleted(system: System) -> None:
    """Its list tells names alone, and what is deleted is gone."""
    first = secrets.keep(system, W, "db-password", KeepSecret("old"))
    secrets.keep(system, W, "api_key", KeepSecret("ключ\n"))
    again = secrets.keep(system, W, "db-password", KeepSecret(TEXT))
    assert again.created_at == first.created_at
    assert secrets.read(system, W, "db-password").value == TEXT
    assert secrets.read(system, W, "api_key").value == "ключ\n"
    listed = secrets.list_(system, W).items
    assert [one.name for one in listed] == ["api_key", "db-password"]
    assert TEXT not in str(listed)
    secrets.delete(system, W, "db-password")
    with pytest.raises(NotFound, match=r"no secret 'db-pasword'"):
        secrets.read(system, W, "db-pasword")


def test_what_is_kept_is_no_text(system: System) -> None:
    """A copy of the database tells nothing, and a text moved to another name does not open."""
    secrets.keep(system, W, "one", KeepSecret(TEXT))
    secrets.keep(system, W, "two", KeepSecret("other"))

    def row(name):
        return system.read(lambda work: rows.find(work.connection, W, name))

    kept = row("one").sealed
    assert TEXT not in kept
    secrets.keep(system, W, "one", KeepSecret(TEXT))
    assert row("one").sealed != kept
    from dataclasses import replace

    moved = replace(row("one"), name="two")
    system.write(lambda work: rows.keep(work.connection, moved))
    with pytest.raises(InternalError, match="was kept under another secret"):
        secrets.read(system, W, "two")


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "x" * 128])
def test_names_that_would_not_travel_are_refused(system: System, name: str) -> None:
    """As v1's key vaults did, with what would be right."""
    with pytest.raises(InvalidRequest, match="letters, digits"):
        secrets.keep(system, W, name, KeepSecret("x"))
    assert secrets.list_(system, W).items == []


def test_a_refusal_does_not_tell_the_text(system: System) -> None:
    """Errors are shown and told in logs."""
    text = os.urandom(8).hex() * 4000
    with pytest.raises(InvalidRequest) as caught:
        secrets.keep(system, W, "large", KeepSecret(text))
    assert text[:16] not in caught.value.message
    assert "64000 characters; 25000 are the most" in caught.value.message


def test_no_record_shows_its_secret():
    """A traceback that prints what variables are has no secret in it."""
    assert "hush" not in f"{KeepSecret('hush')} {SecretValue('name', 'hush')!r}"
