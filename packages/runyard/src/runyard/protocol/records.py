"""The protocol's `dataclass`: frozen ones, whose methods are made when the first of them is called.

Making the methods of a dataclass takes most of a millisecond, because Python compiles the text of
each. There are about ninety records, and a client uses a handful: made at once they were half of
what a command or a script waited for. Fields are there from the beginning, which is all that
encoding, decoding and `replace` look at.
"""

import dataclasses
from typing import TYPE_CHECKING, Any, Callable, Dict, Type, TypeVar

__all__ = ["dataclass"]

Kind = TypeVar("Kind")

_MADE_LATER = ("__init__", "__repr__", "__eq__", "__hash__")

if TYPE_CHECKING:
    # Type checkers know what this one makes of a class, and no other.
    from dataclasses import dataclass
else:

    def dataclass(frozen: bool) -> Callable[[Type[Kind]], Type[Kind]]:
        """Make a class a frozen dataclass, as `dataclasses.dataclass(frozen=True)` does."""
        if not frozen:
            raise TypeError("the protocol's records are frozen")
        return _record


def _record(kind: Type[Kind]) -> Type[Kind]:
    # Collecting the fields takes defaults off the class, so what it consists of is kept before.
    parts = {k: v for k, v in vars(kind).items() if k not in ("__dict__", "__weakref__")}
    parts["__qualname__"] = kind.__qualname__
    dataclasses.dataclass(init=False, repr=False, eq=False)(kind)
    for name in _MADE_LATER:
        setattr(kind, name, _stub(kind, parts, name))
    kind.__setattr__ = _refuse_setting  # type: ignore[method-assign]  # the same for every record
    kind.__delattr__ = _refuse_deleting  # type: ignore[method-assign]  # as above
    return kind


def _stub(kind: Type[Any], parts: Dict[str, Any], name: str) -> Callable[..., Any]:
    def made_now(self: Any, *arguments: Any, **named: Any) -> Any:
        _complete(kind, parts)
        return getattr(kind, name)(self, *arguments, **named)

    made_now.__name__ = name
    return made_now


def _complete(kind: Type[Any], parts: Dict[str, Any]) -> None:
    """Make the methods on a twin and move them.

    Each thread that comes at the same time makes a twin of its own, and none ever finds the class
    without one of its methods; a lock would be held for ever in a process forked meanwhile.
    """
    twin: Type[Any] = type(kind.__name__, kind.__bases__, dict(parts))
    dataclasses.dataclass(init=False, frozen=True)(twin)
    twin.__init__ = _filling(kind)
    for name in _MADE_LATER:
        setattr(kind, name, vars(twin)[name])


def _filling(kind: Type[Any]) -> Callable[..., None]:
    """The `__init__` of a record, which fills in its fields by themselves.

    That of a frozen dataclass calls `object.__setattr__` for each: three quarters of what it takes
    to make a run's record of thirty fields, a hundred of which are a page.
    """
    known: Dict[str, Any] = {"absent": dataclasses.MISSING}
    heads, lines = ["self"], ["fill = self.__dict__"]
    for one in dataclasses.fields(kind):
        head = value = one.name
        if one.default_factory is not dataclasses.MISSING:
            known[f"make_{one.name}"] = one.default_factory
            head = f"{one.name}=absent"
            value = f"make_{one.name}() if {one.name} is absent else {one.name}"
        elif one.default is not dataclasses.MISSING:
            known[f"default_{one.name}"] = one.default
            head = f"{one.name}=default_{one.name}"
        heads.append(head)
        lines.append(f"fill[{one.name!r}] = {value}")
    body = "".join(f"    {line}\n" for line in lines)
    # As `dataclasses` makes its methods: a function whose parameters are the fields has a text.
    exec(f"def __init__({', '.join(heads)}):\n{body}", known)  # noqa: S102 - of our own fields
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    return made


def _refuse_setting(_record: Any, name: str, _value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(_record: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
