"""Completion of commands, options, ids and names, for bash, zsh and fish.

The shell's script calls `runyard` again with the half-typed line in variables; the answer is one
offer a line, for zsh and fish with a description behind a tab. Ids and names are asked of a service
that runs; none is ever started, and when anything is amiss nothing is offered, because a shell's
prompt is no place for an error.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from runyard.protocol.errors import InvalidRequest, RunyardError
from runyard_server.cli import output, tree, words
from runyard_server.cli.parameters import Command, Given, Group, Offers, Parameter
from runyard_server.cli.texts import line

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "_RUNYARD_COMPLETE"

# By `-o default` bash completes names of files where nothing is offered.
_BASH = """\
_runyard_completion() {
    local IFS=$'\\n'
    COMPREPLY=( $( COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
                   _RUNYARD_COMPLETE=complete_bash "$1" 2>/dev/null ) )
}
complete -o default -F _runyard_completion runyard
"""
# In zsh, `_describe` takes what is behind a colon for the description: those in values are escaped.
_ZSH = """\
#compdef runyard
_runyard_completion() {
    local -a plain described
    local answer value about
    answer=$(COMP_WORDS="${(pj:\\n:)words}" COMP_CWORD=$((CURRENT-1)) \\
             _RUNYARD_COMPLETE=complete_zsh runyard 2>/dev/null)
    for answer in "${(@f)answer}"; do
        value=${answer%%$'\\t'*} about=${answer#*$'\\t'}
        [[ -z $value ]] && continue
        described+=("${value//:/\\\\:}:$about")
    done
    _describe '' described || _files
}
compdef _runyard_completion runyard
"""
_FISH = """\
complete --no-files --command runyard --arguments '(
    COMP_WORDS=(commandline -cp | string collect) COMP_CWORD=-1 \\
    _RUNYARD_COMPLETE=complete_fish runyard 2>/dev/null)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script() -> str:
    """The script for the user's shell.

    Raises:
        InvalidRequest: There is none for that shell.
    """
    return SCRIPTS[_shell()]


def install() -> "list[Path]":
    """Put the script where the user's shell finds it; returns the files written or changed.

    Raises:
        InvalidRequest: There is none for that shell.
    """
    from pathlib import Path

    name, home = _shell(), Path.home()
    if name == "fish":
        return [_written(home / ".config/fish/completions/runyard.fish", _FISH)]
    if name == "zsh":
        file = _written(home / ".zfunc/_runyard", _ZSH)
        lines = "fpath+=~/.zfunc; autoload -Uz compinit; compinit"
        return [file, _mentioned(home / ".zshrc", lines)]
    file = _written(home / ".bash_completions/runyard.sh", _BASH)
    return [file, _mentioned(home / ".bashrc", f"source '{file}'")]


def answer(root: Command) -> None:
    """Print what may stand at the cursor."""
    shell = os.environ[VARIABLE].removeprefix("complete_")
    typed, incomplete = _line(os.environ.get("COMP_WORDS", ""), os.environ.get("COMP_CWORD", ""))
    try:
        offers = list(_offers(root, typed, incomplete))
    except (RunyardError, OSError):
        return
    for offer in offers:
        value, about = offer if isinstance(offer, tuple) else (offer, "")
        # An offer with a line's end or a control character could not be typed.
        if line(value) == value:
            with_about = about and shell != "bash"
            output.write(f"{value}\t{line(about)}\n" if with_about else f"{value}\n")


def _shell() -> str:
    """The shell that SHELL names; where nobody has set it, as in containers, the login shell."""
    named = [os.environ.get("SHELL", ""), _login_shell()]
    names = [path.rpartition("/")[2] for path in named if path]
    for name in names:
        if name in SCRIPTS:
            return name
    raise InvalidRequest(
        f"there is no completion for {names[0] if names else 'a shell that nothing names'}, only "
        f"for {', '.join(SCRIPTS)}; name yours in SHELL, as in "
        "`SHELL=bash runyard --install-completion`"
    )


def _login_shell() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:  # a user id without a name, as containers are often given
        return ""


