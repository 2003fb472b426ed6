"""One job, step by step.

    write who works here -> make the environment ready -> files, data, variables -> start
    -> tell the service, send logs and metrics -> wait -> end what is left -> deliver

The script waits for nothing but its own files: the service is spoken to from threads that begin
when the script runs, unless preparing takes long and somebody may want to see why.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.client.copying import is_full
from runyard.protocol.timeouts import MPIRUN_GRACE_SECONDS, PORT_TAKEN_SECONDS
from runyard.runtime import mark as marks
from runyard.runtime import names, processes, snapshot, variables
from runyard.runtime.folder import RunFolder, read_json
from runyard.runtime.hanging import ExitDeadline, unended
from runyard.runtime.job import Canceled, Job, JobError, Stopped
from runyard.runtime.launchers import Node, launcher
from runyard.runtime.standing import BUSY, UNDELIVERED, stand_alone
from runyard.runtime.state import AGENT, Lock, State
from runyard.runtime.wakeup import Wakeup

if TYPE_CHECKING:
    from runyard.runtime.commands import Commands
    from runyard.runtime.containers import Containers
    from runyard.runtime.link import Link
    from runyard.runtime.managed_process import ManagedProcess, Plan

LONGEST_WAIT = 60.0
LOOK_SECONDS = 0.1
# For the word of another node's agent on a rank that has failed there.
ELSEWHERE_SECONDS = 3.0
# Sampling what a job uses begins so late, so that a short one pays nothing for it.
SAMPLING_SECONDS = 1.0
READ_ONLY = 0o444

Report = Dict[str, Any]


def run(path: str) -> int:
    """Do the job in a run folder; give the exit status of the agent.

    Returns:
        0 when the service has everything, 3 when another agent works here, 75 when the service
        was away for too long.
    """
    folder = RunFolder(path)
    stand_alone(folder)
    lock = Lock()
    if not lock.take(folder.lock_file):
        sys.stderr.write(f"another agent works in {folder.root}\n")
        return BUSY
    job = Job.load(folder.job_file)
    folder.share(job.shared_folder or folder.root)
    # A service killed between launch and note launches again: the kernel's lock and this file know.
    if _began_before(job, folder):
        from runyard.runtime import salvage

        return salvage.finish(job, folder, "the agent was started a second time")
    return Agent(job, folder, Wakeup(), marks.put()).work()


class Agent:
    """The work of one agent.

    Args:
        job: What is to be done.
        folder: Where.
        wake: What it waits with.
        mark: What its processes are marked with.
    """

    def __init__(self, job: Job, folder: RunFolder, wake: Wakeup, mark: int = 0) -> None:
        self._job = job
        self._folder = folder
        self._wake = wake
        self._state = State.begin(folder, job, AGENT, mark)
        self._link: Optional[Link] = None
        self._seconds: Dict[str, float] = {}
        self._commands: Optional[Commands] = None
        self._told: Optional[List[Dict[str, Any]]] = None
        self._exits = ExitDeadline(job)
        self._begun = time.monotonic()
        self._began = time.time()
        self._sample_at = 0.0
        self._keeps: List[int] = []
        self._containers: Optional[Containers] = None

    def work(self) -> int:
        """Do everything; give the exit status."""
        report = self._outcome()
        # The job waits for this process's imports: what only its end needs comes at its end.
        from runyard.runtime import delivery

        report["seconds"] = {**self._seconds, **report["seconds"]}
        delivery.remember(self._folder, report)
        done = delivery.deliver(self._job, self._folder, self.link(), report, self._state)
        self.link().close()
        return 0 if done else UNDELIVERED

    def link(self) -> Link:
        """The way to the service, opened at first use."""
        if self._link is None:
            from runyard.runtime.link import Link

            self._link = Link(self._job, self._folder, self._wake.cancel)
        return self._link

    def _outcome(self) -> Report:
        """Prepare, start, wait; whatever happens becomes an outcome."""
        from runyard.runtime import ending

        try:
            return self._attempt()
        except Canceled:
            return ending.canceled()
        except JobError as error:
            report = ending.failed(error.message, error.code)
            if error.code == names.USER_ERROR:
                report["cause"] = names.CAUSE_DEFINITE
            return report
        except OSError as error:
            text = f"the node could not prepare the job: {error}"
            if is_full(error):
                text = f"no space is left on the disk of '{self._folder.root}': {error}"
            return ending.failed(text, names.SERVICE_ERROR)
        except Stopped:
            return ending.stopped()
        except Exception:  # noqa: BLE001 - a fault of the agent must end the run, and be told
            import traceback

            trace = traceback.format_exc()
            return ending.failed(f"the agent failed: {trace}", names.SERVICE_ERROR)

    def _attempt(self) -> Report:
        started = self._start()
        self._seconds["preparing"] = time.monotonic() - self._begun
        begun = time.monotonic()
        if self._job.kind == names.SINGLE:
            self.link().say(names.RUNNING)
        else:
            self.link().on_stop(self._wake.nudge)
            self._tell(started)
        report = self._supervise(started)
        self._seconds["running"] = time.monotonic() - begun
        return report

    def _start(self) -> List[ManagedProcess]:
        job, folder = self._job, self._folder
        if not job.starts_at_once:
            self.link().say(names.PREPARING)
        self._environment()
        if job.container is not None:
            self._contain()
        paths = self._prepare() if job.has_own_folder else {}
        if job.kind == names.SINGLE:
            plans = self._plans([Node(job.node, "127.0.0.1")], paths)
            return self._begin(plans, paths)
        from runyard.runtime import gang

        ports = gang.Ports(gang.address_of(job), launcher(job.kind).ports(job))
        nodes = gang.meet(job, folder, ports.numbers, self.link, self._wake)
        os.makedirs(folder.spool, exist_ok=True)
        paths = paths if job.has_own_folder else gang.prepared(folder)
        plans = self._plans(nodes, paths)
        # Held until now, a moment before the start: who takes one in between costs another attempt.
        ports.release()
        return self._begin(plans, paths)

    def _prepare(self) -> Dict[str, str]:
        """Fill the working folder; give the path of each data reference."""
        job, folder = self._job, self._folder
        # An earlier attempt was here: half of a file that it was bringing must not count as there.
        for left in (folder.work, folder.data):
            if os.path.lexists(left):
                _remove(left, job.attempt)
        _refuse_taken_names(job)
        folder.make()
        self._place(job.files, folder.work)
        paths = {**self._data(), **self._inputs()}
        if job.spec.get("resumes"):
            paths[names.RESUMED] = self._resumed()
        if job.nodes > 1 and not job.is_apart:
            from runyard.runtime import gang

            gang.tell_prepared(folder, job.attempt, paths)
        return paths

    def _place(self, files: List[Dict[str, Any]], folder: str) -> None:
        canceled = self._wake.is_canceled
        snapshot.materialise(self._job, files, folder, lambda: self.link().service, canceled)

    def _resumed(self) -> str:
        """Lay out what the run that this one resumes has left; give the folder."""
        folder = self._folder.resumed
        if os.path.lexists(folder):
            # An earlier attempt was here.
            import shutil

            shutil.rmtree(folder)
        os.makedirs(folder)
        self._place(self._job.resumed, folder)
        # Not the folders: only their owner could remove what is in those.
        for parent, _, found in os.walk(folder):
            for name in found:
                os.chmod(os.path.join(parent, name), READ_ONLY)
        return folder

    def _plans(self, nodes: List[Node], paths: Dict[str, str]) -> List[Plan]:
        shared = variables.make(self._job, self._folder, paths)
        plans = launcher(self._job.kind).plans(self._job, self._folder, nodes, shared)
        for plan in plans:
            plan.keeps = self._keeps
        if self._containers is not None:
            plans = [self._containers.put_in(plan, paths) for plan in plans]
        return plans

    def _begin(self, plans: List[Plan], paths: Dict[str, str]) -> List[ManagedProcess]:
        # A cancel that came until here has no process that a signal could end.
        if self._wake.canceled:
            raise Canceled
        if self._job.attempt > 1:
            for plan in plans:
                with open(plan.log, "a", encoding="utf-8") as log:
                    log.write(names.ATTEMPT_LINE.format(self._job.attempt) + "\n")
        start = self._containers.start if self._containers is not None else processes.start
        started = [start(plan) for plan in plans if not plan.serves]
        self._state.started(started, paths)
        for plan in plans:
            if plan.serves:
                processes.write_files(plan)
                from runyard.runtime.commands import Commands

                self._commands = Commands(self.link().service, plan, self._wake.nudge)
        return started

    def _environment(self) -> None:
        """Make the interpreter ready where this node lacks it."""
        interpreter = str(self._job.environment["interpreter"])
        if self._job.container is not None and not self._job.environment.get("folder"):
            # The image's Python, where packages are the user's own matter.
            return
        if self._job.environment.get("keep_bytes"):
            from runyard.runtime.environment_cache import hold

            # Before the look: another agent may be about to remove it. The job's processes hold it
            # with the agent, for they go on for a while when that alone is killed.
            self._keeps.append(hold(str(self._job.environment["folder"])))
        if os.path.exists(interpreter):
            return
        if not self._job.environment.get("folder"):
            raise JobError(
                f"there is no interpreter '{interpreter}' on this node; name one that is there, or "
                "let the environment be made (user_managed_dependencies=False)"
            )
        from runyard.runtime.environments import realise

        self.link().say(names.PREPARING, "making the environment on this node")
        realise(self._job, self._folder, lambda: self.link().service, self._wake.is_canceled)
        if not os.path.exists(interpreter):
            raise JobError(f"the environment has no interpreter '{interpreter}'")

    def _contain(self) -> None:
        """Have the image there that the job's containers are made of."""
        from runyard.runtime.containers import Containers

        self._containers = Containers(self._job, self._folder)
        told = self._containers.prepare(lambda: self.link().service, self._wake.is_canceled)
        self.link().say(names.PREPARING, told)

    def _data(self) -> Dict[str, str]:
        if not self._job.data:
            return {}
        from runyard.runtime import references

        canceled = self._wake.is_canceled
        return references.prepare(self._job, self._folder, lambda: self.link().service, canceled)

    def _inputs(self) -> Dict[str, str]:
        if not self._job.inputs:
            return {}
        from runyard.runtime import datasets

        canceled = self._wake.is_canceled
        return datasets.prepare(self._job, self._folder, lambda: self.link().service, canceled)

    def _supervise(self, started: List[ManagedProcess]) -> Report:
        """Wait for the end that comes first: the script's, a cancel, the time limit."""
        group = self._group(started)
        limit = TimeLimit(self._job, self._begun)
        end = limit.end
        self._sample_at = time.monotonic() + SAMPLING_SECONDS
        while self._goes_on(started) and not self._wake.canceled and not _over(end):
            left = LONGEST_WAIT if end is None else end - time.monotonic()
            late = self._exits.left(started)
            left = min(left, self._until_sampled(started), LONGEST_WAIT if late is None else late)
            self._wake.wait(min(left, _longest_wait(started)))
            self._serve(group)
            self._tell(started)
        if not self._goes_on(started):
            report = self._ended(started)
            warnings = self._end_rest(group, started)
        else:
            report = self._stopped(limit, started)
            warnings = self._end_all(group, started, report)
        for each in started:
            each.conclude()
        self._tell(started)
        if self._commands is not None:
            self._commands.stop()
        more = self._containers.warnings(started) if self._containers is not None else []
        report["warnings"] = [*warnings, *more]
        return report

    def _group(self, started: List[ManagedProcess]) -> processes.ProcessGroup:
        if self._containers is not None:
            return self._containers.group(self._state, started)
        return processes.ProcessGroup(self._job, self._state, started)

    def _until_sampled(self, started: List[ManagedProcess]) -> float:
        """Have it sampled what the processes use, when it is time; seconds until then."""
        left = self._sample_at - time.monotonic()
        if left > 0:
            return left
        if self._sample_at:
            self.link().sample(started, self._state.mark, self._sample_at - SAMPLING_SECONDS)
            self._sample_at = 0.0
        return LONGEST_WAIT

    def _serve(self, group: processes.ProcessGroup) -> None:
        """Start what other nodes want started here."""
        fresh = self._commands.look() if self._commands is not None else []
        if fresh:
            group.add(fresh)
            self._state.add(fresh)

    def _goes_on(self, started: List[ManagedProcess]) -> bool:
        """Whether the job goes on here: nothing has failed, and something that decides runs.

        With several nodes the others decide too: only the service can say that all is done.
        """
        if self._job.nodes == 1:
            return _go_on(started) and not self._exits.reason(started)
        link = self.link()
        return not _failed(started) and not link.reply.get("stop") and not link.is_cut_off

    def _tell(self, started: List[ManagedProcess]) -> None:
        """Report the processes' states, where there are several and something is new."""
        if self._job.kind == names.SINGLE:
            return
        from runyard.runtime import gang

        tasks = gang.tasks(started)
        # Only news is sent at once; everything else goes with the next beat.
        if tasks != self._told:
            self._told = tasks
            self.link().say(names.RUNNING, tasks=tasks)

    def _ended(self, started: List[ManagedProcess]) -> Report:
        """The outcome of processes that ended by themselves."""
        from runyard.runtime import causes, ending

        failed = _failed(started)
        if not failed and self._job.nodes > 1 and self.link().is_cut_off:
            return ending.cut_off(self._job.node_name)
        hanging = "" if failed else self._hanging(started)
        if hanging:
            return ending.failed(hanging, log=unended(started)[0].plan.log)
        if not failed:
            told = self.link().reply.get("reason") if self._job.nodes > 1 else ""
            return ending.stopped() if told else ending.completed()
        first = failed[0]
        if first.plan.helper:
            if self._fails_elsewhere(first):
                return ending.stopped()
            return ending.helper_failed(first.plan.name, first.ended() or 0, first.plan.log)
        who = first.plan.name if self._job.kind != names.SINGLE else ""
        if who and self._job.node_name:
            who = f"{who} on {self._job.node_name}"
        told = causes.read(os.path.join(self._folder.endings, first.told_in))
        report = ending.from_exit(first.ended() or 0, first.plan.log, who, told)
        if self._containers is not None:
            report = self._containers.explained(report, first)
        if self._has_lost_port(first):
            report["cause"] = names.CAUSE_PORT
        if self._job.kind == names.PARALLEL and (first.ended() or 0) > 0:
            # It has tried batches again itself, and their rows would tell another attempt the same.
            report["cause"] = names.CAUSE_DEFINITE
        return report

    def _fails_elsewhere(self, helper: ManagedProcess) -> bool:
        """Whether mpirun failed because a rank of another node did."""
        if helper.plan.end_file:
            from runyard.runtime import ranks

            if ranks.failures(os.path.dirname(helper.plan.end_file)):
                return True
        link = self.link()
        # Its own agent sees that a moment later, and no file of that node can be seen here.
        until = time.monotonic() + (ELSEWHERE_SECONDS if self._job.is_apart else 0)
        while not link.reply.get("reason") and time.monotonic() < until:
            link.await_news(LOOK_SECONDS)
        return bool(link.reply.get("reason"))

    def _has_lost_port(self, failed: ManagedProcess) -> bool:
        """Whether a process failed because its port was taken between reservation and start."""
        from runyard.runtime import ending

        # An address in use is the port's fault only soon after the start; later it is the script's.
        young = failed.ended_at - self._began < PORT_TAKEN_SECONDS
        with_ports = self._job.kind != names.SINGLE and launcher(self._job.kind).ports(self._job)
        return bool(young and with_ports) and ending.port_was_taken(failed.plan.log)

    def _hanging(self, started: List[ManagedProcess]) -> str:
        """Who should have ended and has not, "" if that is nobody of this node."""
        if self._job.nodes == 1:
            return self._exits.reason(started)
        reply = self.link().reply
        return str(reply["reason"]) if reply.get("hung") and unended(started) else ""

    def _end_rest(self, group: processes.ProcessGroup, started: List[ManagedProcess]) -> List[str]:
        """End what still runs when the job is over; give warnings."""
        if self._job.kind == names.SINGLE:
            return group.end_leftovers()
        failed = next((each.plan.name for each in _failed(started)), "")
        hanging = "" if failed else self._hanging(started)
        if hanging:
            for each in unended(started):
                each.give_up(hanging)
        why = hanging or self.link().reply.get("reason") or (f"{failed} failed" if failed else "")
        if not why and self.link().is_cut_off:
            why = "this node was cut off"
        # The others are told first: ending may take seconds.
        self._tell(started)
        if not why:
            # Ended at once, mpirun would report a failure of ranks that have ended well.
            processes.wait_for_helpers([*started, *self._served()])
        rest = [each for each in (*started, *self._served()) if each.ended() is None]
        for each in rest:
            each.stop(why or "all is done")
        helped = any(each.plan.helper for each in (*started, *self._served()))
        if why and helped:
            return group.end(MPIRUN_GRACE_SECONDS)
        if helped and not rest:
            # What started the daemons on other hosts leaves when those have left.
            return group.end_leftovers(processes.HELPER_SECONDS)
        return group.end() if rest or why else group.end_leftovers()

    def _served(self) -> List[ManagedProcess]:
        return self._commands.started if self._commands is not None else []

    def _end_all(
        self, group: processes.ProcessGroup, started: List[ManagedProcess], report: Report
    ) -> List[str]:
        """End everything before it is done; give warnings."""
        if self._job.kind != names.SINGLE:
            error = report["error"] or {"message": "the run was canceled"}
            for each in started:
                each.stop(str(error["message"]))
        return group.end()

    def _stopped(self, limit: TimeLimit, started: List[ManagedProcess]) -> Report:
        from runyard.runtime import ending

        if self._wake.canceled:
            return ending.canceled()
        report = ending.failed(limit.reason, log=_log(started))
        if limit.is_own:
            report["cause"] = names.CAUSE_DEFINITE
        return report


