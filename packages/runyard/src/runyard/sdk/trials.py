"""Trials that this process makes: a loop over them, or a function that is called for each.

    for trial in sweep.open(experiment, "quick"):
        loss = train(**trial.params)
        trial.tell(loss)

A trial costs microseconds here: results go to a file first and are brought to the service by a
thread, so a killed process and a service that is away lose nothing. Whoever opens a sweep of the
same name goes on with it, also from several processes and threads at once.

A trial that is left without a result, because the loop was left by `break`, an exception or a kill,
goes back to the sweep and is made again by whoever goes on with it.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence

from runyard.client import home, printing, trial_lines
from runyard.client.trials import INTERVAL_SECONDS, MOST_AHEAD, PROMPT_SECONDS, TrialCourier
from runyard.protocol.errors import AlreadyExists
from runyard.protocol.runs import COMPLETED as COMPLETED_RUN
from runyard.protocol.sweeps import COMPLETED, NO_POLICY, CreateSweep
from runyard.protocol.timeouts import EXIT_SECONDS, FLUSH_SECONDS, LEFTOVER_SECONDS
from runyard.sdk import trial_workers
from runyard.sdk.exceptions import UserErrorException, translated

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Type

    from typing_extensions import Self

    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.sweeps import Objective, SweepRecord, SweepSpec, TrialRecord
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.runs import Run

UNTOLD = "the next trial was asked for before this one was told a value"
# What these draw does not depend on results, so many may be drawn ahead.
BLIND = ("random", "grid", "qmc")
# One that is made and one that waits: what is drawn earlier knows fewer results.
LEARNING_AHEAD = 2
INFINITE = (float("inf"), float("-inf"))
_couriers: List[TrialCourier] = []


def open(  # noqa: A001 - as `Sweep.open`, which calls it
    experiment: Experiment, spec: SweepSpec, name: Optional[str] = None, workers: int = 1
) -> Trials:
    """Begin a sweep whose trials this process makes, or go on with the open one of this name.

    Args:
        experiment: The experiment.
        spec: What is tried; it has no base.
        name: The sweep's name; None begins a new one.
        workers: How many threads will make trials, at least.

    Raises:
        UserErrorException: The space, a limit or the name makes no sense, or the open sweep of
            this name is another one.
    """
    service = experiment.workspace.service
    body = CreateSweep(spec, name=name, reopen=name is not None)
    with translated():
        record = service.sweeps.create(body)
    return Trials(experiment, record, workers)


class Trials:
    """The trials of a sweep for this process: to loop over, in one thread or in several.

    Args:
        experiment: The experiment.
        record: The sweep.
        workers: How many threads will make trials, at least.
    """

    def __init__(self, experiment: Experiment, record: SweepRecord, workers: int = 1) -> None:
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise UserErrorException(f"workers is {workers!r}; it must be a whole number above 0")
        self.id = record.id
        self.experiment = experiment
        self.objectives: Sequence[Objective] = record.spec.objectives
        self._service: WorkspaceClient = experiment.workspace.service
        # Any later process of this machine finds there what this one could not bring.
        self._folder = home.locate() / "spool" / record.id
        blind = record.spec.sampler.name in BLIND
        waits = not blind or record.spec.policy.name != NO_POLICY
        self._most_ahead = MOST_AHEAD if blind else LEARNING_AHEAD
        # A sampler that learns and a policy wait for results; for others they are sent seldom, and
        # many together.
        self._interval = PROMPT_SECONDS if waits else INTERVAL_SECONDS
        self._workers = workers
        self._loops = 0
        self._guard = threading.Lock()
        self._present: Optional[TrialCourier] = None
        # What dead processes of this machine have told is known before the next trial is drawn.
        trial_lines.bring(self._service, self._folder, LEFTOVER_SECONDS)

    def __repr__(self) -> str:
        return f"Trials(sweep={self.id!r})"

    def __iter__(self) -> Iterator[Trial]:
        """Hand out the trials to make, one after the other; several threads may loop at once.

        Yields:
            A trial; it is told of before the next one is asked for, else it counts as failed.

        Raises:
            AzureMLException: The service refuses to give trials.
        """
        courier = self._enter()
        trial: Optional[Trial] = None
        try:
            seconds = None
            while True:
                with translated():
                    given = courier.take(seconds)
                if given is None:
                    return
                trial = Trial(self, *given)
                begun = time.perf_counter()
                yield trial
                seconds = time.perf_counter() - begun
                if trial.is_open:
                    trial.fail(UNTOLD)
                trial = None
        finally:
            self._leave(courier, trial)

    def optimize(self, function: Callable[..., Any], workers: Optional[int] = None) -> Trials:
        """Call a function for each trial, in threads, until the sweep ends.

        Args:
            function: It gets the trial's parameters by name, and the trial itself where it has a
                parameter `trial`; it returns what `Trial.tell` takes. What it raises fails its
                trial.
            workers: How many threads; None: as many as `open` was told.

        Returns:
            These trials, all told of and on disk.

        Raises:
            AzureMLException: The service refuses to give trials.
        """
        trial_workers.optimize(self, function, workers or self._workers)
        return self

    def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until the service has on disk what was told; say whether it does.

        Args:
            timeout_seconds: How long to wait at most.
        """
        courier = self._present
        return courier is None or not courier.usable or courier.flush(timeout_seconds)

    @property
    def best(self) -> Optional[TrialResult]:
        """The best trial so far; None while there is none, and of several objectives."""
        best = self._record().best
        return None if best is None else TrialResult(self, best)

    @property
    def front(self) -> List[TrialResult]:
        """Of several objectives, the trials that no other beats in all."""
        return [TrialResult(self, each) for each in self._record().front]

    @property
    def status(self) -> str:
        """The sweep's status: `Running`, and in the end as that of a run."""
        return self._record().status

    def get_children(self) -> List[TrialResult]:
        """List the sweep's trials, in order of number."""
        self.flush()
        with translated():
            return [TrialResult(self, each) for each in self._service.sweeps.trials(self.id)]

    def close(self) -> None:
        """End the sweep: no further trials are made, by no process."""
        self.flush()
        with translated():
            self._service.sweeps.close(self.id)

    def cancel(self) -> None:
        """Cancel the sweep; loops over its trials end."""
        self.flush()
        with translated():
            self._service.sweeps.cancel(self.id)

    def as_run(self) -> Run:
        """The run that the sweep is."""
        from runyard.sdk.runs import Run

        return Run(self.experiment, self.id)

    def _record(self) -> SweepRecord:
        self.flush()
        with translated():
            return self._service.sweeps.get(self.id)

    def _courier(self) -> TrialCourier:
        """This process's courier; another one after a fork, and after the loops were left."""
        found = self._present
        if found is not None and found.usable:
            return found
        with self._guard:
            found = self._present
            if found is None or not found.usable:
                found = self._present = TrialCourier(
                    self._service, self.id, self._folder, self._most_ahead, self._interval
                )
                found.workers = self._workers
                self._loops = 0
                _couriers.append(found)
        return found

    def _tell(self, line: str) -> None:
        # One that the last loop has closed in between takes nothing, and another is made.
        while not self._courier().tell(line):
            pass

    def _enter(self) -> TrialCourier:
        while True:
            courier = self._courier()
            with self._guard:
                # The last loop that leaves may have closed it before this one was counted.
                if courier.usable:
                    self._loops += 1
                    courier.workers = max(self._workers, self._loops)
                    return courier

    def _leave(self, courier: TrialCourier, trial: Optional[Trial]) -> None:
        if courier is not self._present or not courier.usable:
            return
        with self._guard:
            self._loops -= 1
            last = self._loops == 0
            if last:
                courier.leave()
        if not last and trial is not None and trial.is_open:
            courier.give_back(trial.number)
        if last:
            _finish(courier, EXIT_SECONDS)
            # Over as well is what others have brought to its end meanwhile.
            if courier.over and self.status != COMPLETED_RUN:
                printing.tell(f"runyard: sweep {self.id} has ended: {courier.reason}")


