"""The verbs of deployment that `Model` and `Workspace` have for those who use the v1 names.

Whoever brings them registers what loads them; nothing is imported before one is used.
"""

from __future__ import annotations

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List

_INSTEAD = "runyard.Endpoint, or `import azureml.core` for the v1 names"
_loaders: List[Callable[[], Any]] = []


def register(load: Callable[[], Any]) -> None:
    """Have a module give the verbs; the last one registered counts.

    Args:
        load: Imports and returns the module.
    """
    _loaders.append(load)


def verb(name: str, shown: str) -> Any:
    """Find a verb.

    Args:
        name: Its name.
        shown: What the user has asked for, for the refusal.

    Raises:
        NotOfferedYet: Nobody has brought it.
    """
    if not _loaders:
        from runyard.sdk.exceptions import NotOfferedYet

        raise NotOfferedYet(shown, _INSTEAD)
    return getattr(_loaders[-1](), name)
