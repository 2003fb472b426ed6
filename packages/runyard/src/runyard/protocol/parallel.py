"""Batches: an input that is cut up, and given out to the processes of a run piece by piece.

The list of batches (the *cut*) is made once, by the first node, and kept as a content, so that all
nodes and all attempts mean the same by a number. The service has a row for each batch that was
given out; who has one tells how it went with the next request, which takes others:

    waiting -> given -> done                       its results are kept
                     -> waiting                    it failed, or its node is gone: another try
                     -> failed                     it has had all its tries

What batches return is sent as contents before it is told of, many batches in one, so a batch that
is done stays done whatever is killed afterwards.
"""

import re
from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import AGENT, IN_RUN, Route

KIND = "parallel"
WAITING, GIVEN, DONE, FAILED = "waiting", "given", "done", "failed"
APPEND_ROW, SUMMARY_ONLY = "append_row", "summary_only"
ACTIONS = (APPEND_ROW, SUMMARY_ONLY)
ROW_FILE = "parallel_run_step.txt"
LEVELS = ("DEBUG", "INFO", "WARNING")
# v1's defaults: files of a dataset of files, bytes of the source of a table.
FILES, TABLE_BYTES = 10, 1 << 20
MOST_GIVEN = 1000
MOST_BATCHES = 10_000_000
RESULTS_PAGE = 5000
_SIZE = re.compile(r"(\d+)(?:([kKmMgG])[bB])?")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


@dataclass(frozen=True)
class ParallelSpec:
    """How an input is cut up, and what becomes of what a script returns for each batch.

    Args:
        inputs: Names of the inputs that are cut up; all are files, or all are tables.
        table: They are tables.
        batch_size: Files of a batch; of a table, about so many bytes of its files.
        action: `append_row` joins what is returned in one file, `summary_only` counts it.
        output: Name of the output where that file is; with `summary_only` there need be none.
        file_name: Its name.
        timeout_seconds: For how long the script may work on one batch.
        most_tries: How often a batch is tried.
        error_threshold: The run fails with more errors; -1: never.
        allowed_failed_count: The run fails with more failed batches; None: never.
        allowed_failed_percent: The same as a share of all batches.
        logging_level: From which level on the script's logger writes.
        partition_keys: All with the same values of these is one batch, whatever its size.
    """

    inputs: List[str]
    table: bool = False
    batch_size: int = FILES
    action: str = APPEND_ROW
    output: str = ""
    file_name: str = ROW_FILE
    timeout_seconds: int = 60
    most_tries: int = 3
    error_threshold: int = -1
    allowed_failed_count: Optional[int] = None
    allowed_failed_percent: Optional[float] = None
    logging_level: str = "INFO"
    partition_keys: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class CutBatches:
    """The list of a run's batches, as a content that is stored; one that is there already stays."""

    digest: str
    batches: int
    attempt: int


@dataclass(frozen=True)
class BatchReport:
    """How a batch went: its results are `size` bytes from `offset` on of a content.

    Args:
        number: The batch.
        items: How many files or records it has.
        results: How many the script has returned.
        failed: The script failed, took too long or was killed: nothing of it counts.
        reason: Why, with the last lines of what it said.
        digest: The content; "" where there is nothing to keep.
        offset: Where in it.
        size: How many bytes.
    """

    number: int
    items: int
    results: int = 0
    failed: bool = False
    reason: str = ""
    digest: str = ""
    offset: int = 0
    size: int = 0


@dataclass(frozen=True)
class ExchangeBatches:
    """A node tells how batches went and takes others.

    What was given to it and is neither among `held` nor among `results` was lost on its way, and is
    given again.
    """

    attempt: int
    wanted: int = 0
    held: List[int] = field(default_factory=list)
    results: List[BatchReport] = field(default_factory=list)


@dataclass(frozen=True)
class BatchOrders:
    """What a node gets: batches, and how all of them stand.

    Args:
        digest: The list of batches; "" while the first node has not made it.
        given: Numbers of batches.
        total: How many there are.
        done: How many have their results.
        failed: How many have had all their tries.
        items: Files or records of both.
        errors: Those of them that have no result.
        stop: Why the run has failed; "" while it goes on.
    """

    digest: str = ""
    given: List[int] = field(default_factory=list)
    total: int = 0
    done: int = 0
    failed: int = 0
    items: int = 0
    errors: int = 0
    stop: str = ""


@dataclass(frozen=True)
class ResultsQuery:
    """Results of batches above a number."""

    after: int = -1


@dataclass(frozen=True)
class BatchPlace:
    """Where the results of a batch are; see BatchReport."""

    number: int
    digest: str
    offset: int
    size: int


@dataclass(frozen=True)
class BatchPage:
    """Results in the order of their batches; `more` says that others follow."""

    items: List[BatchPlace]
    more: bool = False


def size_of(value: object) -> int:
    """The size of a batch: a count, or digits with KB, MB or GB.

    Raises:
        ValueError: It is none of these, or 0.
    """
    found = _SIZE.fullmatch(str(value))
    if found is None or isinstance(value, bool) or int(found[1]) == 0:
        raise ValueError(
            f"mini_batch_size is {value!r}; give a count of files, or bytes as 1024, 10KB, 1MB, 1GB"
        )
    return int(found[1]) * _UNITS[(found[2] or "").lower()]


def has_unit(value: object) -> bool:
    """Whether a size of a batch is one of bytes."""
    found = _SIZE.fullmatch(str(value))
    return found is not None and bool(found[2])


PARALLEL_CUT: Route[BatchOrders] = Route(
    "parallel.cut",
    "POST",
    IN_RUN + "/nodes/{node}/batches",
    BatchOrders,
    "The first node of a run tells the list of its batches.",
    body=CutBatches,
    scope=AGENT,
)
PARALLEL_EXCHANGE: Route[BatchOrders] = Route(
    "parallel.exchange",
    "POST",
    IN_RUN + "/nodes/{node}/batches/exchange",
    BatchOrders,
    "A node of a run tells how batches went, and takes others.",
    body=ExchangeBatches,
    scope=AGENT,
)
PARALLEL_RESULTS: Route[BatchPage] = Route(
    "parallel.results",
    "GET",
    IN_RUN + "/batches/results",
    BatchPage,
    "Where the results of a run's batches are.",
    query=ResultsQuery,
    scope=AGENT,
)
