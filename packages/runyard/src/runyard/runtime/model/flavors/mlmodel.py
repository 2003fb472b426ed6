"""`MLmodel`, the file that describes a folder of MLflow, for environments without MLflow.

It is YAML, of which MLflow writes mappings, plain values, and quoted texts over several lines.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

MLMODEL = "MLmodel"


def read(path: str) -> Dict[str, Any]:
    """The nested mappings of the file; all values are texts, those of lists are left out.

    Args:
        path: The file.
    """
    with open(path, encoding="utf-8") as stream:
        lines = _joined(stream.read().splitlines())
    top: Dict[str, Any] = {}
    open_ones: List[Tuple[int, Dict[str, Any]]] = [(-1, top)]
    for line in lines:
        text = line.strip()
        key, colon, value = text.partition(":")
        if not colon or text.startswith(("#", "- ")):
            continue
        indent = len(line) - len(line.lstrip())
        while open_ones[-1][0] >= indent:
            open_ones.pop()
        if value.strip():
            open_ones[-1][1][key] = _unquoted(value.strip())
        else:
            below: Dict[str, Any] = {}
            open_ones[-1][1][key] = below
            open_ones.append((indent, below))
    return top


def _joined(lines: List[str]) -> List[str]:
    """Each value on one line: quoted ones go on until their quote, plain ones by indentation."""
    found: List[str] = []
    quote = ""
    for line in lines:
        if quote:
            found[-1] += " " + line.strip()
        elif line.strip():
            found.append(line)
        if found:
            quote = _open_quote(found[-1])
    return found


def _open_quote(line: str) -> str:
    value = line.partition(": ")[2].strip()
    quote = value[:1]
    if quote == "'":
        return quote if value.count("'") % 2 else ""
    if quote == '"':
        return quote if value.replace('\\"', "").count('"') % 2 else ""
    return ""


def _unquoted(value: str) -> str:
    if value[:1] == "'":
        return value[1:-1].replace("''", "'")
    if value[:1] == '"':
        try:
            return str(json.loads(value))
        except ValueError:
            return value[1:-1]
    return value
