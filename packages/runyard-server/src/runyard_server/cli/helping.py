"""What `--help` prints: usage, what the command does, examples, options.

The text is the docstring of the command's function. In it, paragraphs are filled to the terminal's
width, lines that begin with `- ` stay lines, and what stands in backquotes is shown as code.
"""

import sys
from collections.abc import Iterable

from runyard_server.cli import output, tree
from runyard_server.cli.parameters import Command, Group, Parameter
from runyard_server.cli.texts import Styled

# Longer lines are hard to read, and what reads a pipe expects the width of old terminals.
WIDEST = 100
ELSEWHERE = 80
HELP_ROW = ("-h, --help", "Show this and exit.")
FIRST_STEPS = "First steps:  `runyard doctor`  ·  `runyard runs list`  ·  `runyard serve`"

Rows = Iterable[tuple[str, str]]


def show(root: Command, found: tree.Found) -> None:
    """Print the help of what the words name.

    Args:
        root: The options before the command's name.
        found: What the words name.
    """
    if isinstance(found.target, Command):
        text = of_command(found.names, found.target)
    elif found.rest:
        raise tree.unknown(found)
    elif found.target is None:
        text = of_root(root)
    else:
        text = of_group(found.names[0], found.target)
    output.write(text)


def of_root(root: Command) -> str:
    """Write the help of `runyard`."""
    commands = {name: summary for name, (_, summary) in tree.COMMANDS.items()}
    return _whole(
        "runyard [OPTIONS] COMMAND ...",
        root.help,
        ("What there is", [(name, summary) for name, summary in tree.GROUPS.items()]),
        ("The service and the machine", list(commands.items())),
        ("Options", [*map(_row, root.options), HELP_ROW]),
        ending=FIRST_STEPS,
    )


def of_group(name: str, group: Group) -> str:
    """Write the help of `runyard NOUN`."""
    return _whole(
        f"runyard {name} COMMAND ...",
        tree.GROUPS[name],
        ("Commands", [(word, one.summary) for word, one in group.commands.items()]),
        ending=f"`runyard {name} COMMAND --help` shows options and examples.",
    )


def of_command(words: Iterable[str], command: Command) -> str:
    """Write the help of a command."""
    usage = " ".join(["runyard", *words, *map(_usage, command.arguments), "[OPTIONS]"])
    return _whole(
        usage,
        command.help,
        ("Arguments", [(one.metavar, one.spec.help) for one in command.arguments]),
        ("Options", [*map(_row, command.options), HELP_ROW]),
    )


def _usage(argument: Parameter) -> str:
    return argument.metavar if argument.required else f"[{argument.metavar}]"


def _row(option: Parameter) -> tuple[str, str]:
    names = ", ".join(sorted((*option.names, *option.off_names), key=len))
    default = option.default
    # By its exact type: the False of a flag is an int, too.
    notes = [f"by default {default}"] if type(default) in (int, str) and default else []
    variable = getattr(option.spec, "variable", "")
    notes += [f"or {variable}"] if variable else []
    more = f" ({'; '.join(notes)})" if notes else ""
    return f"{names} {option.metavar}".rstrip(), f"{option.spec.help}{more}"


def _whole(usage: str, text: str, *sections: tuple[str, Rows], ending: str = "") -> str:
    room = min(output.columns() or ELSEWHERE, WIDEST)
    parts = [f"{_bold('Usage:')} {usage}", _filled(text, room)]
    for title, rows in sections:
        listed = list(rows)
        if listed:
            parts.append(f"{_bold(title + ':')}\n{_listed(listed, room)}")
    if ending:
        parts.append(_filled(ending, room))
    return "\n\n".join(parts) + "\n"


def _listed(rows: list[tuple[str, str]], room: int) -> str:
    """Write names and what they mean beside one another."""
    import textwrap

    longest = max((len(name) for name, _ in rows if len(name) <= room // 3), default=0)
    indent = " " * (longest + 4)
    lines = []
    for name, meaning in rows:
        start = f"  {name}".ljust(longest + 4)
        if len(name) > longest:
            lines.append(f"  {name}")
            start = indent
        lines.append(textwrap.fill(meaning, room, initial_indent=start, subsequent_indent=indent))
    return "\n".join(lines)


def _filled(text: str, room: int) -> str:
    """Fill paragraphs; entries of a list become lines that can be copied into a shell."""
    import textwrap

    parts: list[str] = []
    examples: list[str] = []
    for paragraph in [*text.split("\n\n"), ""]:
        if paragraph.startswith("- "):
            examples.append(paragraph[2:].replace("\n", " "))
            continue
        if examples:
            parts.append(_examples(examples, room))
            examples = []
        if paragraph:
            parts.append(_coded(textwrap.fill(paragraph, room)))
    return "\n\n".join(parts)


def _examples(lines: list[str], room: int) -> str:
    """Write commands with what they do beside them as a comment, or above where it is too long."""
    pairs = [line.lstrip("`").partition("`") for line in lines]
    commands = [(command, about.lstrip(": ")) for command, _, about in pairs]
    longest = max(len(command) for command, _ in commands)
    shown = []
    for command, about in commands:
        code = output.painted(Styled(command, "cyan"), sys.stdout)
        comment = output.painted(Styled(f"# {about}", "dim"), sys.stdout)
        beside = f"  {code}{' ' * (longest - len(command))}  {comment}"
        above = f"  {comment}\n  {code}"
        fits = longest + len(about) + 6 <= room
        shown.append((beside if fits else above) if about else f"  {code}")
    return "\n".join(shown)


def _coded(text: str) -> str:
    # Without colours the quotes stay, for nothing else sets code apart.
    if not output.has_colours(sys.stdout):
        return text
    return "".join(
        output.painted(Styled(part, "cyan"), sys.stdout) if place % 2 else part
        for place, part in enumerate(text.split("`"))
    )


def _bold(text: str) -> str:
    return output.painted(Styled(text, "bold"), sys.stdout)
