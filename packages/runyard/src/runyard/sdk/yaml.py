"""The part of YAML that conda files use, read and written with the standard library alone.

Mappings and lists by indentation, `- key: value` items, plain and quoted scalars, comments, flow
lists of scalars (`[a, b]`), `---`. What lies beyond (anchors, block texts, tags, nested flow
collections) is refused with the number of the line.
"""

import json
import re
from typing import Any, List, Tuple

Line = Tuple[int, str, int]  # indentation, text, line number

_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s'"\[\]{}#&*!|>%@`,][^:#]*?)\s*:(?:\s+(.*))?$""")


class YamlError(ValueError):
    """The text is no YAML, or uses a part of it that is not read here."""


def read(text: str) -> Any:
    """Read a document into dicts, lists and texts; every scalar stays text.

    Raises:
        YamlError: With the number of the line that is not understood.
    """
    lines = _lines(text)
    if not lines:
        return None
    value, rest = _value(lines, 0, lines[0][0])
    if rest < len(lines):
        raise _trouble(lines[rest], "its indentation fits nothing above it")
    return value


def write(value: Any, indent: int = 0) -> str:
    """Write dicts, lists and scalars as text, with a line break at the end."""
    pad = " " * indent
    if isinstance(value, dict):
        return "".join(_entry(f"{pad}{_scalar(key)}:", item, indent) for key, item in value.items())
    lines = []
    for item in value:
        if isinstance(item, (dict, list)) and item:
            lines.append(f"{pad}- {write(item, indent + 2).lstrip()}")
        else:
            lines.append(f"{pad}- {_scalar(item)}\n")
    return "".join(lines)


def _entry(head: str, item: Any, indent: int) -> str:
    if isinstance(item, dict):
        return f"{head}\n{write(item, indent + 2)}" if item else f"{head} {{}}\n"
    if isinstance(item, (list, tuple)):
        return f"{head}\n{write(item, indent)}" if item else f"{head} []\n"
    return f"{head} {_scalar(item)}\n"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    special = text in {"null", "true", "false"} or re.search(r""":\s|\s#|[:\s]$|["']""", text)
    plain = re.match(r"[\w./]", text) and text.isprintable() and not special
    # Texts in JSON's quotes are YAML as well.
    return text if plain else json.dumps(text)


def _lines(text: str) -> List[Line]:
    lines = []
    # Not by `splitlines`, which also ends lines at signs that are text in YAML.
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        bare = _without_comment(raw).rstrip()
        if not bare.strip() or bare in {"---", "..."}:
            continue
        if "\t" in bare[: len(bare) - len(bare.lstrip())]:
            raise YamlError(f"line {number}: indented with a tab; use spaces")
        lines.append((len(bare) - len(bare.lstrip(" ")), bare.strip(), number))
    return lines


def _without_comment(line: str) -> str:
    quote, escaped = "", False
    for place, sign in enumerate(line):
        if escaped:
            escaped = False
        elif quote:
            escaped = sign == "\\" and quote == '"'
            quote = "" if sign == quote else quote
        elif sign in "'\"" and (place == 0 or line[place - 1] in " [,:-"):
            quote = sign
        elif sign == "#" and (place == 0 or line[place - 1] in " \t"):
            return line[:place]
    return line


def _value(lines: List[Line], at: int, indent: int) -> Tuple[Any, int]:
    if _is_item(lines[at][1]):
        return _list(lines, at, indent)
    if _KEY.match(lines[at][1]):
        return _mapping(lines, at, indent)
    return _plain(lines[at][1], lines[at]), at + 1


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _list(lines: List[Line], at: int, indent: int) -> Tuple[List[Any], int]:
    items: List[Any] = []
    while at < len(lines) and lines[at][0] == indent and _is_item(lines[at][1]):
        _, text, number = lines[at]
        inner = text[1:].lstrip()
        if not inner:
            if at + 1 < len(lines) and lines[at + 1][0] > indent:
                item, at = _value(lines, at + 1, lines[at + 1][0])
            else:
                item, at = None, at + 1
        else:
            column = indent + len(text) - len(inner)
            # What follows the dash is read as if it stood below, at the column where it is.
            lines[at] = (column, inner, number)
            item, at = _value(lines, at, column)
        items.append(item)
    return items, at


def _mapping(lines: List[Line], at: int, indent: int) -> Tuple[Any, int]:
    found = {}
    while at < len(lines) and lines[at][0] == indent and not _is_item(lines[at][1]):
        match = _KEY.match(lines[at][1])
        if match is None:
            raise _trouble(lines[at], "a `key: value` is expected")
        key = _unquote(match.group(1), lines[at])
        # Other readers take the last one, and what stood below the first is lost in silence.
        if key in found:
            raise _trouble(lines[at], f"the key {key!r} is here a second time")
        if match.group(2):
            found[key], at = _plain(match.group(2).strip(), lines[at]), at + 1
        else:
            found[key], at = _below(lines, at, indent)
    return found, at


def _below(lines: List[Line], at: int, indent: int) -> Tuple[Any, int]:
    """Read the value of a key that stands alone on its line; a list may be on the key's level."""
    following = lines[at + 1] if at + 1 < len(lines) else (-1, "", 0)
    if following[0] > indent or (following[0] == indent and _is_item(following[1])):
        return _value(lines, at + 1, following[0])
    return None, at + 1


def _plain(text: str, line: Line) -> Any:
    if text == "{}":
        return {}
    if text[0] in "&*!|>%@`{":
        raise _trouble(line, f"{text[0]!r} begins a part of YAML that is not read here")
    if text.startswith("["):
        if not text.endswith("]"):
            raise _trouble(line, "the list is not closed on its line")
        parts = [part.strip() for part in _parts(text[1:-1])]
        return [_element(part, line) for part in parts if part]
    if text in {"null", "~"}:
        return None
    return _unquote(text, line)


def _parts(text: str) -> List[str]:
    """Split a flow list at its commas; those in quotes are text."""
    parts, quote = [""], ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"" and not parts[-1].strip():
            quote = sign
        elif sign == ",":
            parts.append("")
            continue
        parts[-1] += sign
    return parts


def _element(text: str, line: Line) -> str:
    if text[0] in "[{&*!|>%@`":
        raise _trouble(line, f"{text[0]!r} begins a part of YAML that is not read in a list here")
    return _unquote(text, line)


def _unquote(text: str, line: Line) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            raise _trouble(line, "the text in double quotes has a wrong escape") from None
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text


def _trouble(line: Line, why: str) -> YamlError:
    return YamlError(f"line {line[2]}: {why}: {line[1]!r}")
