"""Results as responses: JSON as v1 wrote it, and failures that say what failed."""

from __future__ import annotations

import json
import traceback
from typing import Any, Dict, List, Optional, Set, Tuple
from urllib.parse import parse_qsl, urlsplit

from runyard.runtime.model.raw import AMLResponse
from runyard.runtime.model.served import FAILED, Refused, Reply, message

TEXT_HTML = "text/html; charset=utf-8"
# Containers of 2019 to 2022 answered so where a script raised.
LEGACY_STATUS = 502
# Whatever is nested deeper is looked at no further.
_DEEPEST = 100


def of(result: Any) -> Reply:
    """The response to a plain result: `None` is `{}`, not-a-number is `NaN`."""
    if result is None:
        return Reply(b"{}")
    if isinstance(result, AMLResponse):
        return _response(result)
    try:
        # All beyond ASCII is escaped, so this never fails: half a surrogate pair neither.
        return Reply(json.dumps(result).encode("ascii"))
    except (TypeError, ValueError, RecursionError) as error:
        return Reply(message(_unwritable(result, error)), FAILED)


def _response(given: AMLResponse) -> Reply:
    headers = {name.lower(): value for name, value in given.headers.items()}
    failed = given.run_function_failed or given.status_code >= FAILED
    return Reply(given.data, given.status_code, headers, failed)


def failure(error: BaseException, status: int = FAILED, explain: bool = True) -> Reply:
    """The response to what a model raised.

    Args:
        error: What it raised.
        status: Of the response; 502 is what containers of 2019 gave, a text.
        explain: Whether the caller may know.
    """
    if status == LEGACY_STATUS:
        page = str(error).encode("utf-8", "replace")
        return Reply(page, status, {"content-type": TEXT_HTML}, failed=True)
    if not explain:
        text = "An unexpected error occurred in the model. Its log tells more."
        return Reply(message(text), status, failed=True)
    return Reply(message(told(error)), status, failed=True)


def told(error: BaseException) -> str:
    """`<Type>: <text>`."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _unwritable(result: Any, error: Exception) -> str:
    place, value = _find(result)
    if value is None:
        return f"the result of run() cannot be written as JSON: {error}"
    where = f" at {place}" if place else ""
    return (
        f"run() returned {_article(type(value).__name__)}{where}, which cannot be written as JSON; "
        f"{_hint(value)}"
    )


def _hint(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return "decode it, or return an AMLResponse from a run() with @rawhttp"
    if hasattr(value, "tolist"):
        return "return its .tolist()"
    if hasattr(value, "isoformat"):
        return "return its .isoformat()"
    return "return text, numbers, booleans, None, lists and dicts of those"


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _find(value: Any) -> Tuple[str, Any]:
    """Where in a result the first value is that JSON does not know."""
    waiting: List[Tuple[str, Any, int]] = [("", value, 0)]
    # What holds itself several times over would be looked through for ever.
    seen: Set[int] = set()
    while waiting:
        place, each, depth = waiting.pop()
        if each is None or isinstance(each, (str, int, float)) or depth > _DEEPEST:
            continue
        if id(each) in seen:
            continue
        seen.add(id(each))
        inside: Optional[Dict[str, Any]] = None
        if isinstance(each, dict):
            inside = {f"{place}[{key!r}]": item for key, item in each.items()}
        elif isinstance(each, (list, tuple)):
            inside = {f"{place}[{number}]": item for number, item in enumerate(each)}
        if inside is None:
            return place, each
        waiting += [(there, item, depth + 1) for there, item in reversed(list(inside.items()))]
    return "", None


def refusal(refused: Refused) -> Reply:
    """The response to a request that is at fault."""
    return Reply(message(refused.message), refused.status)


def log() -> None:
    """Print the exception that is being handled."""
    traceback.print_exc()


def query(path: str) -> Dict[str, Any]:
    """The values of a query: JSON where they can be read so, a list of what is repeated."""
    found: Dict[str, List[Any]] = {}
    for name, value in parse_qsl(urlsplit(path).query, keep_blank_values=True):
        found.setdefault(name, []).append(read_value(value))
    return {name: each[0] if len(each) == 1 else each for name, each in found.items()}


def read_value(text: str) -> Any:
    """The JSON of a text, the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
