"""What a notebook shows of an object at the end of a cell: a table of one row.

Every text comes from users and is escaped. Nothing is asked of the service that the object's plain
representation would not ask too, so that showing an object stays quick.
"""

from __future__ import annotations

import html
from typing import Any, Mapping, Optional, Tuple


def row(cells: Mapping[str, Any], link: Optional[Tuple[str, str, str]] = None) -> str:
    """A table of one row as HTML.

    Args:
        cells: Column -> value, in order; None is shown as an empty cell.
        link: A last column: its heading, the address, the words to click on.
    """
    heads = [_cell("th", head) for head in cells]
    values = [_cell("td", value) for value in cells.values()]
    if link is not None:
        heading, address, words = link
        heads.append(_cell("th", heading))
        values.append(
            f'<td><a href="{html.escape(address)}" target="_blank" rel="noopener">'
            f"{html.escape(words)}</a></td>"
        )
    return f'<table style="width:100%"><tr>{"".join(heads)}</tr><tr>{"".join(values)}</tr></table>'


def tags(pairs: Mapping[str, Any]) -> str:
    """Tags in the words of a cell: `stage: test, owner: ada`."""
    return ", ".join(f"{key}: {value}" if value else str(key) for key, value in pairs.items())


def _cell(kind: str, value: Any) -> str:
    return f"<{kind}>{html.escape('' if value is None else str(value))}</{kind}>"
