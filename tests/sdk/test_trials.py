"""Trials that this process makes: none told and lost, none doubled, whatever ends meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

import runyard
from runyard import Sweep, Workspace, uniform
from runyard.client import home
from runyard.sdk.exceptions import UserErrorException
from runyard_server.testing.clocks import of_an_idle_machine

SPACE = {"x": uniform(0, 1), "kind": runyard.choice("a", "b")}

SCRIPT = """
import os, signal, sys, time
from runyard import Experiment, Sweep, Workspace, choice, uniform
sweep = Sweep({"x": uniform(0, 1), "kind": choice("a", "b")}, {"loss": "minimize"}, max_trials=%d)
experiment = Experiment(Workspace.get(os.environ["WORKSPACE"]), "exp")
trials = sweep.open(experiment, "quick")
"""


def opened(experiment, name="quick", goal=None, workers=1, space=None, **given: object):
    """Begin a sweep over SPACE whose trials are made here, or go on with it."""
    sweep = Sweep(space or SPACE, goal or {"loss": "minimize"}, **given)
    return sweep.open(experiment, name, workers)


def states(trials):
    """How many trials there are, by state."""
    return dict(Counter(each.state for each in trials.get_children()))


def until_completed(trials):
    """Wait for the service's word: that the last trial is told it notices a moment later."""
    end = time.monotonic() + of_an_idle_machine(5)
    while trials.status != "Completed":
        assert time.monotonic() < end, trials.status
        time.sleep(0.02)


def spools():
    """The files of trials in the state folder."""
    return sorted((home.locate() / "spool").glob("*/*.trials"))


def python(text):
    """Run a script with the trials of the sweep `quick` of experiment `exp`."""
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=120
    )


def test_a_loop_makes_each_trial_once(experiment):
    """Numbers are without gap, values and best are the service's, and no file is left."""
    trials = opened(experiment, max_trials=40)
    given = {}
    for trial in trials:
        given[trial.number] = trial.params
        trial.tell(trial.params["x"])
    found = trials.get_children()
    assert [each.number for each in found] == list(range(40))
    assert {each.number: each.params for each in found} == given
    assert all((each.state, each.value) == ("completed", each.params["x"]) for each in found)
    assert trials.best.value == min(params["x"] for params in given.values())
    assert trials.best.number == min(given, key=lambda number: given[number]["x"])
    assert spools() == []