class Trial:
    """A trial to make.

    Args:
        trials: The sweep's trials.
        number: Its number, from 0.
        params: Its parameters, by the name under which a function takes them.
    """

    def __init__(self, trials: Trials, number: int, params: Dict[str, Any]) -> None:
        self.number = number
        self.params = params
        self._trials = trials
        self._told = False

    def __repr__(self) -> str:
        return f"Trial({self.number}, {self.params!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        """Fail the trial with what its block raises."""
        # Ctrl-C is no result: a trial that it ends goes back and is made again.
        if isinstance(error, Exception) and self.is_open:
            self.fail(error)

    @property
    def is_open(self) -> bool:
        """Whether it is not told of yet, and was not stopped."""
        return not self._told and not self.stopped

    @property
    def stopped(self) -> str:
        """Why the policy has stopped it; "" while it has not."""
        courier = self._trials._present
        if courier is None:
            return ""
        return courier.stopped.get(self.number, "") or (courier.reason if courier.over else "")

    def tell(self, value: Any) -> None:
        """Take down what came out; it is safe once this returns, a few microseconds later.

        Args:
            value: A number; with several objectives a list of them in their order, or a dict by
                name. What is no finite number fails the trial.

        Raises:
            UserErrorException: It is none of these, or the trial was told of before.
        """
        values = _values(self._trials.objectives, value)
        bad = [each for each in values if each != each or each in INFINITE]  # noqa: PLR0124 - NaN
        if bad:
            self._end(None, f"it has told {bad[0]}, which is no finite number")
        else:
            self._end(values)

    def report(self, step: int, value: float) -> bool:
        """Take down a value on the way; say whether it is worth going on, as far as is known.

        What the policy says to this value comes back a moment later: the next report knows it.

        Args:
            step: Which step; later ones are larger.
            value: The objective's value there.

        Raises:
            UserErrorException: step is no whole number, or value no number.
        """
        if isinstance(step, bool) or not isinstance(step, int):
            step = _step(step)
        number: Optional[float] = value if type(value) is float else _number(value)
        if number != number or number in INFINITE:  # noqa: PLR0124 - the quickest test for NaN
            number = None
        self._trials._tell(trial_lines.reported(self.number, step, number))
        return not self.stopped

    def fail(self, error: Any) -> None:
        """End the trial as failed; the sampler learns nothing of it.

        Args:
            error: Why: an exception, or a text.

        Raises:
            UserErrorException: The trial was told of before.
        """
        text = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
        self._end(None, str(text) or "it has failed")

    def as_run(self) -> Run:
        """Begin a run for this trial, a child of the sweep, for metrics, files and logs.

        It is named `<sweep>_<number>` and ended by its user: `with trial.as_run() as run: …`.
        """
        return _run_of(self._trials, self.number, self.params)

    def _end(self, values: Optional[List[float]], error: str = "") -> None:
        if self._told:
            raise UserErrorException(f"trial {self.number} was told of before")
        self._trials._tell(trial_lines.told(self.number, values, error))
        self._told = True
        courier = self._trials._present
        if courier is not None:
            courier.stopped.pop(self.number, None)


class TrialResult:
    """A trial as the service has it.

    Args:
        trials: The sweep's trials.
        record: The trial.
    """

    def __init__(self, trials: Trials, record: TrialRecord) -> None:
        self.number = record.number
        self.state = record.state
        self.params = record.params
        self.values = record.values
        self.reason = record.reason
        self._trials = trials

    def __repr__(self) -> str:
        shown = f"values={self.values}" if self.state == COMPLETED else f"reason={self.reason!r}"
        return f"TrialResult({self.number}, {self.state!r}, {self.params!r}, {shown})"

    @property
    def value(self) -> Optional[float]:
        """The first objective's value; None if there is none."""
        return self.values[0] if self.values else None

    def as_run(self) -> Run:
        """Begin a run for this trial, or find the one that there is; see Trial."""
        return _run_of(self._trials, self.number, self.params)


