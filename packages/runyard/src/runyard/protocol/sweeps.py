"""Sweeps: trials of one script or function with different parameters, and which was best.

A sweep is a run (its id is the run's) with a spec: a space of parameters, a sampler that draws
from it, a policy that stops trials early, objectives and limits. Its trials are numbered from 0,
and no number is used twice. With a base spec each trial is a child run `<sweep>_<number>`; without
one trials are asked for and told by the processes that make them, through `sweeps.exchange`.

    running -> completed | stopped (by the policy) | failed | canceled
    running -> paused -> running     policies that promote go on with a trial later
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import CONTRIBUTOR, FAMILY, IN_WORKSPACE, MAKES, READS, REPORTS, Route
from runyard.protocol.runs import RunSpec

# The first is v1's, by which its scripts and widgets know a sweep.
HYPERDRIVE, SWEEP_RUN = "hyperdrive", "sweep"
RUN_TYPES = (HYPERDRIVE, SWEEP_RUN)
MAXIMIZE, MINIMIZE = "maximize", "minimize"
CHOICE, NUMBER, NORMAL, FIXED = "choice", "number", "normal", "fixed"
RUNNING, COMPLETED, STOPPED = "running", "completed", "stopped"
FAILED, CANCELED, PAUSED = "failed", "canceled", "paused"
TRIAL_STATES = (RUNNING, PAUSED, COMPLETED, STOPPED, FAILED, CANCELED)
NO_POLICY = "none"
# Where v1 had it.
SWEEP_LOG = "azureml-logs/hyperdrive.txt"
IN_SWEEP = IN_WORKSPACE + "/sweeps/{sweep}"


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a space.

    Args:
        name: What it is called in the sweep; of a conditional one `opt.sgd.momentum`.
        kind: `choice` of `choices`; `number` from `low` to `high`, both included, evenly or with
            `log` evenly in the logarithm; `normal` with `mu` and `sigma`, with `log` the
            exponential of it; `fixed`: the first of `choices`.
        argument: What scripts and functions get it as; "" is the name without leading dashes.
        q: Values are rounded to multiples of it, after drawing; they may leave the bounds by q/2.
        whole: Values are integers.
        when: Only in trials in which these other parameters have these values.
    """

    name: str
    kind: str
    argument: str = ""
    low: Optional[float] = None
    high: Optional[float] = None
    mu: float = 0.0
    sigma: float = 1.0
    log: bool = False
    q: Optional[float] = None
    whole: bool = False
    choices: List[Any] = field(default_factory=list)
    when: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective:
    """A metric and whether it is to be large (`maximize`) or small (`minimize`)."""

    name: str
    goal: str = MINIMIZE


@dataclass(frozen=True)
class SamplerSpec:
    """Which sampler draws parameters, by name, and its options."""

    name: str = "random"
    options: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PolicySpec:
    """Which policy stops trials early, by name, and its options.

    It looks at a trial at each position that is a multiple of `evaluation_interval` and at least
    `delay_evaluation`. A position is the step that was logged with the value, or, unless `by_step`,
    how many values the trial has logged, from 1.
    """

    name: str = NO_POLICY
    evaluation_interval: int = 1
    delay_evaluation: int = 0
    by_step: bool = False
    options: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepSpec:
    """Everything that decides which trials a sweep makes.

    Args:
        experiment: Name of the experiment.
        space: The parameters.
        objectives: One or more; of several no order exists, so no policy goes with them.
        max_trials: How many at most; None: until the space is used up or it is canceled.
        parallel: How many at once, at most; None: as many as there may be.
        max_duration_seconds: After that the sweep ends and what still runs is canceled.
        max_failures: So many failed trials in a row from the start end it; 0: never.
        seed: The same seed and results give the same trials.
        base: What each trial runs; its parameters are added as `--argument value`. None: trials are
            made by processes that ask for them.
        dropped: Parameters among the base's arguments that the sweep's own replace: such arguments
            are left out of `base` already; kept for messages.
        resume_from: Sweeps whose trials the sampler and the policy learn from.
        resume_trials: Runs that are made again first, with their parameters and their outputs.
        enqueued: Parameters to try first, by argument.
        mapping: Of sweeps learned from, what a parameter is called here, by its name there.
        hyperdrive: Shows itself as v1's HyperDriveRun: type, tags and properties.
    """

    experiment: str
    space: List[ParameterSpec]
    objectives: List[Objective]
    sampler: SamplerSpec = field(default_factory=SamplerSpec)
    policy: PolicySpec = field(default_factory=PolicySpec)
    max_trials: Optional[int] = None
    parallel: Optional[int] = None
    max_duration_seconds: Optional[float] = None
    # A slip in a script would otherwise fail as often as there are trials.
    max_failures: int = 10
    seed: int = 0
    base: Optional[RunSpec] = None
    dropped: List[str] = field(default_factory=list)
    resume_from: List[str] = field(default_factory=list)
    resume_trials: List[str] = field(default_factory=list)
    enqueued: List[Dict[str, Any]] = field(default_factory=list)
    mapping: Dict[str, str] = field(default_factory=dict)
    hyperdrive: bool = False