class TimeLimit:
    """When a job is ended, by its own limit or that of where it runs: whichever comes first.

    Args:
        job: The job, whose script starts now.
        begun: When the agent was started, by the monotonic clock; the site's time counts from it.

    Attributes:
        end: The moment, by the monotonic clock; None where there is no limit.
        reason: What is said then.
        is_own: Whether it is the run's own: another attempt would come to the same end.
    """

    def __init__(self, job: Job, begun: float) -> None:
        own = job.spec.get("max_duration_seconds")
        self.end: Optional[float] = time.monotonic() + own if own else None
        self.reason = (
            f"the run took longer than its limit of {own} seconds and was ended "
            "(max_run_duration_seconds)"
        )
        site = begun + job.limit_seconds
        self.is_own = not job.limit_seconds or (self.end is not None and self.end <= site)
        if not self.is_own:
            self.end = site
            self.reason = f"{job.limit_of} ended it; ask for more time there, or save and resume"


def _began_before(job: Job, folder: RunFolder) -> bool:
    """Whether this attempt was begun already: a script never runs twice in one attempt.

    What a former attempt left of its outcome is removed.
    """
    earlier = read_json(folder.state_file) or {}
    if earlier.get("attempt") == job.attempt:
        return True
    if os.path.exists(folder.outcome_file):
        os.unlink(folder.outcome_file)
    return False


