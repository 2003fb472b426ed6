"""`Plan`: what a pipeline would do if it were submitted now."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, List, Sequence

from runyard.protocol.pipelines import REUSED

if TYPE_CHECKING:
    from runyard.protocol.pipelines import PipelinePlan, PlannedStep


class Plan:
    """What would become of each step, in the order in which they need each other.

    Args:
        record: What the service found.

    Attributes:
        steps: The steps: `name`, `verdict` (`reused`, `runs`, `open` where that hangs on what an
            earlier step makes, `fails`), `reason`, and `reused_run`.
    """

    def __init__(self, record: PipelinePlan) -> None:
        self.steps: List[PlannedStep] = list(record.steps)

    @property
    def reused(self) -> List[str]:
        """The names of the steps that would not run."""
        return [each.name for each in self.steps if each.verdict == REUSED]

    def __str__(self) -> str:
        names = self._names()
        wide = max(map(len, names), default=0)
        lines = [f"{name:<{wide}}  {each.reason}" for name, each in zip(names, self.steps)]
        return "\n".join(lines)

    def _names(self) -> List[str]:
        # Steps are counted as they were built, which their ids tell.
        built = sorted(self.steps, key=lambda each: each.id)
        told = dict(zip((each.id for each in built), labels([each.name for each in built])))
        return [told[each.id] for each in self.steps]

    def __repr__(self) -> str:
        return f"Plan({len(self.reused)} of {len(self.steps)} steps reused)\n{self}"

    def _repr_html_(self) -> str:
        from runyard.sdk.notebook import html

        rows = [[name, each.verdict, each.reason] for name, each in zip(self._names(), self.steps)]
        return html.table(["Step", "", "Why"], rows)


def labels(names: Sequence[str]) -> List[str]:
    """Names of steps as people tell them apart: `train[1]` is what `run.step("train", 1)` finds."""
    many, seen = Counter(names), Counter()  # type: Counter[str], Counter[str]
    found = []
    for name in names:
        found.append(f"{name}[{seen[name]}]" if many[name] > 1 else name)
        seen[name] += 1
    return found
