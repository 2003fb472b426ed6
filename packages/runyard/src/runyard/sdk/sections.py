"""Settings objects that refuse attributes they do not have.

A typing error such as `environment.docker.enable = True` would otherwise be lost in silence.
"""

from typing import Any, List

from runyard.protocol.suggestions import nearest


class Section:
    """Base of settings objects; `_close` ends the definition of attributes."""

    def _close(self) -> None:
        # Past `__setattr__`, which asks for it.
        self.__dict__["_closed"] = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a known attribute.

        Raises:
            AttributeError: There is no such attribute; the nearest are named.
        """
        if self.__dict__.get("_closed") and not hasattr(self, name):
            known = self._names()
            close = nearest(name, known)
            hint = f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(known)}"
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; {hint}")
        object.__setattr__(self, name, value)

    def _names(self) -> List[str]:
        own = [name for name in self.__dict__ if not name.startswith("_")]
        kinds = (kind for kind in type(self).__mro__ if kind is not object)
        computed = [
            name
            for kind in kinds
            for name, value in vars(kind).items()
            if isinstance(value, property) and value.fset is not None
        ]
        return sorted({*own, *computed})

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._names())
        return f"{type(self).__name__}({values})"
