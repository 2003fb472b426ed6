"""The SDK as commands use it: a workspace of a client, and its errors as those of the wire."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from runyard.client import printing
from runyard.protocol.errors import InvalidRequest, RunyardError
from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.workspaces import Workspace
from runyard_server.cli import output, target

# What the SDK asks for by an argument, a command does by an option: `script=`, `within is 'soon'`.
_ARGUMENT = re.compile(
    r"(?<![\w-])(script|source|environment|gpus|replicas|port|within|max_error|max_p99|deployment)"
    r"(?:=(?![\w'\"=])|(?= is ['\"\d(-]))"
)


def workspace_of(name: str | None) -> Workspace:
    """The workspace that a command speaks to, for the SDK.

    Args:
        name: Its name; None asks the configuration.
    """
    client = target.client(name)
    return Workspace("", "", "", _connection=client.connection, _id=client.id)


@contextmanager
def told() -> Iterator[None]:
    """Turn the SDK's errors into those that commands end with, and say its warnings as they do.

    Raises:
        RunyardError: The one that the service gave, else one that says the same.
    """
    try:
        with _saying_warnings():
            yield
    except AzureMLException as error:
        cause = error.__cause__
        if isinstance(cause, RunyardError):
            # The SDK may say more than the service did; the kind gives the exit status.
            more = cause.message in error.message and not error.message.endswith(cause.message)
            raise (type(cause)(error.message, cause.details) if more else cause) from None
        kind = InvalidRequest if isinstance(error, UserErrorException) else RunyardError
        raise kind(_ARGUMENT.sub(_option, error.message)) from None


@contextmanager
def _saying_warnings() -> Iterator[None]:
    """Print warnings as remarks; Python would name a line of this program and quote it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        finally:
            for one in caught:
                output.note(f"warning: {one.message}")


@contextmanager
def watching(endpoint: str) -> Iterator[None]:
    """Let whoever stops watching an endpoint with Ctrl-C know that it goes on without them.

    Args:
        endpoint: Its name.
    """
    try:
        yield
    except KeyboardInterrupt:
        printing.tell(
            f"{endpoint} goes on without you: `runyard endpoints show {endpoint}` tells how it is, "
            f"`runyard endpoints delete {endpoint}` ends it"
        )
        raise


def _option(found: re.Match[str]) -> str:
    return "--" + found[1].replace("_", "-")