@dataclass(frozen=True)
class CreateSweep:
    """Begin a sweep; see SubmitRun for `inherited`, `parent` and the like.

    `run_id` is the id it gets; None: one is made. With `reopen` an open sweep without a base, of
    that `name` in the experiment, is gone on with, if its spec is the same.
    """

    spec: SweepSpec
    run_id: Optional[str] = None
    name: Optional[str] = None
    reopen: bool = False
    tags: Dict[str, Optional[str]] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    inherited: Dict[str, str] = field(default_factory=dict)
    submitted_by: str = ""
    parent: Optional[str] = None
    submitted_from: Optional[str] = None


@dataclass(frozen=True)
class TrialRecord:
    """One trial. `params` are by name of the space; `values` one for each objective, once known.

    `best` is the best value that it has reported of a single objective, `last` the newest, at
    `position`. `reason` says why it was stopped or failed. `from_trial` is the trial whose
    checkpoint it goes on from. `run` is its child run, `node` the first node that this one got, ""
    where it has none, and `placed_at` when; only lists of trials tell these two.
    """

    number: int
    state: str
    params: Dict[str, Any] = field(default_factory=dict)
    values: List[Optional[float]] = field(default_factory=list)
    best: Optional[float] = None
    last: Optional[float] = None
    position: Optional[int] = None
    run: Optional[str] = None
    started_at: str = ""
    ended_at: Optional[str] = None
    reason: str = ""
    from_trial: Optional[int] = None
    node: str = ""
    placed_at: Optional[str] = None


@dataclass(frozen=True)
class SweepRecord:
    """A sweep as it stands. `counts` are trials by state; `front` the best of several objectives.

    `reason` says what it waits for, or why it ended; `space_size` how many points a finite space
    has.
    """

    id: str
    workspace: str
    status: str
    created_at: str
    spec: SweepSpec
    name: Optional[str] = None
    ended_at: Optional[str] = None
    paused: bool = False
    counts: Dict[str, int] = field(default_factory=dict)
    best: Optional[TrialRecord] = None
    front: List[TrialRecord] = field(default_factory=list)
    reason: str = ""
    space_size: Optional[int] = None
    warnings: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class SweepQuery:
    """Which sweeps to list, newest first; those whose runs are archived only by `archived`."""

    experiment: Optional[str] = None
    active: bool = False
    page_size: int = 100
    page_token: Optional[str] = None
    archived: bool = False


