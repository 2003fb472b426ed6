"""Why a worker died, and when the next one is started."""

import signal
import time

from runyard.protocol.frames import Welcome
from runyard.runtime.model import deaths
from runyard.runtime.model.child import Child
from runyard.runtime.model.deaths import Death, Memory
from runyard.runtime.model.restarts import Restarts
from runyard.runtime.model.supervisor import Supervisor

GB = 1 << 30
BEFORE = Memory(3, 4 * GB, "its control group", 2 * GB)


def reason(status, peak=GB, kills=3, told=""):
    """What is said of a death."""
    return deaths.describe(Death(status, told, peak, BEFORE, BEFORE._replace(kills=kills)))


def test_a_kill_for_memory_is_told_with_figures():
    """By the kernel's count of such kills, or because it had nearly all that it could have."""
    figures = (
        "it had up to {}; the limit of its control group is 4.0 GB; 2.0 GB are free on the machine "
        "now"
    )
    killed = -signal.SIGKILL
    assert reason(killed, kills=4) == "killed for memory ({})".format(figures.format("1.0 GB"))
    assert reason(killed, peak=4 * GB).startswith("killed for memory (it had up to 4.0 GB")
    assert reason(killed) == (
        "the worker was killed by SIGKILL, not by Runyard ({})".format(figures.format("1.0 GB"))
    )


def test_other_ends_are_told_apart():
    """Signals have names; what is known better is told instead."""
    assert reason(-signal.SIGSEGV, kills=4) == "the worker was ended by SIGSEGV"
    assert reason(7) == "the worker ended with exit code 7"
    assert reason(-9, told="a call ran for 70.0 s") == "a call ran for 70.0 s"


def test_limits_of_control_groups_count(tmp_path):
    """Of both versions, and the smallest of those around the process."""
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "vmstat").write_text("nr_free 5\noom_kill 2\n")
    (proc / "meminfo").write_text("MemTotal: 8388608 kB\nMemAvailable: 1024 kB\n")
    (proc / "self" / "cgroup").write_text("0::/jobs/one\n")
    (groups / "jobs" / "one").mkdir(parents=True)
    (groups / "jobs" / "memory.max").write_text("1073741824\n")
    (groups / "jobs" / "one" / "memory.max").write_text("max\n")
    (groups / "jobs" / "one" / "memory.events").write_text("oom 1\noom_kill 1\n")
    found = deaths.look(str(proc), str(groups))
    assert found == Memory(3, GB, "its control group", 1 << 20)
    (proc / "self" / "cgroup").write_text("4:memory:/old\n0::/\n")
    (groups / "memory" / "old").mkdir(parents=True)
    (groups / "memory" / "old" / "memory.limit_in_bytes").write_text(f"{2 * GB}\n")
    assert deaths.look(str(proc), str(groups)).limit == 2 * GB


def test_pauses_grow_and_the_fifth_death_in_a_row_gives_up():
    """0.1, 1, 5, 15 and 60 seconds; it is tried on once a minute."""
    restarts = Restarts()
    verdicts = [restarts.died(1.0, in_init=False) for _ in range(6)]
    assert [each.pause for each in verdicts] == [0.1, 1.0, 5.0, 15.0, 60.0, 60.0]
    assert [each.giving_up for each in verdicts] == [False] * 4 + [True] * 2
    assert not any(each.final for each in verdicts)
    assert restarts.deaths == 6


def test_a_minute_of_life_forgets_what_was():
    """The next death is a first one again."""
    restarts = Restarts()
    for _ in range(4):
        restarts.died(1.0, in_init=False)
    assert restarts.died(61.0, in_init=False).pause == 0.1


def test_two_inits_in_a_row_that_raise_are_final():
    """One that raised after the worker had served is not; a slow one counts as well."""
    restarts = Restarts()
    assert not restarts.died(2.0, in_init=True).final
    assert not restarts.died(100.0, in_init=False).final
    assert not restarts.died(600.0, in_init=True).final
    verdict = restarts.died(600.0, in_init=True)
    assert (verdict.final, verdict.pause) == (True, 60.0)


def test_a_killed_worker_is_waited_for_without_looking_all_the_time(monkeypatch):
    """The kernel may need seconds for one with much memory, and more for one in a driver."""
    child = object.__new__(Child)
    child.loaded, child._reason = False, "too long"
    child.began = child.heard = time.monotonic() - 700
    monkeypatch.setattr(Child, "_signal", lambda _self, _number: None)
    supervisor = object.__new__(Supervisor)
    supervisor._settings = Welcome()
    child.kill_now()
    supervisor._judge(child)
    later = time.monotonic() + 10.0
    assert supervisor._deadline(child, later) == later
