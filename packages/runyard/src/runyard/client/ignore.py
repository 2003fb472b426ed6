r"""Patterns of `.amlignore` and `.gitignore`: gitwildmatch, as git documents it.

The last pattern that matches decides; `!` turns it around; a pattern with a slash before its end
is tied to the folder of the file; one that ends in a slash means folders; `*` and `?` stop at
slashes, `**` does not; `\` takes the next character as it is.
"""

from __future__ import annotations

import re
from typing import Iterable, List, NamedTuple, Optional, Pattern, Tuple


class _Rule(NamedTuple):
    matcher: Pattern[str]
    keep: bool
    folders_only: bool


class IgnoreRules:
    """The rules of one ignore file.

    Args:
        lines: The file's lines.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        rules = [_rule(line.rstrip("\r\n")) for line in lines]
        self._rules: List[_Rule] = [rule for rule in rules if rule is not None]

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Whether a path is left out, seen alone; what lies below an ignored folder is not asked.

        Args:
            path: Relative to the ignore file's folder, with forward slashes.
            is_folder: Whether it is a folder.
        """
        for rule in reversed(self._rules):
            if rule.folders_only and not is_folder:
                continue
            if rule.matcher.match(path):
                return not rule.keep
        return False


def _rule(line: str) -> Optional[_Rule]:
    text = _strip_spaces(line)
    if not text or text.startswith("#"):
        return None
    keep = text.startswith("!")
    text = text[1:] if keep else text
    folders_only = text.endswith("/") and not text.endswith("\\/")
    text = text[:-1] if folders_only else text
    if not text:
        return None
    try:
        return _Rule(re.compile(_translate(text), re.DOTALL), keep, folders_only)
    except re.error:
        return None  # git ignores a pattern that it cannot read


def _strip_spaces(line: str) -> str:
    """Take trailing spaces away, but not one that a backslash keeps."""
    text = line.rstrip(" ")
    slashes = len(text) - len(text.rstrip("\\"))
    return text + " " if slashes % 2 and len(text) < len(line) else text


def _translate(pattern: str) -> str:
    anchored = "/" in pattern
    pattern = pattern[1:] if pattern.startswith("/") else pattern
    out = "" if anchored else "(?:.*/)?"
    if pattern.startswith("**/"):
        out, pattern = "(?:.*/)?", pattern[3:]
    at = 0
    while at < len(pattern):
        piece, at = _piece(pattern, at)
        out += piece
    return out + r"\Z"


def _piece(pattern: str, at: int) -> Tuple[str, int]:
    """Translate what stands at a place; give it and the place after it."""
    rest = pattern[at:]
    if rest.startswith("["):
        return _set(pattern, at)
    piece, used = re.escape(rest[0]), 1
    if rest == "/**":
        # All that is inside, and not the folder itself.
        piece, used = "/.+", 3
    elif rest.startswith("/**/"):
        piece, used = "/(?:.*/)?", 4
    elif rest.startswith("*"):
        piece, used = "[^/]*", len(rest) - len(rest.lstrip("*"))
    elif rest.startswith("?"):
        piece = "[^/]"
    elif rest.startswith("\\") and len(rest) > 1:
        piece, used = re.escape(rest[1]), 2
    return piece, at + used


def _set(pattern: str, at: int) -> Tuple[str, int]:
    """Translate `[a-z]` and `[!a-z]`; a bracket without its end stands for itself."""
    negated = pattern[at + 1 : at + 2] in ("!", "^")
    first = at + 2 if negated else at + 1
    end = pattern.find("]", first + 1)
    if end < 0:
        return re.escape("["), at + 1
    inner = pattern[first:end].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    inner = inner.replace("^", "\\^")
    # Not a slash, even where the set has one: in git a set is of one name.
    return f"(?!/)[{'^' if negated else ''}{inner}]", end + 1
