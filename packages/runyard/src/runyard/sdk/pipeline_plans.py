"""`Plan`: what a pipeline would do if it were submitted now."""

from __future__ import annotations

from typing import TYPE_CHECKING, List

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
        wide = max((len(each.name) for each in self.steps), default=0)
        return "\n".join(f"{each.name:<{wide}}  {each.reason}" for each in self.steps)

    def __repr__(self) -> str:
        return f"Plan({len(self.reused)} of {len(self.steps)} steps reused)\n{self}"

    def _repr_html_(self) -> str:
        from runyard.sdk.notebook import html

        rows = [[each.name, each.verdict, each.reason] for each in self.steps]
        return html.table(["Step", "", "Why"], rows)
