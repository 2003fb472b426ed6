"""Which class stands for a run, by the run's type: a sweep's is another than a script's.

Whoever brings a class registers what loads it; nothing is imported before such a run is met.
"""

from __future__ import annotations

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Type

_loaders: Dict[str, Callable[[], Type[Any]]] = {}


def register(run_type: str, load: Callable[[], Type[Any]]) -> None:
    """Have a class stand for runs of a type; the last one registered counts.

    Args:
        run_type: The type.
        load: Imports and returns the class.
    """
    _loaders[run_type] = load


def class_of(run_type: Optional[str]) -> Optional[Type[Any]]:
    """The class for a type, None where nobody registered one."""
    load = _loaders.get(run_type or "")
    return None if load is None else load()