def test_threads_share_a_sweep(experiment):
    """Several loops over the same trials never get the same one."""
    trials = opened(experiment, max_trials=120, workers=4)
    seen = []

    def loop():
        for trial in trials:
            seen.append(trial.number)
            time.sleep(0.001)
            trial.tell(0.5)

    threads = [threading.Thread(target=loop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(120))
    assert states(trials) == {"completed": 120}


def test_two_processes_share_a_sweep(experiment):
    """Both open it by its name; each trial is made by one of them, and both end."""
    text = SCRIPT % 200 + (
        "for trial in trials:\n    time.sleep(0.002)\n    trial.tell(1)\n    print(trial.number)\n"
    )
    trials = opened(experiment, max_trials=200)
    mine, theirs = [], []
    for trial in trials:
        if not mine:
            other = subprocess.Popen(
                [sys.executable, "-u", "-c", text], stdout=subprocess.PIPE, text=True
            )
            theirs.append(int(other.stdout.readline()))
        if len(mine) == 20:
            # Without this it may not have come to its turn before all are made.
            theirs.append(int(other.stdout.readline()))
        time.sleep(0.002)
        trial.tell(1)
        mine.append(trial.number)
    # Not `communicate`, which knows nothing of what the lines before have read ahead.
    with other:
        theirs += [int(line) for line in other.stdout]
    assert len(theirs) > 1
    assert sorted(mine + theirs) == list(range(200))
    assert states(trials) == {"completed": 200}


def test_a_slow_function_keeps_nothing_from_others(experiment):
    """Nothing is asked for ahead of a trial that takes longer than asking."""
    trials = opened(experiment, max_trials=3)
    loop = iter(trials)
    for number in range(3):
        trial = next(loop)
        time.sleep(0.25)
        assert len(trials.get_children()) == number + 1
        trial.tell(1)
    loop.close()


def test_what_is_not_told_has_failed(experiment):
    """Asking for the next one without a word fails a trial, with that reason."""
    trials = opened(experiment, max_trials=2)
    for trial in trials:
        if trial.number:
            trial.tell(1)
    first, second = trials.get_children()
    assert (first.state, second.state) == ("failed", "completed")
    assert "before this one was told" in first.reason


@pytest.fixture(autouse=True)
def named(request, monkeypatch):
    """Scripts know which workspace is the test's."""
    if "experiment" in request.fixturenames:
        name = request.getfixturevalue("experiment").workspace.name
        monkeypatch.setenv("WORKSPACE", name)


@pytest.mark.parametrize("ends", ["break", "raise"])
def test_a_loop_that_is_left_gives_its_trial_back(experiment, ends):
    """After `break` or an exception the next loop makes that trial, and none is missing."""
    trials = opened(experiment, max_trials=5)
    left = []

    def loop():
        for trial in trials:
            if trial.number == 2:
                left.append(trial.params)
                if ends == "break":
                    break
                raise ArithmeticError
            trial.tell(trial.number)

    if ends == "break":
        loop()
    else:
        with pytest.raises(ArithmeticError):
            loop()
    assert states(trials) == {"completed": 2, "running": trials_open(trials)}
    again = opened(experiment, max_trials=5)
    assert again.id == trials.id
    made = {}
    for trial in again:
        made[trial.number] = trial.params
        trial.tell(trial.number)
    assert made[2] == left[0]
    assert sorted(made) == [2, 3, 4]
    assert states(again) == {"completed": 5}


def trials_open(trials):
    """How many have no end yet."""
    return sum(each.state == "running" for each in trials.get_children())


def test_values_that_are_told(experiment):
    """Numbers of any library and dicts by name count; NaN fails; what is no number is refused."""
    trials = opened(experiment, max_trials=4, goal={"loss": "minimize", "size": "maximize"})
    told = [[1, 2.5], {"size": 4, "loss": True}, (float("nan"), 1), [1, float("inf")]]
    for trial in trials:
        for bad, said in (
            (1.0, "told 1 value; the sweep has 2"),
            ({"loss": 1}, "the sweep's objectives are 'loss', 'size'"),
            ([1, "2"], "'2' \\(str\\), which is no number"),
            ([1, None], "trial.fail"),
        ):
            with pytest.raises(UserErrorException, match=said):
                trial.tell(bad)
        trial.tell(told[trial.number])
        with pytest.raises(UserErrorException, match="told of before"):
            trial.tell([1, 2])
    found = trials.get_children()
    assert [each.values for each in found[:2]] == [[1.0, 2.5], [1.0, 4.0]]
    assert [each.state for each in found] == ["completed", "completed", "failed", "failed"]
    assert [each.reason for each in found[2:]] == [
        "it has told nan, which is no finite number",
        "it has told inf, which is no finite number",
    ]


def test_a_policy_stops_what_is_reported(experiment):
    """`report` says that a trial is not worth going on; it is stopped with its best value."""
    trials = opened(
        experiment,
        goal={"loss": "minimize"},
        policy=runyard.bandit(slack_amount=0.1),
        max_trials=2,
    )
    for trial in trials:
        for step in range(1, 10_000):
            value = float(trial.number) if step > 1 else float("nan")
            if not trial.report(step, value):
                break
            time.sleep(0.005)
            if trial.number == 0 and step == 5:
                trials.flush()
                trial.tell(0.0)
                break
        else:
            pytest.fail("the policy stops nothing")
    first, second = trials.get_children()
    assert (first.state, second.state, second.value) == ("completed", "stopped", 1.0)
    assert "bandit" in second.reason.lower()


def test_optimize_calls_a_function(experiment):
    """What it raises or forgets fails its trial alone; it may have the trial itself."""

    def function(x, kind, trial):
        if trial.number == 3:
            raise ZeroDivisionError("by x")
        return None if trial.number == 4 else x * len(kind)

    trials = opened(experiment, max_trials=12).optimize(function, workers=3)
    found = trials.get_children()
    assert found[3].reason == "ZeroDivisionError: by x"
    assert "is no number" in found[4].reason
    assert states(trials) == {"completed": 10, "failed": 2}
    until_completed(trials)


def test_a_space_that_is_used_up_ends_the_loop(experiment):
    """A grid of six points makes six trials, though no limit was given."""
    space = {"a": runyard.choice(1, 2, 3), "b": runyard.choice(2, 0)}
    trials = opened(experiment, space=space, sampler="grid")
    assert trials.optimize(lambda a, b: a * b).best.params == {"a": 1, "b": 0}
    assert states(trials) == {"completed": 6}


def test_a_sampler_that_learns_sees_what_was_told(experiment):
    """TPE asks little ahead and finds its way; all it draws is told."""
    trials = opened(experiment, sampler="tpe", max_trials=40, workers=2)
    trials.optimize(lambda x, kind: (x - 0.3) ** 2 + (kind == "b"))
    assert states(trials) == {"completed": 40}
    assert trials.best.value < 0.05


def test_cancel_ends_the_loop(experiment, capsys):
    """Whoever cancels the sweep ends its loops, and says why; a limit that is changed holds."""
    trials = opened(experiment)
    for count, trial in enumerate(trials):
        trial.tell(1)
        if count == 20:
            trials.cancel()
        assert count < 5000
        time.sleep(0.001)
    assert "was canceled" in capsys.readouterr().err
    assert trials.status == "Canceled"
    assert states(trials)["completed"] >= 20
    trials = opened(experiment, "other", max_trials=500)
    from runyard.protocol.sweeps import ChangeSweep

    for count, trial in enumerate(trials):
        trial.tell(1)
        # What was given before may be made; the word comes with the next answer of the service.
        time.sleep(0.01 if count < 3 else 0.05)
        if count == 3:
            experiment.workspace.service.sweeps.change(trials.id, ChangeSweep(max_trials=10))
    assert len(trials.get_children()) < 100


def test_close_ends_a_sweep_without_a_limit(experiment):
    """A sweep that was left stays open for the next loop, until somebody closes it."""
    trials = opened(experiment)
    for trial in trials:
        trial.tell(1)
        if trial.number == 3:
            break
    assert trials.status == "Running"
    trials.close()
    trials.as_run().wait_for_completion()
    until_completed(trials)


def test_trials_become_runs_on_demand(experiment):
    """A run of one trial keeps what a number cannot; asked for twice it is the same."""
    trials = opened(experiment, max_trials=1)
    for trial in trials:
        run = trial.as_run()
        run.log("depth", 3)
        run.complete()
        trial.tell(0.5)
    assert (run.id, run.parent.id) == (f"{trials.id}_0", trials.id)
    assert json.loads(run.get_tags()["hyperparameters"]) == trials.best.params
    assert trials.best.as_run().get_metrics() == {"depth": 3}


KILLED = (
    SCRIPT
    + """
from runyard.client.trials import TrialCourier
for trial in trials:
    if trial.number == 5:
        trials.flush()
        TrialCourier._exchanged = lambda self, body: time.sleep(60)
        time.sleep(0.2)
    if trial.number == 12:
        os.kill(os.getpid(), signal.SIGKILL)
    trial.tell(trial.number)
"""
)


def test_a_killed_client_loses_nothing(experiment):
    """What it told last is brought by the next one, and what it had not made is made at once."""
    done = python(KILLED % 20)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(spools()) == 1
    begun = time.monotonic()
    trials = opened(experiment, max_trials=20)
    made = []
    for trial in trials:
        made.append(trial.number)
        trial.tell(trial.number)
    assert made == list(range(12, 20))
    assert time.monotonic() - begun < of_an_idle_machine(15)
    assert [each.value for each in trials.get_children()] == list(range(20))
    assert spools() == []


def test_any_client_brings_what_a_killed_one_told(experiment):
    """Opening the workspace is enough; a file that was brought twice tells nothing twice."""
    done = python(KILLED % 20)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (left,) = spools()
    kept = left.read_bytes()
    from runyard.sdk import sessions

    sessions._looked.clear()
    Workspace.get(experiment.workspace.name)
    for work in sessions._bringing:
        work.join()
    assert spools() == []
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(kept)
    trials = opened(experiment, max_trials=20)
    assert sum(each.state == "completed" for each in trials.get_children()) == 12
    assert spools() == []


def test_a_forked_child_tells_by_itself(experiment):
    """Its parent's thread is not in it, so it makes a courier and a file of its own."""
    trials = opened(experiment, max_trials=2)
    for trial in trials:
        child = os.fork()
        if not child:
            trial.tell(7)
            os._exit(0 if trials.flush(30) else 1)
        assert os.waitpid(child, 0)[1] == 0
        trial._told = True
    assert [each.value for each in trials.get_children()] == [7, 7]
    # A child that leaves by _exit leaves its file, whose lines the service has; other tests count.
    for left in spools():
        left.unlink()


def test_ctrl_c_ends_the_threads_too(experiment):
    """A notebook that is interrupted trains nothing further; what was given goes back."""
    trials, made = opened(experiment, max_trials=200), []
    main = threading.main_thread().ident

    def function(x, kind):
        del kind
        made.append(x)
        if len(made) == 4:
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.02)
        return x

    with pytest.raises(KeyboardInterrupt):
        trials.optimize(function, workers=2)
    so_far = len(made)
    time.sleep(0.2)
    assert len(made) <= so_far + 2
    assert so_far < 100


def test_sys_exit_in_one_thread_ends_the_others(experiment):
    """Whoever gives up means all, not the trials of one thread."""
    made = []

    def function(x, kind):
        del kind
        made.append(x)
        if len(made) == 4:
            sys.exit(3)
        time.sleep(0.02)
        return x

    with pytest.raises(SystemExit):
        opened(experiment, max_trials=200).optimize(function, workers=2)
    assert len(made) < 100
