"""`SweepRun`: a sweep as a run, with its trials, which was best, and what may still be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional

from runyard.client import callers
from runyard.protocol.sweeps import ChangeSweep, TrialQuery
from runyard.sdk import points, sweep_progress, sweep_words, sweeps
from runyard.sdk.exceptions import ExperimentExecutionException, UserErrorException, translated
from runyard.sdk.run_base import TERMINAL
from runyard.sdk.runs import Run

if TYPE_CHECKING:
    from runyard.protocol.sweeps import SweepRecord, SweepTable, TrialRecord


class SweepRun(Run):
    """A sweep, as `experiment.submit(sweep.over(…))` gives it.

    Args:
        experiment: The experiment.
        run_id: The sweep's id.

    Raises:
        UserErrorException: The experiment has no such run.
    """

    @property
    def best(self) -> Optional[TrialRecord]:
        """The trial with the best value so far, with `params` and `best`; None: no value yet.

        Raises:
            UserErrorException: The sweep has several goals, of which `front` has the best trials.
        """
        record = self._sweep()
        if len(record.spec.objectives) > 1:
            raise UserErrorException(
                "the sweep has several goals, so no one trial is the best: front() has those that "
                "no other beats in all"
            )
        return record.best

    @property
    def best_run(self) -> Optional[Run]:
        """The run of the best trial, to register its model; None as long as there is none."""
        best = self.best
        if best is None or best.run is None:
            return None
        return Run.get(self.experiment.workspace, best.run)

    def trials(self, state: Optional[str] = None) -> List[TrialRecord]:
        """List the trials, in order of number.

        Args:
            state: Only those that are `running`, `completed`, `stopped` by the policy, `failed`,
                `canceled` or `paused`.
        """
        with translated():
            return list(self.service.sweeps.trials(self.id, TrialQuery(state=state)))

    def table(self) -> List[Dict[str, Any]]:
        """The trials as rows, as `pandas.DataFrame` takes them.

        Returns:
            Dicts with `number`, `state`, each parameter that the trial has, each metric that it has
            a value of, and `run` where trials are runs.
        """
        goals = [goal.name for goal in self._sweep().spec.objectives]
        return [sweep_words.row_of(trial, goals) for trial in self.trials()]

    def front(self) -> List[TrialRecord]:
        """The trials that no other beats in all goals; of one goal, the best alone."""
        record = self._sweep()
        if len(record.spec.objectives) > 1:
            return list(record.front)
        return [] if record.best is None else [record.best]

    def importance(self) -> Dict[str, float]:
        """How much each parameter decides, the largest first; all sum to 1.

        It warns and is empty as long as it cannot be told.
        """
        with translated():
            found = self.service.sweeps.importance(self.id)
        if not found.items:
            why = found.reason or "too few trials have ended"
            callers.warn(f"how much each parameter decides cannot be told yet: {why}")
        return {each.name: each.importance for each in found.items}

    def change(
        self,
        parallel: Optional[int] = None,
        max_trials: Optional[int] = None,
        max_minutes: Optional[float] = None,
    ) -> None:
        """Change the limits of a sweep that goes on.

        Args:
            parallel: How many trials at once, at most; what runs goes on.
            max_trials: How many in all; fewer than there are: no more begin.
            max_minutes: How long in all, from its begin.

        Raises:
            UserErrorException: None is given, one is not above 0, or the sweep has ended.
        """
        if parallel is None and max_trials is None and max_minutes is None:
            raise UserErrorException("change: give parallel, max_trials or max_minutes")
        most = sweeps.counted("max_trials", max_trials)
        at_once = sweeps.counted("parallel", parallel)
        self._alter(ChangeSweep(most, at_once, sweeps.seconds_of(max_minutes)))

    def pause(self) -> None:
        """Begin no more trials until `resume`; what runs goes on."""
        self._alter(ChangeSweep(paused=True))

    def resume(self) -> None:
        """Go on with a paused sweep."""
        self._alter(ChangeSweep(paused=False))

    def enqueue(self, params: Mapping[str, Any]) -> None:
        """Have a point tried next.

        Args:
            params: A value for every parameter.

        Raises:
            UserErrorException: The point is not of the space, or the sweep has ended.
        """
        point = points.checked(self._sweep().spec.space, params)
        self._alter(ChangeSweep(enqueue=[point]))

    def cancel(self) -> None:
        """Cancel the sweep and its trials; what they have logged and written is kept."""
        # Canceling what has ended is no error, as of any run.
        if self.get_status() not in TERMINAL:
            with translated():
                self.service.sweeps.cancel(self.id)
            self._record = None

    def complete(self, _set_status: bool = True) -> None:
        """End a sweep whose trials are made by processes: no more are given.

        Raises:
            UserErrorException: Its trials are runs, and it ends with them.
        """
        if self._sweep().spec.base is not None:
            raise UserErrorException(
                "a sweep over a script completes by itself when its trials have ended; "
                "change(max_trials=…) makes them fewer, cancel() ends it now"
            )
        with translated():
            self.service.sweeps.close(self.id)
        self._record = None

    def fail(
        self, error_details: Any = None, error_code: Optional[str] = None, _set_status: bool = True
    ) -> None:
        """Refuse: a sweep fails when all its trials do.

        Args:
            error_details: Without effect.
            error_code: Without effect.

        Raises:
            UserErrorException: Always.
        """
        raise UserErrorException("a sweep fails when all its trials do; cancel() ends it now")

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> Dict[str, Any]:
        """Wait until the sweep has ended, and give its details.

        Args:
            show_output: Print how far it is and what is best so far whenever that changes.
            wait_post_processing: Without effect.
            raise_on_error: Raise when all trials have failed.

        Raises:
            ActivityFailedException: All trials have failed.
            ExperimentExecutionException: Interrupted (Ctrl-C) with `show_output`; it goes on.
            UserErrorException: Called in the job of one of its trials, which would never end.
        """
        # In the job of one of its own trials the wait is refused below; following would never end.
        if show_output and not self._in_own_job():
            try:
                sweep_progress.show(self)
            except KeyboardInterrupt:
                raise ExperimentExecutionException(
                    f"The sweep goes on: run.cancel() or `runyard sweeps cancel {self.id}` ends it"
                ) from None
        return super().wait_for_completion(
            wait_post_processing=wait_post_processing, raise_on_error=raise_on_error
        )

    def __repr__(self) -> str:
        return f"Sweep{super().__repr__()[:-1]},\n{self._told()})"

    def _repr_html_(self) -> str:
        from runyard.sdk import cards
        from runyard.sdk.notebook.cards import once

        card = once(self)
        if card is not None:
            return card
        record = self._sweep()
        cells = {
            "Experiment": record.spec.experiment,
            "Id": record.id,
            "Status": record.status,
            "Trials": sweep_words.count_of(record),
            "Best": sweep_words.best_of(record),
        }
        return cards.row(cells, ("Details Page", self.get_portal_url(), "Link to the sweep"))

    def _told(self) -> str:
        record = self._sweep()
        best = sweep_words.best_of(record) or "no value yet"
        return f"Trials: {sweep_words.count_of(record)},\nBest: {best}"

    def _sweep(self) -> SweepRecord:
        with translated():
            return self.service.sweeps.get(self.id)

    def _columns(self, trials: int = 1000) -> SweepTable:
        """The trials as columns, for pictures."""
        with translated():
            return self.service.sweeps.table(self.id, trials)

    def _alter(self, change: ChangeSweep) -> None:
        with translated():
            self.service.sweeps.change(self.id, change)
