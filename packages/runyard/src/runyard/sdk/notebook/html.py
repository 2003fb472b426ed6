"""The few shapes of HTML that a card is made of, of which a notebook that nobody trusts loses none.

Every text is escaped here and nowhere else.
"""

from __future__ import annotations

from html import escape
from typing import Any, Sequence, Tuple

# Of users' texts; a card holds 60 KB at most.
LONGEST = 200
QUIET = "color:#7f8792"
_CELL = "text-align:left;padding:2px 14px 2px 0;border:none;vertical-align:top;background:none"
_TABLE = "font-size:inherit;color:inherit;border:none;border-collapse:collapse;margin:6px 0"
_PRE = (
    "margin:4px 0 6px 0;padding:8px 10px;border-left:3px solid {};white-space:pre-wrap;"
    "overflow-wrap:anywhere;font-size:12px;line-height:1.4;background:none"
)


def said(value: Any, longest: int = LONGEST) -> str:
    """A text, escaped and no longer than it may be."""
    text = "" if value is None else str(value)
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    # A lone surrogate, as of a file's name that is no UTF-8, would make the message invalid.
    return escape(short.encode("utf-8", "replace").decode("utf-8"))


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table with heads; "" without rows."""
    if not rows:
        return ""
    head = "".join(f'<th style="{_CELL};{QUIET};font-weight:500">{said(one)}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f'<table style="{_TABLE}"><tr>{head}</tr>{body}</table>'


def pairs(rows: Sequence[Tuple[str, Any]], before: str = "") -> str:
    """A table of names and values; "" without rows.

    Args:
        rows: Name and value.
        before: HTML that goes before the first value.
    """
    if not rows:
        return ""
    lines = []
    for name, value in rows:
        head = f'<th style="{_CELL};{QUIET};font-weight:500">{said(name)}</th>'
        lines.append(f'<tr>{head}<td style="{_CELL}">{before}{said(value)}</td></tr>')
        before = ""
    return f'<table style="{_TABLE}">{"".join(lines)}</table>'


def block(lines: Sequence[str], colour: str) -> str:
    """Lines of a log, with a bar of a colour at their side."""
    text = "\n".join(said(line, 400) for line in lines)
    return f'<pre style="{_PRE.format(colour)}">{text}</pre>' if lines else ""


def note(text: str) -> str:
    """A quiet line; "" without text."""
    return f'<div style="{QUIET};margin:4px 0">{said(text, 600)}</div>' if text else ""


def link(address: str, words: str) -> str:
    """A link that opens elsewhere than in the notebook."""
    where = escape(address)
    return f'<a href="{where}" target="_blank" rel="noopener">{said(words)}</a>'


def _cell(value: Any) -> str:
    return f'<td style="{_CELL}">{said(value)}</td>'
