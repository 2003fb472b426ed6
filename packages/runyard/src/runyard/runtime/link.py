"""Everything that speaks to the service while a job runs, on threads of its own.

It is made after the script has been started (or before, when preparing takes long), because the
script does not wait for it.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence

from runyard.client.sender import Sender
from runyard.client.trees import told
from runyard.protocol.timeouts import (
    FENCE_SECONDS,
    GANG_ANSWER_SECONDS,
    GANG_BEAT_SECONDS,
    LONGEST_GANG_BEAT_SECONDS,
)
from runyard.runtime import names
from runyard.runtime.beats import Beats, Tasks
from runyard.runtime.service import JobService
from runyard.runtime.watch import Watch

if TYPE_CHECKING:
    from runyard.runtime.event_tail import EventTail
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.listener import Listener
    from runyard.runtime.managed_process import ManagedProcess
    from runyard.runtime.sampling import Sampler
    from runyard.runtime.usage import Meter


class Link:
    """The service, the beats and the sender of one job.

    Args:
        job: The job.
        folder: Its run folder.
        on_cancel: Called when the service wants the job canceled.
        resumes: Another agent has begun to send this job's logs.

    Attributes:
        warnings: What users should know at the end.
    """

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        on_cancel: Callable[[], None],
        resumes: bool = False,
    ) -> None:
        self.warnings: List[str] = []
        self.service = JobService(job)
        self._job = job
        self._beats = _beats(job, self.service, on_cancel)
        self._listener: Optional[Listener] = None
        self._meter: Optional[Meter] = None
        self._folder = folder
        self._watch = Watch(job, folder, self._event_tail)
        self._sampler: Optional[Sampler] = None
        self._driver_log = folder.log(names.DRIVER_LOG)
        resumes = resumes or job.attempt > 1
        self._sender = Sender(
            self.service, folder.spool, self._watch, self.warnings.append, resumes
        )
        self._thread = threading.Thread(target=self._sender.run, name="sender", daemon=True)
        self._thread.start()

    def say(self, state: str, message: str = "", tasks: Optional[Tasks] = None) -> None:
        """Report a state to the service, and how the processes of a gang are and what they use.

        Args:
            state: The state.
            message: What people are told beside it.
            tasks: The state of each process: fields of TaskReport.
        """
        if tasks is not None and self._meter is None:
            from runyard.runtime.usage import Meter

            # Not while they start: there is little to see, and all nodes would look at once.
            self._meter = Meter()
            self._beats.fresh = self._meter.fill
        elif self._meter is not None and tasks is not None:
            tasks = self._meter.fill(tasks)
            if self._listener is not None:
                self._listener.begin()
        self._beats.say(state, message, tasks)

    def sample(self, started: Sequence[ManagedProcess], mark: int, began: float) -> None:
        """Have sampled what the processes use from now on, if the settings let it.

        Args:
            started: The processes of the job on this node.
            mark: What they are marked with, 0 for nothing.
            began: When they were started, on the clock of `time.monotonic`.
        """
        from runyard.runtime import sampling

        if self._sampler is None and sampling.wanted(self._job, self._folder):
            self._sampler = sampling.Sampler(self._job, self._folder, started, mark, began)
            self._sampler.start()

    def on_stop(self, call: Callable[[], None]) -> None:
        """Have `call` called when other nodes make it necessary to end the processes."""
        self._beats.on_stop = call
        if self._job.nodes > 1 and self._listener is None:
            from runyard.runtime.listener import Listener

            # The first node looks after the working folder when all others have ended.
            first = self._job.node == 0
            self._listener = Listener(self._job, self._beats.obey, to_the_end=first)

    @property
    def reply(self) -> Dict[str, Any]:
        """What the service said last of the other nodes; empty before it has said anything."""
        told = self._beats.reply
        heard = self._listener.heard if self._listener else {}
        if not (told and heard):
            return told or heard
        # One of them is older; nobody who has stopped or left comes back.
        either = {name: told.get(name) or heard.get(name) for name in {**told, **heard}}
        return {**either, "others": told["others"] and heard["others"]}

    def await_news(self, seconds: float) -> None:
        """Wait for news of the other nodes, at most `seconds`."""
        if self._listener is None:
            time.sleep(seconds)
        else:
            self._listener.news.wait(seconds)
            self._listener.news.clear()

    @property
    def is_unwanted(self) -> bool:
        """Whether the service does not know the run any more."""
        return self._beats.unwanted

    @property
    def is_cut_off(self) -> bool:
        """Whether the network has been silent for so long that the processes must end."""
        return self._beats.cut_off

    def drain(self, deadline: float) -> bool:
        """Send the rest of the spool and of every log; say whether all arrived in time."""
        if self._sampler is not None:
            self._sampler.stop()
        # The thread first: two senders of one log would each think the other's bytes were lost.
        self._sender.stop()
        self._thread.join()
        if self._job.kind == names.SINGLE:
            # Tools fetch this one of every run, also where nothing was printed, or could start.
            with suppress(OSError):
                open(self._driver_log, "ab").close()
        left_out = self._watch.look_at_last()
        if left_out:
            self.warnings.append(told(left_out, "the run's logs"))
        return self._sender.settle(deadline)

    def _event_tail(self) -> Optional[EventTail]:
        """What reads TensorBoard's files; None where the job does not want that."""
        from runyard.runtime import variables

        if variables.value(self._job, self._folder, names.EVENT_METRICS_VARIABLE) == "0":
            return None
        from runyard.runtime.event_tail import EventTail

        return EventTail(self._job, self._folder, self.service, self.warnings.append)

    def stop_beats(self) -> None:
        """Be silent from now on."""
        if self._listener is not None:
            self._listener.stop()
        self._beats.stop()

    def close(self) -> None:
        """End the threads and the connections."""
        self._sender.stop()
        self._thread.join()
        self._beats.stop()
        self.service.close()


def _beats(job: Job, service: JobService, on_cancel: Callable[[], None]) -> Beats:
    """Make the beats: those of a gang are quick, and tell soon that the network is silent."""
    if job.nodes == 1:
        return Beats(service, on_cancel, attempt=job.attempt)
    # Sixteen beats a second of all nodes together; above thirty-two nodes more, but not rarer.
    pause = GANG_BEAT_SECONDS * max(1.0, job.nodes / 8)
    return Beats(
        # A connection of its own, which gives up sooner: silence must be noticed in seconds.
        JobService(job, GANG_ANSWER_SECONDS),
        on_cancel,
        min(pause, LONGEST_GANG_BEAT_SECONDS),
        FENCE_SECONDS,
        job.attempt,
    )
