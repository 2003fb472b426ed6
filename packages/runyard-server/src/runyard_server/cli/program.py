"""The whole command line: its groups, its version, and how errors become messages and statuses."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from runyard.protocol.errors import RunyardError
from runyard.protocol.service import TOKEN_VARIABLE, URL_VARIABLE
from runyard_server import __version__
from runyard_server.cli import (
    compute,
    datastores,
    doctor,
    experiments,
    models,
    output,
    runs,
    service,
    workspaces,
)

app = typer.Typer(
    name="runyard",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(runs.app, name="runs")
app.add_typer(experiments.app, name="experiments")
app.add_typer(models.app, name="models")
app.add_typer(compute.app, name="compute")
app.add_typer(datastores.app, name="datastores")
app.add_typer(workspaces.app, name="workspaces")
app.command()(service.serve)
app.command()(service.status)
app.command()(service.stop)
app.command()(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        output.say(f"runyard {__version__}")
        raise typer.Exit


@app.callback(epilog="First steps:  `runyard doctor`  ·  `runyard runs list`  ·  `runyard serve`")
def root(
    url: Annotated[
        str | None,
        typer.Option(
            envvar=URL_VARIABLE,
            help="A service elsewhere, as http://host:port; by default this machine's own.",
        ),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar=TOKEN_VARIABLE, help="The token of that service.")
    ] = None,
    version: Annotated[  # noqa: ARG001 - the callback answers it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train, track and register machine-learning models on your own machines.

    Scripts talk to Runyard with `from runyard import Workspace` (or the v1 names,
    `from azureml.core import Workspace`); this command shows what they did and runs the service.
    A service is started when one is needed, so there is nothing to set up.
    """
    for name, value in ((URL_VARIABLE, url), (TOKEN_VARIABLE, token)):
        if value:
            os.environ[name] = value


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors become one message and an exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        try:
            app(args=given, prog_name="runyard")
        finally:
            # Here and not when the interpreter ends, where nobody could handle a closed pipe.
            sys.stdout.flush()
    except RunyardError as error:
        output.complain(error, json_wanted="--json" in given)
        sys.exit(output.exit_status(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); writing on would be an error again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def exists(words: Sequence[str]) -> bool:
    """Whether the words name a command; a group alone counts, arguments are passed over."""
    level: Any = typer.main.get_command(app)
    for word in words:
        commands = getattr(level, "commands", None)
        if word.startswith("-") or commands is None:
            break
        if word not in commands:
            return False
        level = commands[word]
    return True
