"""A node's process: keeps its workers busy with batches until none are left, on any node.

It takes more batches than it has workers, as many as they do in about a second, so that short ones
do not wait for the service; towards the end only its share, or others would have nothing to do.
"""

from __future__ import annotations

import os
import selectors
import shutil
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Deque, Dict, List, Sequence

from runyard.client.spool import Spool
from runyard.protocol.errors import RunyardError
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import Job, JobError
from runyard.runtime.parallel import cutting, joining
from runyard.runtime.parallel.cutting import Cut
from runyard.runtime.parallel.exchange import Exchange, Orders, Report
from runyard.runtime.parallel.workers import Setup, Worker
from runyard.runtime.service import JobService

if TYPE_CHECKING:
    from runyard.runtime.parallel.channel import Message

APPEND_ROW = "append_row"
# What has ended is told so soon; more than one of the two bounds would make a service of many
# nodes busy with words of single batches.
TELL_SECONDS, TELL_BATCHES, TELL_BYTES = 1.0, 200, 8 << 20
# Somebody else's batch may fail and come back, and nothing tells that.
POLL_SECONDS = 0.5
LOG_SECONDS = 10.0
# A channel that a child of a dead worker keeps open tells nothing, so its process is looked at.
LOOK_SECONDS = 1.0
MOST_AHEAD = 100
METRICS = {
    "total_mini_batches": "total",
    "completed_mini_batches": "done",
    "failed_mini_batches": "failed",
    "processed_items": "items",
    "failed_items": "errors",
}


