"""The commands there are, as plain data: nothing is imported to list them.

A row's module is imported when the command is called. The sentences are those of the modules' own
docstrings; a test compares them.
"""

from importlib import import_module
from typing import NamedTuple

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli.parameters import Command, Group
from runyard_server.cli.words import near

GROUPS = {
    "runs": "Runs: what was run and how it went.",
    "sweeps": "Sweeps: trials with different parameters, and which was best.",
    "pipelines": "Pipelines: steps that need each other, and how they stand.",
    "drafts": "Drafts: pipelines that are still being changed.",
    "schedules": "Schedules: published pipelines that are submitted by themselves.",
    "experiments": "Named series of runs.",
    "models": "Registered models and their versions.",
    "endpoints": "Endpoints: models that answer over HTTP.",
    "compute": "Clusters that runs are sent to.",
    "datasets": "Versions of data, and who read them.",
    "datastores": "Named places where data is kept.",
    "environments": "Environments: the packages that runs get.",
    "secrets": "Passwords and keys that jobs read, kept encrypted.",
    "stars": "Runs and saved views that you want to have at hand.",
    "trash": "What was deleted, brought back or freed.",
    "users": "Who may speak to the service, and what each may do.",
    "tokens": "What programs of people show to be let in.",
    "workspaces": "The places that hold everything a team creates.",
    "database": "Where records are kept: a file of the state folder, or PostgreSQL.",
    "tensorboard": "TensorBoard over runs: `runyard tensorboard RUN` shows one.",
    "import": "What other trackers have kept, brought here.",
}
"""Each is a module here with a `group`, by its own name or by the one below."""

# A word of Python's cannot be a module's name.
_MODULES = {"import": "imports"}

COMMANDS = {
    "serve": ("service", "Run the service in the foreground until Ctrl-C; runs go on without it."),
    "status": ("service", "Show whether a service runs, where, and what it does."),
    "stop": ("service", "Stop the service; runs go on, and the next service takes them over."),
    "studio": ("studio", "Open the studio in a browser, at a run if one is named."),
    "mlflow": (
        "mlflow_access",
        "Print the variables with which MLflow's client logs into a workspace.",
    ),
    "events": (
        "events",
        "Show what happened in a workspace last: runs, clusters, models, environments.",
    ),
    "storage": (
        "storage",
        "Show what takes space, by kind and by experiment, and what could be freed.",
    ),
    "whoami": ("login", "Show as whom the service knows you, and what you may do."),
    "login": ("login", "Keep a token for a service elsewhere, in a file for you alone."),
    "logout": (
        "login",
        "Forget the token that is kept for a service; it stays good until it is revoked.",
    ),
    "audit": ("audit", "Show who changed what, the newest first; and who was refused."),
    "backup": (
        "backup",
        "Back up the state folder of this machine, whether its service runs or not.",
    ),
    "restore": ("backup", "Restore a backup into an empty state folder, and prove it by hash."),
    "doctor": (
        "doctor",
        "Show what is missing on this machine, and the one command that mends it.",
    ),
}
"""Each is a function of that name in a module here."""


class Found(NamedTuple):
    """What the beginning of a command line names: a group, a command, or neither yet.

    Args:
        names: The words that name it.
        target: A command or a group; None: the root.
        rest: The words behind it.
    """

    names: list[str]
    target: Command | Group | None
    rest: list[str]


def find(words: list[str]) -> Found:
    """Follow words down the tree as far as they lead."""
    if not words or words[0] not in (*GROUPS, *COMMANDS):
        return Found([], None, words)
    first, rest = words[0], words[1:]
    if first in COMMANDS:
        return Found([first], command(first), rest)
    inner = group(first)
    if rest and rest[0] in inner.commands:
        return Found([first, rest[0]], inner.commands[rest[0]], rest[1:])
    if rest and inner.otherwise is not None:
        return Found([first], inner.otherwise, rest)
    return Found([first], inner, rest)


def unknown(found: Found) -> InvalidRequest:
    """Make the error for words that name no command."""
    inner = found.target.commands if isinstance(found.target, Group) else (*GROUPS, *COMMANDS)
    where = " ".join(["runyard", *found.names])
    return InvalidRequest(
        f"{where} has no command {found.rest[0]!r}; {near(found.rest[0], list(inner))}"
    )


def group(name: str) -> Group:
    """Import a group."""
    module = _MODULES.get(name, name)
    found: Group = import_module(f"{__package__}.{module}").group
    return found


def command(name: str) -> Command:
    """Import a command of the root."""
    module, _ = COMMANDS[name]
    return Command(getattr(import_module(f"{__package__}.{module}"), name))


def everything() -> dict[tuple[str, ...], Command]:
    """Import every command there is, by its words; for the reference and the tests."""
    found: dict[tuple[str, ...], Command] = {(name,): command(name) for name in COMMANDS}
    for name in GROUPS:
        found.update({(name, word): one for word, one in group(name).commands.items()})
    return found
