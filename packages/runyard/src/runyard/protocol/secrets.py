"""Secrets of a workspace: texts under names, which are kept encrypted and told to nobody by a list.

Who may submit runs may read them, and so may a run while it goes on. Each reading is told in the
audit log, which is why it is no GET: what only looks is not told there.
"""

from dataclasses import field
from typing import List

from runyard.protocol.records import dataclass
from runyard.protocol.route import (
    ADDS,
    ALWAYS,
    CONTRIBUTOR,
    IN_WORKSPACE,
    READS,
    Nothing,
    Route,
)

# As v1's key vaults had them.
LONGEST_SECRET = 25_000
MOST_SECRETS = 1000


@dataclass(frozen=True)
class KeepSecret:
    """Keep a secret, in place of the one that is there under its name."""

    # Not in a traceback that shows what variables are.
    value: str = field(repr=False)


@dataclass(frozen=True)
class SecretValue:
    """A secret as it is given to who may read it."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class SecretRecord:
    """What is known of a secret without reading it.

    Args:
        name: Its name.
        owner: Who set it last.
        created_at: When there was none of that name yet.
        changed_at: When it was set last.
    """

    name: str
    owner: str
    created_at: str
    changed_at: str


@dataclass(frozen=True)
class SecretPage:
    """The secrets of a workspace, by name."""

    items: List[SecretRecord] = field(default_factory=list)


SECRETS_LIST: Route[SecretPage] = Route(
    "secrets.list",
    "GET",
    IN_WORKSPACE + "/secrets",
    SecretPage,
    "List the names of secrets.",
    scope=READS,
)
SECRETS_KEEP: Route[SecretRecord] = Route(
    "secrets.keep",
    "PUT",
    IN_WORKSPACE + "/secrets/{name}",
    SecretRecord,
    "Keep a secret under a name.",
    body=KeepSecret,
    role=CONTRIBUTOR,
)
# The scope is for what a job may do while its run goes on: a token that was copied out of an ended
# job must open no secrets, as one for reading would.
SECRETS_READ: Route[SecretValue] = Route(
    "secrets.read",
    "POST",
    IN_WORKSPACE + "/secrets/{name}/value",
    SecretValue,
    "Read a secret; the audit log tells who did.",
    scope=ADDS,
    audit=ALWAYS,
)
SECRETS_DELETE: Route[Nothing] = Route(
    "secrets.delete",
    "DELETE",
    IN_WORKSPACE + "/secrets/{name}",
    Nothing,
    "Delete a secret; it does not come back.",
    role=CONTRIBUTOR,
)
