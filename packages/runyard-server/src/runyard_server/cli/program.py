"""The whole command line: finds the command, calls it, and turns errors into messages and statuses.

Only what a command needs is imported: `--help` and `--version` load neither the protocol nor the
client, and no command loads a library.
"""

import itertools
import os
import sys
from collections.abc import Sequence
from typing import Annotated

from runyard.protocol.errors import InvalidRequest
from runyard_server import __version__
from runyard_server.cli import completion, failures, helping, output, tree, words
from runyard_server.cli.parameters import Command, Given, Option

VARIABLES = {"url": "RUNYARD_URL", "token": "RUNYARD_TOKEN"}
HELP = ("--help", "-h")
USAGE = 2


def root(
    url: Annotated[  # noqa: ARG001 - set for the command that follows
        str | None,
        Option(
            "--url",
            variable=VARIABLES["url"],
            metavar="URL",
            help="A service elsewhere, as http://host:port; by default this machine's own.",
        ),
    ] = None,
    token: Annotated[  # noqa: ARG001 - the same
        str | None,
        Option("--token", variable=VARIABLES["token"], help="The token of that service."),
    ] = None,
    version: Annotated[bool, Option("--version", help="Print the version and exit.")] = False,
    install_completion: Annotated[
        bool, Option(help="Make the shell complete commands, ids and names.")
    ] = False,
    show_completion: Annotated[
        bool, Option(help="Print what the shell is given for that.")
    ] = False,
) -> None:
    """Train, track and register machine-learning models on your own machines.

    Scripts talk to Runyard with `from runyard import Workspace` (or the v1 names,
    `from azureml.core import Workspace`); this command shows what they did and runs the service.
    A service is started when one is needed, so there is nothing to set up.
    """
    if version:
        output.say(f"runyard {__version__}")
    if install_completion:
        for path in completion.install():
            output.say(f"wrote {path}")
        output.say("new shells complete")
    if show_completion:
        output.write(completion.script())
    if not (version or install_completion or show_completion):
        raise InvalidRequest("name a command; `runyard --help` lists them")


ROOT = Command(root)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its status."""
    output.prepare()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(failures.status_of(lambda: _dispatch(given), json_wanted="--json" in given))


def exists(given: Sequence[str]) -> bool:
    """Whether the words name a command; a group alone counts, arguments are passed over."""
    named = list(itertools.takewhile(lambda word: not word.startswith("-"), given))
    found = tree.find(named)
    return isinstance(found.target, Command) or not found.rest


def _dispatch(given: list[str]) -> None:
    if completion.VARIABLE in os.environ:
        completion.answer(ROOT)
        return
    # Help that is asked for anywhere comes before what else may be wrong with the line.
    asked = [word for word in given if word not in HELP]
    before, rest = words.split(ROOT, asked, first_loose_ends=True)
    found = tree.find(rest)
    if len(asked) < len(given):
        helping.show(ROOT, found)
    elif before and not rest:
        ROOT.function(**words.read(ROOT, given))
    else:
        _call(found, before)


def _call(found: tree.Found, before: Given) -> None:
    """Call the command that was found, with what was given before its name."""
    if isinstance(found.target, Command):
        # Where the client looks, and whatever program a command starts.
        for name, variable in VARIABLES.items():
            if before.get(name):
                os.environ[variable] = before[name]
        try:
            given = words.read(found.target, found.rest)
        except InvalidRequest as error:
            raise _with_hint(error, found) from None
        found.target.function(**given)
    elif found.rest:
        raise _with_hint(tree.unknown(found), found)
    else:
        helping.show(ROOT, found)
        raise failures.Exit(USAGE)


def _with_hint(error: InvalidRequest, found: tree.Found) -> InvalidRequest:
    """Point to where the right words stand."""
    words_of_help = " ".join(["runyard", *found.names, "--help"])
    return InvalidRequest(f"{error.message.rstrip('.')}; see `{words_of_help}`", error.details)
