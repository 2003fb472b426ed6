"""Reads the words of a command line into the values of a command's parameters.

Options may stand anywhere, `--name value` or `--name=value`; short ones may be joined (`-fa`,
`-n5`); after `--` everything is an argument. Completion reads half-typed lines by the same rules,
which is one of the reasons why this is not argparse; the other is that importing argparse alone
takes as long as Python to start.
"""

import os
from collections import deque
from collections.abc import Sequence
from typing import Any

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.suggestions import nearest
from runyard_server.cli.parameters import Command, Given, Option, Parameter

CLOSE = 0.5


def read(command: Command, words: Sequence[str]) -> Given:
    """Read what a command was given.

    Args:
        command: The command.
        words: What follows its name.

    Returns:
        A value for every parameter.

    Raises:
        InvalidRequest: A word makes no sense, or something is missing.
    """
    given, loose = split(command, words)
    _place(command, given, loose)
    for one in command.parameters:
        if one.name in given:
            continue
        variable = one.spec.variable if isinstance(one.spec, Option) else ""
        # A variable that is empty says nothing: shells set them so to unset them for one command.
        if variable and os.environ.get(variable):
            given[one.name] = _value(one, os.environ[variable], variable)
        elif one.required:
            raise InvalidRequest(f"{one.metavar} is missing: {one.spec.help}")
        else:
            given[one.name] = one.default
    return given


def split(
    command: Command, words: Sequence[str], *, first_loose_ends: bool = False
) -> tuple[Given, list[str]]:
    """Separate options from arguments.

    Args:
        command: Whose options they are.
        words: What was given.
        first_loose_ends: Whether the first word that is no option ends it, as it does before the
            name of a command; it and what follows are then left as they are.

    Returns:
        The options' values, and the words that are none of them.

    Raises:
        InvalidRequest: There is no such option, or its value is missing or wrong.
    """
    left, given = deque(words), Given()
    loose: list[str] = []
    while left:
        word = left.popleft()
        # By custom: what follows are arguments, though they may begin with a dash.
        if word == "--":
            loose += left
            break
        # `-` alone is a value by custom, and no option is called by a number.
        if not word.startswith("-") or word == "-" or word[1:].isdigit():
            loose.append(word)
            if first_loose_ends:
                loose += left
                break
        elif word.startswith("--"):
            _long(command, word, left, given)
        else:
            _short(command, word, left, given)
    return given, loose


def option_of(command: Command, name: str) -> Parameter | None:
    """Find the option that has a name."""
    return next((o for o in command.options if name in o.names or name in o.off_names), None)


def near(wrong: str, known: Sequence[str]) -> str:
    """What ends a message: the nearest of the known words, or all of them when few."""
    close = nearest(wrong, known, like=CLOSE)
    return f"nearest: {', '.join(close)}" if close else f"there are: {', '.join(known)}"


def _long(command: Command, word: str, left: deque[str], given: Given) -> None:
    name, equals, value = word.partition("=")
    option = _wanted(command, name)
    if option.is_flag:
        if equals:
            raise InvalidRequest(f"{name} takes no value")
        given[option.name] = name not in option.off_names
    elif equals:
        _keep(option, value, name, given)
    else:
        _keep(option, _next(option, name, left), name, given)


def _short(command: Command, word: str, left: deque[str], given: Given) -> None:
    """Read `-n 5`, `-n5`, `-fa`."""
    letters = word[1:]
    while letters:
        name, letters = f"-{letters[0]}", letters[1:]
        option = _wanted(command, name, word)
        if option.is_flag:
            given[option.name] = True
            continue
        _keep(option, letters or _next(option, name, left), name, given)
        return


def _wanted(command: Command, name: str, word: str = "") -> Parameter:
    option = option_of(command, name)
    if option is None:
        known = sorted(n for o in command.options for n in o.names if n.startswith("--"))
        raise InvalidRequest(f"there is no option {word or name}; {near(name, [*known, '--help'])}")
    return option


def _next(option: Parameter, name: str, left: deque[str]) -> str:
    if not left:
        raise InvalidRequest(f"{name} needs a value, {option.metavar}: {option.spec.help}")
    # Whatever it begins with: `--sort -loss` is a value.
    return left.popleft()


def _keep(option: Parameter, text: str, name: str, given: Given) -> None:
    value = _value(option, text, name)
    if option.many:
        given.setdefault(option.name, []).append(value)
    else:
        given[option.name] = value


def _value(parameter: Parameter, text: str, name: str) -> Any:
    """Turn a text into a value of the parameter's type."""
    if not text.strip() and (name.startswith("-") or parameter.required):
        # As from a variable of the shell that is not set: the rest would mean something else.
        raise InvalidRequest(f"{name} is empty: {parameter.spec.help}")
    if parameter.type not in (int, float):
        return text
    try:
        number = parameter.type(text)
    except ValueError:
        kind = "whole number" if parameter.type is int else "number"
        raise InvalidRequest(f"{name} must be a {kind}, not {text!r}") from None
    spec = parameter.spec
    if isinstance(spec, Option):
        if spec.least is not None and number < spec.least:
            raise InvalidRequest(f"{name} must be at least {spec.least}, not {number}")
        if spec.most is not None and number > spec.most:
            raise InvalidRequest(f"{name} must be at most {spec.most}, not {number}")
    return number


def _place(command: Command, given: Given, loose: list[str]) -> None:
    """Assign the loose words to the arguments, in order."""
    left = list(loose)
    for argument in command.arguments:
        taken, left = (left, []) if argument.many else (left[:1], left[1:])
        values = [_value(argument, text, argument.metavar) for text in taken]
        if values:
            given[argument.name] = values if argument.many else values[0]
    if left:
        raise InvalidRequest(f"{left[0]!r} is one word too many")