class NodeWork:
    """The work of one node.

    Args:
        job: The job.
        folder: Its run folder.
        words: The script and its arguments.
    """

    def __init__(self, job: Job, folder: RunFolder, words: Sequence[str]) -> None:
        self._job = job
        self._wanted: Dict[str, Any] = job.launcher["parallel"]
        self._scratch = folder.path("parallel")
        shutil.rmtree(self._scratch, ignore_errors=True)
        os.makedirs(self._scratch)
        self._logs = os.path.join(folder.work, "logs")
        self._spool = folder.spool
        self._words = list(words)
        self._exchange = Exchange(job, JobService(job), self._scratch)
        self._queue: Deque[int] = deque()
        self._reports: List[Report] = []
        self._selector = selectors.DefaultSelector()
        self._workers: List[Worker] = []
        self._unfit: Dict[Worker, int] = {}
        self._orders: Orders = {}
        # How long a batch takes; the first of a node are asked for one by one.
        self._seconds = TELL_SECONDS
        self._told_at = self._logged_at = 0.0
        self._bytes = 0
        self._is_dry = False

    def run(self) -> str:
        """Work until all batches have ended; give why the run has failed, "" if it has not.

        Raises:
            JobError: The input or the script is at fault.
        """
        cut = self._cut()
        count = int(self._job.launcher["process_count_per_node"])
        count = count or self._job.gpus or self._job.cpus
        # Nobody waits for workers that would have nothing to do.
        count = max(1, min(count, len(cut)))
        self._workers = [Worker(index, self._setup(cut)) for index in range(count)]
        try:
            self._work(cut)
        finally:
            for worker in self._workers:
                if worker.channel is not None:
                    worker.kill()
        if self._job.node == 0:
            self._conclude()
        return str(self._orders["stop"])

    def _work(self, cut: Cut) -> None:
        for worker in self._workers if len(cut) else ():
            self._start(worker)
        self._ask()
        while not self._orders["stop"] and not self._is_over():
            self._hand_out(cut)
            self._listen()
            self._end_late()
            if self._is_due():
                self._ask()

    def _cut(self) -> Cut:
        """The list of batches: that of an earlier attempt, the first node's, or a new one."""
        orders = self._exchange.ask(0)
        if self._job.node == 0:
            if orders["digest"] or orders["stop"]:
                orders = self._exchange.tell_cut(orders["digest"], orders["total"])
            else:
                path = os.path.join(self._scratch, "batches")
                digest, count = cutting.make(self._job, path)
                orders = self._exchange.tell_cut(digest, count, path)
        while not orders["digest"]:
            if orders["stop"]:
                raise JobError(str(orders["stop"]))
            time.sleep(POLL_SECONDS)
            orders = self._exchange.ask(0)
        return Cut(self._exchange.content(str(orders["digest"])))

    def _setup(self, cut: Cut) -> Setup:
        output = str(self._wanted["output"])
        if output:
            # Scripts that write there themselves count on it. It may be a link to nothing yet.
            os.makedirs(os.path.realpath(cutting.root(output)), exist_ok=True)
        return Setup(
            words=self._words,
            node=self._job.node_name or f"node{self._job.node}",
            logs=self._logs,
            folder=self._scratch,
            inputs=[str(name) for name in self._wanted["inputs"]],
            tables=cut.tables,
            keeps=self._wanted["action"] == APPEND_ROW,
            level=str(self._wanted["logging_level"]),
            output=cutting.root(output) if output else "",
            seconds=float(self._wanted["timeout_seconds"]),
        )

    def _start(self, worker: Worker) -> None:
        worker.start()
        assert worker.channel is not None
        self._selector.register(worker.channel, selectors.EVENT_READ, worker)

    def _is_over(self) -> bool:
        orders = self._orders
        return int(orders["done"]) + int(orders["failed"]) == int(orders["total"])

    def _hand_out(self, cut: Cut) -> None:
        for worker in self._workers:
            if self._queue and worker.is_ready and worker.order is None:
                number = self._queue.popleft()
                order = {"number": number, **cut.batch(number)}
                worker.give(order)

    def _listen(self) -> None:
        """Take what workers say, and wait for it for as long as nothing else is to be done."""
        ends = [each.deadline for each in self._workers if each.deadline is not None]
        if self._reports:
            ends.append(self._told_at + TELL_SECONDS)
        if self._is_hungry():
            ends.append(self._told_at + POLL_SECONDS)
        left = max(0.0, min([end - time.monotonic() for end in ends] + [LOOK_SECONDS]))
        found = self._selector.select(left)
        for key, _ in found:
            self._heard(key.data)
        for worker in self._workers if not found else ():
            if worker.is_dead:
                self._replace(worker)

    def _heard(self, worker: Worker) -> None:
        assert worker.channel is not None
        messages = worker.channel.arrived()
        if messages is None:
            self._replace(worker)
            return
        for message in messages:
            self._take(worker, message)

    def _take(self, worker: Worker, message: Message) -> None:
        """Take a message of a worker in."""
        if "unfit" in message:
            self._replace(worker, str(message["unfit"]))
        elif "ready" in message:
            worker.is_ready = True
            worker.rest()
            self._unfit.pop(worker, None)
        elif "reading" in message:
            worker.enter_reading()
        elif "begun" in message:
            worker.enter_run()
        else:
            self._seconds = (self._seconds + time.monotonic() - worker.begun) / 2
            worker.rest()
            self._note(message)

    def _note(self, message: Message) -> None:
        number, reason = int(message["number"]), str(message.get("reason", ""))
        report: Report = {"number": number, "items": int(message["items"])}
        if reason:
            sys.stdout.write(f"batch {number} failed: {reason}\n")
            report.update(failed=True, reason=reason)
        else:
            report["results"] = int(message["results"])
            if message.get("file"):
                report["file"] = str(message["file"])
                self._bytes += os.path.getsize(report["file"])
        self._reports.append(report)

    def _end_late(self) -> None:
        """End workers that take too long to begin, or for a batch."""
        for worker in self._workers:
            if worker.lateness:
                self._replace(worker, worker.lateness)

    def _replace(self, worker: Worker, why: str = "") -> None:
        """Put another process in the place of one that has ended or is to end."""
        assert worker.channel is not None
        self._selector.unregister(worker.channel)
        ready, order = worker.is_ready, worker.order
        ended = worker.kill(0.0 if why else LOOK_SECONDS)
        if order is not None:
            items = cutting.size_of(order)
            self._note({"number": order["number"], "items": items, "reason": why or ended})
        if not ready:
            self._unfit[worker] = self._unfit.get(worker, 0) + 1
            if self._unfit[worker] >= int(self._wanted["most_tries"]):
                raise JobError(f"the script cannot begin: {why or ended}")
        self._start(worker)

    def _is_due(self) -> bool:
        """Whether the service is to be asked now."""
        past = time.monotonic() - self._told_at
        if len(self._reports) >= TELL_BATCHES or self._bytes > TELL_BYTES:
            return True
        if self._reports and (past >= TELL_SECONDS or not self._held()):
            return True
        # It had no more to give a moment ago, unless it gave all that was wanted.
        return self._is_hungry() and (past >= POLL_SECONDS or not self._is_dry)

    def _is_hungry(self) -> bool:
        """Whether a worker has nothing to do, or will have soon."""
        idle = any(worker.is_ready and worker.order is None for worker in self._workers)
        return (idle and not self._queue) or self._wants() > self._ahead() // 2

    def _ask(self) -> None:
        wanted = self._wants()
        reports, self._reports, self._bytes = self._reports, [], 0
        self._orders = self._exchange.ask(wanted, self._held(), reports)
        given = [int(number) for number in self._orders["given"]]
        self._is_dry = len(given) < wanted
        self._queue.extend(given)
        self._told_at = time.monotonic()
        if self._told_at - self._logged_at >= LOG_SECONDS:
            self._logged_at = self._told_at
            self._say()

    def _held(self) -> List[int]:
        busy = [int(worker.order["number"]) for worker in self._workers if worker.order is not None]
        return [*self._queue, *busy]

    def _ahead(self) -> int:
        """How many batches this node is to have, with those that are worked on."""
        count = len(self._workers)
        per_second = int(TELL_SECONDS / max(self._seconds, TELL_SECONDS / MOST_AHEAD))
        wanted = count * max(1, per_second)
        if self._orders:
            left = int(self._orders["total"]) - self._orders["done"] - self._orders["failed"]
            wanted = min(wanted, max(count, left // (2 * self._job.nodes)))
        return wanted

    def _wants(self) -> int:
        return max(0, self._ahead() - len(self._held()))

    def _say(self) -> None:
        told = {name: self._orders[name] for name in ("done", "failed", "total", "errors")}
        text = "{done} of {total} batches are done, {failed} have failed; {errors} items failed\n"
        sys.stdout.write(text.format(**told))
        sys.stdout.flush()

    def _conclude(self) -> None:
        """Join what was returned, and log how it went."""
        self._say()
        if self._wanted["action"] == APPEND_ROW and not self._orders["stop"]:
            folder = cutting.root(str(self._wanted["output"]))
            joining.join(self._exchange, self._job.run, folder, str(self._wanted["file_name"]))
        spool = Spool(Path(self._spool))
        for name, field in METRICS.items():
            spool.scalar(name, int(self._orders[field]))
        spool.close()


def main(words: List[str]) -> None:
    """Do the work of a node.

    Args:
        words: The node's run folder, the script and its arguments.
    """
    folder = RunFolder(words[0])
    job = Job.load(folder.job_file)
    folder.share(job.shared_folder or folder.root)
    try:
        stop = NodeWork(job, folder, words[1:]).run()
    except (JobError, RunyardError) as error:
        stop = error.message
    if stop:
        # What the agent tells as the run's error.
        sys.exit(stop)