def _written(path: "Path", text: str) -> "Path":
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _mentioned(path: "Path", text: str) -> "Path":
    """Add a line to a shell's start file, unless it has it."""
    # In whatever encoding it is.
    there = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    if text not in there:
        gap = "" if not there else "\n" if there.endswith("\n") else "\n\n"
        # Behind what there is, not all of it anew: a full disk must not cost the user the file.
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{gap}{text}\n")
    return path


def _line(text: str, place: str) -> tuple[list[str], str]:
    """The words before the cursor's word, and what there is of that word."""
    # bash and zsh send the words as they split them, one a line; fish sends the line as typed.
    if "\n" in text:
        typed = text.split("\n")
    else:
        import shlex

        try:
            typed = shlex.split(text)
        except ValueError:  # an open quote
            typed = text.split()
        if text.endswith(" "):
            typed.append("")
    number = int(place) if place.lstrip("-").isdigit() else len(typed) - 1
    # fish sends -1: its line ends where the cursor is.
    number = len(typed) - 1 if number < 0 else number
    incomplete = typed[number] if number < len(typed) else ""
    return typed[1:number], incomplete


def _offers(root: Command, typed: list[str], incomplete: str) -> Offers:
    given, rest = words.split(root, typed, first_loose_ends=True)
    for name, variable in (("url", "RUNYARD_URL"), ("token", "RUNYARD_TOKEN")):
        if given.get(name):
            # As in the call to come: what is offered is that service's.
            os.environ[variable] = given[name]
    found = tree.find(rest)
    if found.target is None and not found.rest:
        summaries = {name: summary for name, (_, summary) in tree.COMMANDS.items()}
        return _begins({**tree.GROUPS, **summaries}, incomplete) or _names(root, incomplete)
    if isinstance(found.target, Group) and not found.rest:
        commands = {name: one.summary for name, one in found.target.commands.items()}
        return _begins(commands, incomplete)
    if isinstance(found.target, Command):
        return _of_command(found.target, found.rest, incomplete)
    return []


def _of_command(command: Command, typed: list[str], incomplete: str) -> Offers:
    waiting = _waiting(command, typed)
    if waiting is not None:
        given, loose = words.split(command, typed[:-1])
        return _values(waiting, _with_arguments(command, given, loose), incomplete)
    given, loose = words.split(command, typed)
    if incomplete.startswith("-"):
        # `--status=Fa` is one word to a shell, so the offer has to begin with all of it.
        name, equals, value = incomplete.partition("=")
        option = words.option_of(command, name)
        if equals and option is not None:
            return [f"{name}={one}" for one in _plain(_values(option, given, value))]
        return _names(command, incomplete)
    arguments = command.arguments
    if not arguments:
        return []
    argument = arguments[min(len(loose), len(arguments) - 1)]
    if len(loose) >= len(arguments) and not argument.many:
        return []
    return _values(argument, _with_arguments(command, given, loose), incomplete)


def _with_arguments(command: Command, given: Given, loose: list[str]) -> Given:
    """Add what was typed as arguments: what is offered for one word may depend on another."""
    typed = zip(command.arguments, loose, strict=False)
    return {**given, **{argument.name: text for argument, text in typed}}


def _waiting(command: Command, typed: list[str]) -> Parameter | None:
    """Find the option whose value stands at the cursor."""
    option = words.option_of(command, typed[-1]) if typed else None
    return option if option is not None and not option.is_flag else None


def _values(parameter: Parameter, given: Given, incomplete: str) -> Offers:
    offer = parameter.spec.complete
    if offer is None:
        return []
    found = offer(given, incomplete)
    return [one for one in found if next(iter(_plain([one]))).startswith(incomplete)]


def _plain(offers: Offers) -> Iterable[str]:
    return (offer[0] if isinstance(offer, tuple) else offer for offer in offers)


def _names(command: Command, incomplete: str) -> list[tuple[str, str]]:
    rows = {n: o.spec.help for o in command.options for n in (*o.names, *o.off_names)}
    return _begins({**rows, "--help": "Show this and exit."}, incomplete)


def _begins(rows: dict[str, str], incomplete: str) -> list[tuple[str, str]]:
    return [(name, about) for name, about in rows.items() if name.startswith(incomplete)]
