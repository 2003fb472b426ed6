"""Conditions on the files of a dataset: the step `{"filter": …}` of a definition of files.

    {"and": [{"compare": ["Size", ">", 1000]}, {"not": {"compare": ["Extension", "==", ".tmp"]}}]}

They have the form of those on records, with names of what is known of a file in place of columns.
"""

import operator
import posixpath
from datetime import datetime, timezone
from typing import Any, Callable, Dict, Mapping, Optional

from runyard.protocol.errors import InvalidRequest

SIZE, EXTENSION, SEEKABLE = "Size", "Extension", "CanSeek"
MODIFIED, CREATED = "LastModifiedTime", "CreationTime"
_OPERATORS: Dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NAMES = (SIZE, MODIFIED, CREATED, EXTENSION, SEEKABLE)


def fits(condition: Mapping[str, Any], file: Any) -> bool:
    """Whether a condition holds for a file; what is not known of it fulfils no comparison.

    Args:
        condition: The condition.
        file: A `dataset_definitions.SourceFile`.

    Raises:
        InvalidRequest: It is no condition.
    """
    try:
        return _fits(condition, file)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise InvalidRequest(f"{str(condition)[:200]} is no condition on files") from None


def _fits(condition: Mapping[str, Any], file: Any) -> bool:
    if "not" in condition:
        return not _fits(condition["not"], file)
    if "missing" in condition:
        return _value(file, condition["missing"]) is None
    if "compare" not in condition:
        both = (_fits(each, file) for each in condition.get("and") or condition["or"])
        return all(both) if "and" in condition else any(both)
    name, word, given = condition["compare"]
    known = _value(file, name)
    if known is None:
        return False
    other = _moment(given) if isinstance(known, datetime) else given
    return bool(_OPERATORS[word](known, other))


def _value(file: Any, name: str) -> Any:
    if name == SIZE:
        return None if file.size < 0 else file.size
    if name in (MODIFIED, CREATED):
        # Datastores tell of one time alone.
        return _moment(file.modified_at) if file.modified_at else None
    if name == EXTENSION:
        return posixpath.splitext(file.name)[1]
    if name == SEEKABLE:
        return True
    raise KeyError(name)


def _moment(text: str) -> Optional[datetime]:
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