@dataclass(frozen=True)
class SweepPage:
    """One page of sweeps, newest first."""

    items: List[SweepRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ChangeSweep:
    """What may change of a sweep that has not ended; None leaves it. `enqueue` adds points."""

    max_trials: Optional[int] = None
    parallel: Optional[int] = None
    max_duration_seconds: Optional[float] = None
    paused: Optional[bool] = None
    enqueue: List[Dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class TrialQuery:
    """Which trials to list, in order of number; with `state` only those.

    `page_token` is the answer's `next_page_token`.
    """

    state: Optional[str] = None
    page_size: int = 1000
    page_token: Optional[str] = None


@dataclass(frozen=True)
class TrialPage:
    """One page of trials, in order of number."""

    items: List[TrialRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class TableQuery:
    """How many trials the table may hold: the best, and of the others evenly many."""

    trials: int = 1000


@dataclass(frozen=True)
class SweepColumn:
    """A column: `role` is `number`, `param`, `value`, `state`, `seconds`, `position` or `best`.

    `scale` is `linear`, `log` or `category`; `values` has one for each trial, None where it has
    none.
    """

    name: str
    role: str
    scale: str = "linear"
    values: List[Any] = field(default_factory=list)


@dataclass(frozen=True)
class SweepTable:
    """The trials of a sweep as columns, in order of number, for pictures; `total` is how many."""

    columns: List[SweepColumn]
    total: int = 0


@dataclass(frozen=True)
class ParameterImportance:
    """How much of a sweep's result a parameter decides, from 0 to 1; all sum to 1."""

    name: str
    importance: float


@dataclass(frozen=True)
class SweepImportance:
    """Importance of the parameters, largest first, by PED-ANOVA over `trials` completed trials."""

    items: List[ParameterImportance]
    trials: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Told:
    """A trial that its process has ended; `values` None or `error` not empty: failed."""

    number: int
    values: Optional[List[float]] = None
    error: str = ""
    ended_at: int = 0


@dataclass(frozen=True)
class Reported:
    """A value on the way of a trial, at a step; None: it is no finite number."""

    number: int
    step: int
    value: Optional[float]


@dataclass(frozen=True)
class Exchange:
    """What a process that makes trials has to say, and how many new ones it wants.

    `client` names the process, `sequence` its exchanges from 1: the answer to a repeat is the same.
    `returned` are trials that it asked for and will not make; with `leaves` these are all that it
    has and does not tell of, for it is about to end. Values that JSON lacks are told as failed by
    the client.
    """

    client: str
    sequence: int
    ask: int = 0
    told: List[Told] = field(default_factory=list)
    reported: List[Reported] = field(default_factory=list)
    returned: List[int] = field(default_factory=list)
    leaves: bool = False


@dataclass(frozen=True)
class AskedTrial:
    """A trial to make, with its parameters by argument."""

    number: int
    params: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrialVerdict:
    """A trial that the policy has stopped, and why."""

    number: int
    reason: str


@dataclass(frozen=True)
class Exchanged:
    """The answer: new trials and verdicts. `ended` says that no trial will come any more, and why.

    With `over` trials that were given need not be made either: the sweep was canceled, for example.
    No trials although some were asked for and it has not ended: `reason` says what for; ask again.
    """

    trials: List[AskedTrial] = field(default_factory=list)
    verdicts: List[TrialVerdict] = field(default_factory=list)
    ended: bool = False
    reason: str = ""
    over: bool = False


SWEEPS_CREATE: Route[SweepRecord] = Route(
    "sweeps.create",
    "POST",
    IN_WORKSPACE + "/sweeps",
    SweepRecord,
    "Begin a sweep.",
    body=CreateSweep,
    creates=True,
    scope=MAKES,
)
SWEEPS_LIST: Route[SweepPage] = Route(
    "sweeps.list",
    "GET",
    IN_WORKSPACE + "/sweeps",
    SweepPage,
    "List sweeps, newest first.",
    query=SweepQuery,
    scope=READS,
)
SWEEPS_GET: Route[SweepRecord] = Route(
    "sweeps.get", "GET", IN_SWEEP, SweepRecord, "Get a sweep.", scope=READS, waits=True
)
SWEEPS_CHANGE: Route[SweepRecord] = Route(
    "sweeps.change",
    "PATCH",
    IN_SWEEP,
    SweepRecord,
    "Change the limits of a sweep that goes on, pause it, or add points to try.",
    body=ChangeSweep,
    role=CONTRIBUTOR,
)
SWEEPS_CANCEL: Route[SweepRecord] = Route(
    "sweeps.cancel",
    "POST",
    IN_SWEEP + "/cancel",
    SweepRecord,
    "Cancel a sweep and its trials.",
    role=CONTRIBUTOR,
)
SWEEPS_CLOSE: Route[SweepRecord] = Route(
    "sweeps.close",
    "POST",
    IN_SWEEP + "/close",
    SweepRecord,
    "End a sweep without a base: no more trials are made.",
    scope=FAMILY,
)
SWEEPS_TRIALS: Route[TrialPage] = Route(
    "sweeps.trials",
    "GET",
    IN_SWEEP + "/trials",
    TrialPage,
    "List a sweep's trials.",
    query=TrialQuery,
    scope=READS,
)
SWEEPS_TABLE: Route[SweepTable] = Route(
    "sweeps.table",
    "GET",
    IN_SWEEP + "/table",
    SweepTable,
    "Read a sweep's trials as columns.",
    query=TableQuery,
    scope=READS,
)
SWEEPS_IMPORTANCE: Route[SweepImportance] = Route(
    "sweeps.importance",
    "GET",
    IN_SWEEP + "/importance",
    SweepImportance,
    "Read how much each parameter decides.",
    scope=READS,
)
SWEEPS_EXCHANGE: Route[Exchanged] = Route(
    "sweeps.exchange",
    "POST",
    IN_SWEEP + "/exchange",
    Exchanged,
    "Tell results of trials and ask for new ones.",
    body=Exchange,
    scope=FAMILY,
    audit=REPORTS,
)
