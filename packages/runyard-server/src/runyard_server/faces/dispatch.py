"""From a path to what serves it, in time that does not grow with the number of rows.

Templates are kept as a tree of their segments. A literal goes before `{x}`, and that before
`{x:path}`, which takes the rest; where the better match does not take the method, the next one
is tried.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Target = TypeVar("Target")

_VARIABLE = re.compile(r"{(?P<name>\w+)(?P<rest>:path)?}")


@dataclass
class _Node(Generic[Target]):
    """What may follow after some segments, and what is served if nothing does, by method."""

    literals: dict[str, "_Node[Target]"] = field(default_factory=dict)
    variable: "_Node[Target] | None" = None
    rest: "_Node[Target] | None" = None
    served: dict[str, tuple[Sequence[str], Target]] = field(default_factory=dict)


@dataclass(frozen=True)
class Match(Generic[Target]):
    """What a path leads to.

    Args:
        target: What serves it; None if nothing does with this method.
        segments: What the template's braces stand for, by name.
        allowed: The methods that the path takes, if not this one; none for an unknown path.
    """

    target: Target | None
    segments: dict[str, str]
    allowed: Sequence[str] = ()


class Dispatch(Generic[Target]):
    """The rows of an application, by path and method.

    Args:
        rows: Method, template and what serves it.

    Raises:
        ValueError: Two rows serve the same.
    """

    def __init__(self, rows: Iterable[tuple[str, str, Target]]) -> None:
        self._root: _Node[Target] = _Node()
        for method, template, target in rows:
            node, names = self._root, list[str]()
            for part in template.split("/")[1:]:
                found = _VARIABLE.fullmatch(part)
                names += [found["name"]] if found else []
                node = _child(node, part, found)
            if method in node.served:
                raise ValueError(f"two rows serve {method} {template}")
            # Names belong to the row: another one may call the same segment differently.
            node.served[method] = (names, target)

    def find(self, method: str, path: str) -> Match[Target]:
        """What serves a request; HEAD is served as GET."""
        method = "GET" if method == "HEAD" else method
        allowed: dict[str, None] = {}
        for node, values in _walk(self._root, path.split("/")[1:], ()):
            if method in node.served:
                names, target = node.served[method]
                return Match(target, dict(zip(names, values, strict=True)))
            allowed.update(dict.fromkeys(node.served))
        heads = ["HEAD"] if "GET" in allowed else []
        return Match(None, {}, [*allowed, *heads])


def _child(node: _Node[Target], part: str, variable: "re.Match[str] | None") -> _Node[Target]:
    """The node behind a segment of a template; made when there is none."""
    if variable is None:
        return node.literals.setdefault(part, _Node())
    if variable["rest"]:
        node.rest = node.rest or _Node()
        return node.rest
    node.variable = node.variable or _Node()
    return node.variable


def _walk(
    node: _Node[Target], left: Sequence[str], values: tuple[str, ...]
) -> Iterator[tuple[_Node[Target], tuple[str, ...]]]:
    """The nodes that a path leads to, the best match first."""
    if not left:
        if node.served:
            yield node, values
        return
    segment = left[0]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _walk(literal, left[1:], values)
    if node.variable is not None and segment:
        yield from _walk(node.variable, left[1:], (*values, segment))
    if node.rest is not None:
        yield node.rest, (*values, "/".join(left))
