"""Commands as v1 users give them: a text, a list of words, or a text that was cut into words.

v1 joined the words of a list by blanks and gave the line to a shell. Its users rely upon that:

    command="export PYTHONPATH=$PWD && python train.py".split()
    command=["python train.py --epochs 30 --data", dataset.as_mount()]

Words that say nothing to a shell are started as they stand here, so that a blank in one of them,
such as in `["python", "-c", "print(1); print(2)"]`, does no harm.
"""

from __future__ import annotations

import re
from typing import Any, List, Sequence

from runyard.sdk.v1.arguments import References, texts

SHELL = ("/bin/sh", "-c")
# What is an order to a shell where it stands alone, or at the end or within a word without blanks.
_ORDER = re.compile(r"&&?|\|\|?|;|\d?[<>]\S*|\S+;|\S*(?:\$\(|`)\S*")
# Not the names of programs: a shell does these itself.
_BUILTIN = re.compile(r"cd|export|source|\.|set|ulimit|umask|unset|exec|eval|\w+=\S*")


def command_of(given: Any, references: References) -> List[str]:
    """Make what is run of a command.

    Args:
        given: A text, a list of texts, numbers and data, or nothing.
        references: Gets the data that is mentioned.
    """
    if not given:
        return []
    if isinstance(given, str):
        return [*SHELL, given]
    return joined(given, texts(given, references))


def joined(words: Sequence[Any], told: Sequence[str]) -> List[str]:
    """Make what is run of a list of words: a line for a shell where one of them is meant for it.

    Args:
        words: The words as they were given.
        told: What each is among arguments.
    """
    if not _is_for_shell(words):
        return list(told)
    # What the shell puts in place of data is one word, whatever blanks are in its path.
    parts = [t if isinstance(w, (str, int, float)) else f'"{t}"' for w, t in zip(words, told)]
    return [*SHELL, " ".join(parts)]


def _is_for_shell(words: Sequence[Any]) -> bool:
    first = str(words[0])
    if len(words) == len(SHELL) + 1 and words[1] == SHELL[1]:
        return False
    if " " in first.strip() or _BUILTIN.fullmatch(first):
        return True
    return any(isinstance(word, str) and _ORDER.fullmatch(word) for word in words)
