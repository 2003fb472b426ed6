"""Figures as text: OpenMetrics, or what Prometheus read before it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[str, Mapping[str, str], float]
Family = tuple[str, str, str, Iterable[Sample]]
"""Name, type, meaning and samples."""


def text(families: Iterable[Family], *, openmetrics: bool = True) -> str:
    """All figures as text.

    Args:
        families: The figures; a counter's name ends in `_total`.
        openmetrics: Whether the text is OpenMetrics.
    """
    lines: list[str] = []
    for name, kind, about, samples in families:
        # A counter's family has no `_total` in OpenMetrics; in what was before, its samples are it.
        family = name.removesuffix("_total") if openmetrics else name
        lines += (f"# HELP {family} {about}", f"# TYPE {family} {kind}")
        # Ten digits: counts are exact up to 10 GB of bytes, and times need no more.
        lines += (f"{sample}{_labels(labels)} {value:.10g}" for sample, labels, value in samples)
    if openmetrics:
        lines.append("# EOF")
    return "\n".join(lines) + "\n"


def histogram(
    name: str,
    labels: Mapping[str, str],
    bounds: Sequence[float],
    buckets: Sequence[int],
    total: float,
) -> Iterator[Sample]:
    """The samples of a histogram.

    Args:
        name: The family.
        labels: What all of them have.
        bounds: Upper bounds of the buckets, rising.
        buckets: A count for each, and one for what is above them.
        total: The sum of all values.
    """
    upper = [*(f"{bound:g}" for bound in bounds), "+Inf"]
    for bound, count in zip(upper, accumulate(buckets), strict=True):
        yield f"{name}_bucket", {**labels, "le": bound}, count
    yield f"{name}_count", labels, sum(buckets)
    yield f"{name}_sum", labels, total


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