def _values(objectives: Sequence[Objective], value: Any) -> List[float]:
    if type(value) is float and len(objectives) == 1:
        return [value]
    names = [each.name for each in objectives]
    if isinstance(value, Mapping):
        if sorted(value) != sorted(names):
            raise UserErrorException(
                f"told {', '.join(map(repr, value)) or 'nothing'}; the sweep's objectives are "
                f"{', '.join(map(repr, names))}: tell a value for each of them"
            )
        return [_number(value[name]) for name in names]
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(given) != len(names):
        raise UserErrorException(
            f"told {len(given)} value{'s' * (len(given) != 1)}; the sweep has {len(names)} "
            f"objectives: {', '.join(map(repr, names))}"
        )
    return [_number(each) for each in given]


def _number(value: Any) -> float:
    """A number of Python, NumPy or a framework's tensor of one element."""
    if not isinstance(value, (str, bytes)):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return float(value)
    raise UserErrorException(
        f"told {value!r} ({type(value).__name__}), which is no number; trial.fail(reason) says "
        "that a trial came to nothing"
    )


def _step(step: Any) -> int:
    try:
        return int(step.__index__())
    except AttributeError:
        raise UserErrorException(f"step is {step!r}; it must be a whole number") from None


def _run_of(trials: Trials, number: int, params: Mapping[str, Any]) -> Run:
    from runyard.sdk.runs import Run

    run_id = f"{trials.id}_{number}"
    tags: Dict[str, Optional[str]] = {"hyperparameters": json.dumps(params)}
    try:
        return Run(trials.experiment, trials.id)._child(f"trial {number}", run_id, tags, None)
    except Exception as error:
        # Asked for twice, or by the process that went on with the trial of a killed one.
        if isinstance(error.__cause__, AlreadyExists):
            return Run(trials.experiment, run_id)
        raise


def _finish(courier: TrialCourier, seconds: float) -> None:
    """Have a courier bring the rest; say so where that cannot be done."""
    if courier.close(seconds):
        # The end of the program may be closing the same one from its own list.
        with contextlib.suppress(ValueError):
            _couriers.remove(courier)
    else:
        printing.tell(
            f"runyard: results of trials stay in {courier.path} and are brought by the next "
            "process that uses the service"
        )


@atexit.register
def _close_all() -> None:
    deadline = time.monotonic() + EXIT_SECONDS
    for courier in tuple(_couriers):
        # A forked child has its parent's list, and none of the threads.
        if courier.process == os.getpid():
            _finish(courier, max(0.0, deadline - time.monotonic()))