def _go_on(started: List[ManagedProcess]) -> bool:
    """Whether the job goes on: no process has failed, and one that decides still runs."""
    lasting = any(each.ended() is None for each in started if each.plan.decisive)
    return lasting and not _failed(started)


def _failed(started: List[ManagedProcess]) -> List[ManagedProcess]:
    """Those that have failed, the first one first; what only starts others comes last."""
    failed = [each for each in started if each.failed]
    # mpirun fails because a rank did, often before that rank's end is seen here: the rank's word
    # says more, so it is waited for.
    if any(each.plan.record and each.ended() is None for each in started):
        failed = [each for each in failed if not each.plan.helper]
    return sorted(failed, key=lambda each: (each.plan.helper, each.ended_at))


def _log(started: List[ManagedProcess]) -> str:
    """The log of the process that failed, or of the first one."""
    return next((each.plan.log for each in (*_failed(started), *started)), "")


def _longest_wait(started: List[ManagedProcess]) -> float:
    """How long to sleep: of a process that another one started no signal comes."""
    watched = any(each.plan.record and each.ended() is None for each in started)
    return LOOK_SECONDS if watched else LONGEST_WAIT


def _remove(folder: str, attempt: int) -> None:
    import shutil

    try:
        shutil.rmtree(folder)
    except RecursionError:
        # Deeper than the stack: it goes with the run folder.
        os.rename(folder, f"{folder}.{attempt}")


def _refuse_taken_names(job: Job) -> None:
    taken = {str(file["path"]) for file in job.files} & {"outputs", "logs"}
    if taken:
        raise JobError(
            f"the source folder has a file '{min(taken)}', and a job has a folder of that "
            "name; rename the file, or name it in .amlignore"
        )


def _over(end: Optional[float]) -> bool:
    return end is not None and time.monotonic() >= end
