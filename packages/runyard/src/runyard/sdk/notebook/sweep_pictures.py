"""Pictures of a sweep as SVG, for the card of a notebook: curves of a metric, parallel coordinates.

Plain text of shapes, made here: no library, no script, nothing fetched (see `pictures`). Every name
and value comes from users and is escaped.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence, Tuple

from runyard.sdk.notebook.pictures import image, text

if TYPE_CHECKING:
    from runyard.protocol.sweeps import SweepColumn

WIDTH, HEIGHT = 680, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 60, 30, 24
_LABELS = 8
# More lines than that are one area; and a card may have 60 KB with all that it shows.
_MOST_LINES, _MOST_POINTS, _MOST_AXES = 300, 1800, 12
# From the best to the worst, which is to be seen, but not first.
_BEST, _WORST = (59, 125, 216), (200, 205, 212)

Point = Tuple[float, float]
Place = Callable[[Any], Optional[float]]


def curves(title: str, series: Sequence[Sequence[float]]) -> str:
    """Draw how values came one after another, a line for each series.

    Args:
        title: What the values are.
        series: The values of each, the best series first; what is not finite is left out.
    """
    longest = max((len(values) for values in series), default=0)
    finite = [v for values in series for v in values if math.isfinite(v)]
    if not finite:
        return ""
    up = _linear(min(finite), max(finite))
    shapes = [text(_LEFT, 14, title, "start")]
    shapes += _axis(_LEFT, [(up(v), _number(v)) for v in sorted({min(finite), max(finite)})])
    last = len(series) - 1
    for rank, values in sorted(enumerate(series), reverse=True):
        points = [
            (_across(index, longest), _height(up(value)))
            for index, value in enumerate(values)
            if math.isfinite(value)
        ]
        shapes.append(_line(points, rank / last if last else 0.0))
    shapes.append(text(WIDTH - _RIGHT, HEIGHT - 6, f"{longest} values", "end"))
    return image("".join(shapes), WIDTH, HEIGHT, f"{title} of the best trials")


def parallel_coordinates(columns: Sequence[SweepColumn], ranks: Sequence[Optional[float]]) -> str:
    """Draw each trial as a line over the axes of its parameters and its value.

    Args:
        columns: The axes, each with a value for every trial.
        ranks: How good each trial is, from 0, the best, to 1; None of those without a value.
    """
    if not columns or not ranks:
        return ""
    # The last is the value, which is what the others are there for.
    columns = [*columns[: _MOST_AXES - 1], columns[-1]] if len(columns) > _MOST_AXES else columns
    shapes: List[str] = []
    places = []
    for index, column in enumerate(columns):
        place, labels = _scale(column)
        x = _across(index, len(columns))
        places.append(place)
        shapes.append(text(x, 14, column.name, "middle"))
        shapes += _axis(x, labels)
    # The best are drawn last, over the others.
    order = sorted(range(len(ranks)), key=lambda row: _or(ranks[row], 1.0))
    most = min(_MOST_LINES, _MOST_POINTS // len(columns))
    # Of many the best half of the lines, and of the others every so-manyth.
    half = most // 2
    if len(order) > most:
        order = order[:half] + order[half :: 1 + (len(order) - half) // half]
    order.reverse()
    for row in order:
        points = []
        for index, column in enumerate(columns):
            up = places[index](column.values[row])
            if up is not None:
                points.append((_across(index, len(columns)), _height(up)))
        shapes.append(_line(points, _or(ranks[row], 1.0)))
    return image("".join(shapes), WIDTH, HEIGHT, f"parameters of {len(order)} trials")


def _scale(column: SweepColumn) -> Tuple[Place, List[Tuple[float, str]]]:
    """Where a value stands on an axis, from 0 to 1, and the labels of the axis."""
    if column.scale == "category" or not all(map(_is_number, column.values)):
        return _categories(column.values)
    known = [float(v) for v in column.values if v is not None and math.isfinite(v)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    plain = _linear(low, high)
    if column.scale == "log" and low > 0:
        logarithmic = _linear(math.log(low), math.log(high))
        labels = sorted({(0.5 if low == high else 0.0, _number(low)), (1.0, _number(high))})
        return lambda v: None if v is None else logarithmic(math.log(v)), labels[: 1 + (low < high)]

    def place(value: Any) -> Optional[float]:
        return None if value is None or not math.isfinite(value) else plain(value)

    return place, [(plain(v), _number(v)) for v in sorted({low, high})]


def _categories(values: Sequence[Any]) -> Tuple[Place, List[Tuple[float, str]]]:
    known: List[str] = []
    for value in values:
        if value is not None and str(value) not in known:
            known.append(str(value))
    if all(map(_is_number, values)):
        known.sort(key=float)
    at = _linear(0, len(known) - 1)
    labels = [(at(index), name) for index, name in enumerate(known)]
    every = 1 + len(labels) // _LABELS
    return lambda value: None if value is None else at(known.index(str(value))), labels[::every]


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _linear(low: float, high: float) -> Callable[[float], float]:
    if low >= high:
        return lambda _: 0.5
    # Halved, so that the distance of the largest numbers is none beyond them.
    span = high / 2 - low / 2
    return lambda value: (value / 2 - low / 2) / span


def _or(value: Optional[float], other: float) -> float:
    return other if value is None else value


def _across(index: int, count: int) -> float:
    if count == 1:
        return WIDTH / 2
    return _LEFT + index * (WIDTH - _LEFT - _RIGHT) / (count - 1)


def _height(up: float) -> float:
    return HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)


def _axis(x: float, labels: Sequence[Tuple[float, str]]) -> List[str]:
    axis = f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{_TOP}' y2='{HEIGHT - _BOTTOM}' stroke='#888'/>"
    return [axis, *(text(x - 4, _height(up) + 4, label, "end") for up, label in labels)]


def _line(points: Sequence[Point], rank: float) -> str:
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    color = ",".join(str(round(a + (b - a) * rank)) for a, b in zip(_BEST, _WORST))
    if len(points) == 1:
        x, y = points[0]
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='rgb({color})'/>"
    width = 2 if rank == 0 else 1
    return (
        f"<polyline points='{path}' fill='none' stroke='rgb({color})' stroke-width='{width}'/>"
        if points
        else ""
    )


def _number(value: float) -> str:
    return f"{value:.4g}"
