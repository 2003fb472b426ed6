"""The tables and plots of docs/benchmarks.md, made from the outcomes."""

from __future__ import annotations

import re
from pathlib import Path

import plot
from measure import BEFORE, LIMIT, OURS, Benchmark, Outcome, Quantity, interval

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "benchmarks.md"
PLOTS = DOCS / "benchmarks"
_SECTION = "<!-- {id}: written by make bench -->\n{text}<!-- end of {id} -->\n"


def write(benchmark: Benchmark, outcomes: list[Outcome], circumstances: str) -> None:
    """Put a benchmark's section in its place on the page, and its plots beside it."""
    text = section(benchmark, outcomes, circumstances)
    for quantity in benchmark.quantities:
        if quantity.plotted:
            bars = _bars(outcomes, quantity)
            title = f"{benchmark.id}: {quantity.title}"
            _plot_path(benchmark, quantity).write_text(plot.bars(title, quantity.unit, bars))
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(_SECTION.format(id=benchmark.id, text="(?s:.*?)"))
    if not pattern.search(page):
        raise SystemExit(f"{PAGE} has no place for {benchmark.id}")
    whole = _SECTION.format(id=benchmark.id, text=text)
    PAGE.write_text(pattern.sub(lambda _: whole, page), encoding="utf-8")


def section(benchmark: Benchmark, outcomes: list[Outcome], circumstances: str) -> str:
    """A benchmark's section in Markdown."""
    lines = [benchmark.about, ""]
    lines += [f"* target: {q.title}: {q.target}" for q in benchmark.quantities if q.target]
    lines += ["", *_table(benchmark, outcomes), "", *_ratios(benchmark, outcomes), ""]
    lines += [f"* {o.case.name} failed: {_line(o.failure)}" for o in outcomes if o.failure]
    lines += [f"* {name} is missing: {_line(why)}." for name, why in benchmark.absent.items()]
    lines += ["", circumstances, ""]
    for quantity in benchmark.quantities:
        if quantity.plotted:
            path = _plot_path(benchmark, quantity)
            lines += [f"![{benchmark.id}, {quantity.title}](benchmarks/{path.name})", ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n"


def _ratios(benchmark: Benchmark, outcomes: list[Outcome]) -> list[str]:
    """How ours compares with the limit in paired quantities, and how surely."""
    ours = next(outcome for outcome in outcomes if outcome.case.kind == OURS)
    limit = next(outcome for outcome in outcomes if outcome.case.kind == LIMIT)
    lines = []
    for quantity in benchmark.quantities:
        both = zip(ours.values(quantity.name), limit.values(quantity.name), strict=False)
        pairs = [one / other for one, other in both]
        if quantity.paired and pairs:
            middle, low, high = interval(pairs)
            lines.append(
                f"* Runyard over {limit.case.name}, {quantity.title}, pass by pass: {middle:.3f}, "
                f"with 95 % between {low:.3f} and {high:.3f} ({len(pairs)} pairs)."
            )
    return [*lines, *_differences(outcomes, limit, benchmark), *_since(outcomes, benchmark)]


def _since(outcomes: list[Outcome], benchmark: Benchmark) -> list[str]:
    """How each of ours compares with its former commit, and how surely."""
    former = {o.case.name.rpartition(" at ")[0]: o for o in outcomes if o.case.kind == BEFORE}
    lines = []
    for ours in (outcome for outcome in outcomes if outcome.case.name in former):
        for quantity in benchmark.quantities:
            before = former[ours.case.name].values(quantity.name)
            pairs = [
                one / other
                for one, other in zip(ours.values(quantity.name), before, strict=False)
                if other
            ]
            if pairs:
                middle, low, high = interval(pairs)
                lines.append(
                    f"* {ours.case.name} over its former commit, {quantity.title}: {middle:.3f}, "
                    f"with 95 % between {low:.3f} and {high:.3f} ({len(pairs)} pairs)."
                )
    return lines


def _differences(outcomes: list[Outcome], limit: Outcome, benchmark: Benchmark) -> list[str]:
    """What each of ours takes more than the limit, and how surely."""
    lines = []
    for quantity in benchmark.quantities:
        for ours in outcomes if quantity.added else []:
            both = zip(ours.values(quantity.name), limit.values(quantity.name), strict=False)
            pairs = [one - other for one, other in both]
            if ours.case.kind == OURS and pairs:
                middle, low, high = interval(pairs)
                lines.append(
                    f"* {ours.case.name} minus {limit.case.name}, {quantity.title}, pass by pass: "
                    f"{middle:.3f} {quantity.unit}, with 95 % between {low:.3f} and {high:.3f} "
                    f"({len(pairs)} pairs)."
                )
    return lines


def _table(benchmark: Benchmark, outcomes: list[Outcome]) -> list[str]:
    titles = [f"{q.title}{f' ({q.unit})' if q.unit else ''}" for q in benchmark.quantities]
    head = ["", *titles]
    rows = [head, ["---", *["---:"] * len(titles)]]
    for outcome in outcomes:
        cells = [_cell(outcome, quantity, outcomes) for quantity in benchmark.quantities]
        name = f"**{outcome.case.name}**" if outcome.case.kind == OURS else outcome.case.name
        rows.append([f"{name} *(limit)*" if outcome.case.kind == LIMIT else name, *cells])
    return [f"| {' | '.join(row)} |" for row in rows]


def _cell(outcome: Outcome, quantity: Quantity, outcomes: list[Outcome]) -> str:
    """Median, spread and the ratio to ours: `1.2 (1.1-1.4) x6.0`."""
    median = outcome.median(quantity.name)
    if median is None:
        return ""
    values = outcome.values(quantity.name)
    text = plot.number(median)
    if min(values) != max(values):
        text += f" ({plot.number(min(values))} to {plot.number(max(values))})"
    ours = next(o.median(quantity.name) for o in outcomes if o.case.kind == OURS)
    if ours and outcome.case.kind != OURS:
        text += f", {plot.number(median / ours)}x"
    return text


def _bars(outcomes: list[Outcome], quantity: Quantity) -> list[plot.Bar]:
    found = []
    for outcome in outcomes:
        median = outcome.median(quantity.name)
        if median is not None:
            values = outcome.values(quantity.name)
            bar = plot.Bar(outcome.case.name, median, min(values), max(values), outcome.case.kind)
            found.append(bar)
    return found


def _plot_path(benchmark: Benchmark, quantity: Quantity) -> Path:
    PLOTS.mkdir(exist_ok=True)
    return PLOTS / f"{benchmark.id.lower()}-{quantity.name}.svg"


def _line(text: str) -> str:
    return " ".join(text.split())
