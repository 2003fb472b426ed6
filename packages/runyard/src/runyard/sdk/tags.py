"""Tags and properties as they are written, and as they are asked for.

To ask, a text means "has the tag", and a mapping "has all of these values".
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Union

from runyard.sdk.exceptions import UserErrorException

Tags = Union[None, str, Mapping[str, Any]]


def as_tags(tags: Optional[Mapping[str, Any]]) -> Dict[str, Optional[str]]:
    """Tags as they are stored: texts, or None for a bare tag.

    Raises:
        UserErrorException: They are no mapping.
    """
    if tags is not None and not isinstance(tags, Mapping):
        raise UserErrorException(f"tags are {tags!r}; give a dict, such as {{'kind': 'small'}}")
    return {str(key): _text(value) for key, value in (tags or {}).items()}


def fits(present: Mapping[str, Optional[str]], wanted: Tags) -> bool:
    """Whether what is there has all that is asked for."""
    if not wanted:
        return True
    if isinstance(wanted, str):
        return wanted in present
    return all(
        str(key) in present and present[str(key)] == _text(value) for key, value in wanted.items()
    )


def _text(value: Any) -> Optional[str]:
    return None if value is None else str(value)
