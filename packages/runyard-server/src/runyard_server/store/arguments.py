"""The parameters that a script's arguments spell: `--lr 0.1` is the parameter `lr`."""

import re
import shlex
from collections.abc import Sequence

from runyard.protocol.parameters import LONGEST_NAME, LONGEST_VALUE

FLAG = "True"
"""The value of an option that has none, as `action='store_true'` has it."""

# What follows one dash may be a negative number, infinity too, as argparse's `type=float` takes it;
# two dashes begin options of any name.
_OPTION = re.compile(
    r"(?:--(?=[^\s=-])|-(?!(?i:inf|infinity|nan)$)(?=[^\W\d]))([^\s=]+)(?:=(.*))?", re.DOTALL
)
_SHELL_SIGNS = (";", "&", "&&", "|", "||", ">", ">>", "<")
_BY_SHELL = 3


def of_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """Read parameters from a script's arguments.

    `--name value`, `--name=value` and `-n value` give a parameter each; several values, also of a
    repeated option, are joined by blanks, and an option without one is "True". What stands
    before the first option or after `--` has no name and is left out.
    """
    values: dict[str, list[str]] = {}
    name: str | None = None
    for argument in arguments:
        if argument == "--":
            break
        option = _OPTION.fullmatch(argument)
        if option is not None:
            name = option.group(1)[:LONGEST_NAME]
            values.setdefault(name, [])
        value = argument if option is None else option.group(2)
        if name is not None and value is not None:
            values[name].append(value)
    return {
        name: (" ".join(given) if given else FLAG)[:LONGEST_VALUE] for name, given in values.items()
    }


def of_command(command: Sequence[str]) -> dict[str, str]:
    """Read parameters from a command that runs a Python script: from what follows the script.

    A command in one text for a shell is taken apart as the shell does; a text that cannot be, or
    names no script, gives none.
    """
    words = list(command)
    # The SDK sends a command that is one text as `/bin/sh -c TEXT`.
    if len(words) == _BY_SHELL and words[1] == "-c":
        words = _words(words[2])
    begin = next((n for n, word in enumerate(words) if word.endswith(".py")), len(words))
    arguments: list[str] = []
    for word in words[begin + 1 :]:
        if word in _SHELL_SIGNS:
            break
        arguments.append(word)
    return of_arguments(arguments)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
