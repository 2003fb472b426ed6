"""`runyard.Sweep`: what it asks for, and what it refuses before anything is sent."""

import re
from types import SimpleNamespace

import pytest

import runyard
from runyard import Sweep, choice, integer, loguniform, quantized, uniform
from runyard.protocol.runs import RunSpec
from runyard.protocol.sweeps import Objective, PolicySpec, SamplerSpec
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.submission import Submission

SPACE = {
    "lr": loguniform(1e-4, 1e-1),
    "opt": choice({"sgd": {"momentum": uniform(0, 1)}, "adam": {}}),
    "layers": integer(1, 4),
    "epochs": 3,
}
GOAL = {"val_acc": "maximize"}


class Base:
    """What can be submitted."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = list(arguments)

    def _submission(self, experiment: SimpleNamespace, **_: object) -> Submission:
        spec = RunSpec(experiment.name, "", "train.py", arguments=self.arguments)
        return Submission(".", spec)


def submitted(sweep, base=None):
    """What `experiment.submit` is given."""
    return sweep.over(base or Base())._submission(SimpleNamespace(name="exp"))


def test_a_sweep_asks_for_what_it_was_told():
    """Each argument of Sweep reaches the service, minutes as seconds, branches by their names."""
    sweep = Sweep(
        SPACE,
        {"val_acc": "Maximize"},
        sampler=runyard.tpe(startup=5),
        policy=runyard.median(interval=2, delay=4),
        max_trials=20,
        parallel=4,
        max_minutes=1.5,
        max_failures=None,
        seed=7,
    )
    spec = submitted(sweep.learn_from("old", {"rate": "lr"})).sweep
    assert [each.name for each in spec.space] == [
        "lr",
        "opt",
        "opt.sgd.momentum",
        "layers",
        "epochs",
    ]
    assert [each.argument for each in spec.space][2] == "momentum"
    assert spec.space[2].when == {"opt": "sgd"}
    assert spec.objectives == [Objective("val_acc", "maximize")]
    assert spec.sampler == SamplerSpec("tpe", {"startup": 5})
    assert spec.policy == PolicySpec("median", 2, 4, by_step=True)
    assert (spec.max_trials, spec.parallel, spec.seed) == (20, 4, 7)
    assert (spec.max_duration_seconds, spec.max_failures) == (90.0, 0)
    assert (spec.resume_from, spec.mapping) == (["old"], {"rate": "lr"})


def test_without_a_seed_sweeps_differ_but_one_that_is_opened_again_does_not():
    """Two sweeps must not try the same points by accident; an open one must be found again."""
    sweep = Sweep(SPACE, GOAL)
    assert submitted(sweep).sweep.seed != submitted(sweep).sweep.seed
    assert sweep._spec("exp", "quick") == sweep._spec("exp", "quick")
    assert sweep._spec("exp", "quick").seed != sweep._spec("exp", "other").seed


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"space": {}}, "space must be a dict"),
        ({"space": [loguniform(1, 2)]}, "space must be a dict"),
        ({"space": {"lr": [0.1, 0.2]}}, "'lr' is a list: to try its values write"),
        ({"space": {"lr": object()}}, "'lr' is object: use an expression"),
        ({"space": {"lr": float("nan")}}, "'lr' has the value nan"),
        ({"space": {"a": uniform(0, 1), "--a": uniform(0, 1)}}, "would both be given as 'a'"),
        ({"goal": "maximize"}, "goal is 'maximize'; give the metric"),
        ({"goal": {}}, "goal is {}"),
        ({"goal": {"acc": "up"}}, "'acc' is to be 'up'; it must be 'maximize' or 'minimize'"),
        ({"goal": {"a": "maximize", "b": "minimize"}, "policy": "median"}, "needs one goal"),
        ({"sampler": None}, "sampler is None"),
        ({"sampler": runyard.tpe}, "call it: runyard.tpe(…)"),
        ({"sampler": "grid"}, "'lr' has endlessly many values"),
        ({"policy": "asha"}, "runyard.asha(max_steps=81)"),
        ({"policy": runyard.asha}, "call it: runyard.asha(…)"),
        ({"policy": runyard.pbt(10)}, "give parallel, or pbt(population=…)"),
        ({"max_trials": 0}, "max_trials is 0"),
        ({"max_trials": True}, "max_trials is True"),
        ({"parallel": 2.5}, "parallel is 2.5"),
        ({"max_minutes": 0}, "max_minutes is 0"),
        ({"max_minutes": float("inf")}, "max_minutes is inf"),
        ({"max_failures": -1}, "max_failures is -1"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(given, part):
    """A wrong argument is told where it was written, not by a service minutes later."""
    with pytest.raises(UserErrorException, match=re.escape(part)):
        Sweep(**{"space": SPACE, "goal": GOAL, **given})


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (choice, "choice() has no values"),
        (lambda: choice([]), "choice() has no values"),
        (lambda: choice(object), "cannot be sent"),
        (lambda: choice(1.0, float("inf")), "cannot be sent"),
        (lambda: choice({"sgd": 1}), "the branch 'sgd': 1"),
        (lambda: uniform(1, 0), "uniform: low 1 must be below high 0"),
        (lambda: uniform("a", 1), "uniform: low is 'a'"),
        (lambda: uniform(0, 10**400), "uniform: high is 1000"),
        (lambda: loguniform(0, 1), "bounds above 0"),
        (lambda: quantized(0, 1, 0), "q is 0"),
        (lambda: integer(0.5, 3), "must be whole numbers"),
        (lambda: runyard.normal(0, -1), "sigma is -1"),
        (runyard.bandit, "one of slack_factor and slack_amount"),
        (lambda: runyard.bandit(slack_factor=0), "slack_factor is 0; it must be above 0"),
        (lambda: runyard.truncation(100), "percentage is 100"),
        (lambda: runyard.percentile(0), "percentile is 0"),
        (runyard.threshold, "give lower, upper, or both"),
        (lambda: runyard.threshold(2, 1), "swap them"),
        (lambda: runyard.patience(0), "patience is 0"),
        (lambda: runyard.asha(0), "max_steps is 0"),
        (lambda: runyard.asha(81, factor=1), "factor is 1"),
        (lambda: runyard.hyperband(81, min_steps=0), "min_steps is 0"),
        (lambda: runyard.pbt(10, max_steps=5), "max_steps is 5"),
        (lambda: runyard.median(interval=0), "interval is 0"),
        (lambda: runyard.tpe(startup=0), "startup is 0"),
    ],
)
def test_expressions_and_policies_refuse_what_cannot_be(make, part):
    """The line that is wrong raises, with what it was given."""
    with pytest.raises(UserErrorException, match=re.escape(part)):
        make()


def test_values_of_a_choice_stay_as_they_are():
    """What a script gets must be what was written: truth values, lists, one list of options."""
    assert choice([1, 2]).spec.choices == [1, 2]
    assert choice(range(3)).spec.choices == [0, 1, 2]
    assert choice((64, 64), (32,)).spec.choices == [[64, 64], [32]]
    assert choice([True, None, "x"]).spec.choices == [True, None, "x"]


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (choice(["a", "b"]), "choice('a', 'b')"),
        (choice({"a": {}}), "choice({'a': {}})"),
        (uniform(0, 1), "uniform(0.0, 1.0)"),
        (loguniform(0.1, 1), "loguniform(0.1, 1.0)"),
        (integer(1, 4, log=True), "integer(1, 4, log=True)"),
        (quantized(0, 1, 0.25), "quantized(0.0, 1.0, 0.25)"),
        (quantized(8, 64, 8), "quantized(8, 64, 8)"),
        (runyard.lognormal(0, 1), "lognormal(0.0, 1.0)"),
    ],
)
def test_an_expression_shows_itself_as_it_is_written(made, written):
    """What is printed can be pasted."""
    assert repr(made) == written


def test_points_to_try_first_are_checked_against_the_space():
    """A point with a missing, unknown or impossible value is told when it is written."""
    sweep = Sweep(SPACE, GOAL, max_trials=2)
    sweep.enqueue({"lr": 0.01, "opt": "adam", "layers": 2})
    sweep.enqueue({"--lr": 0.01, "opt": "sgd", "momentum": 0.9, "layers": 2, "epochs": 3})
    assert submitted(sweep).sweep.enqueued == [
        {"lr": 0.01, "opt": "adam", "layers": 2, "epochs": 3},
        {"lr": 0.01, "opt": "sgd", "opt.sgd.momentum": 0.9, "layers": 2, "epochs": 3},
    ]
    with pytest.raises(UserErrorException, match=re.escape("max_trials is 2")):
        sweep.enqueue({"lr": 0.01, "opt": "adam", "layers": 2})


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"lr": None}, "no value for 'lr'"),
        ({"lr": 1.0}, "'lr' cannot be 1.0; it is between 0.0001 and 0.1"),
        ({"lr": "high"}, "'lr' is 'high'; it must be a number"),
        ({"opt": "sdg"}, "'opt' cannot be 'sdg'; it is one of 'sgd', 'adam'"),
        ({"layers": 2.5}, "'layers' is 2.5; it must be a whole number"),
        ({"layers": True}, "'layers' is True"),
        ({"epochs": 4}, "'epochs' cannot be 4"),
        ({"momentum": 0.9}, "there only when opt is 'sgd'"),
        ({"learning_rate": 1}, "'learning_rate', which is no parameter"),
    ],
)
def test_an_impossible_point_is_refused(change, part):
    """The message says which parameter and what it may be."""
    point = {"lr": 0.01, "opt": "adam", "layers": 2, **change}
    with pytest.raises(UserErrorException, match=re.escape(part)):
        Sweep(SPACE, GOAL).enqueue({k: v for k, v in point.items() if v is not None})


def test_what_is_learned_from_is_a_sweep_given_once_with_names_of_the_space():
    """Warm starts that cannot work are refused, with the nearest parameter."""
    sweep = Sweep(SPACE, GOAL)
    with pytest.raises(UserErrorException, match=re.escape("not int")):
        sweep.learn_from(7)
    with pytest.raises(UserErrorException, match=re.escape("nearest: 'layers'")):
        sweep.learn_from("old", {"depth": "layer"})
    sweep.learn_from("old")
    with pytest.raises(UserErrorException, match=re.escape("learned from already")):
        sweep.learn_from("old")


def test_a_sweep_goes_over_what_one_trial_runs():
    """Functions, classes and sweeps are told what to do instead; doubles are warned of."""
    sweep = Sweep(SPACE, GOAL)
    with pytest.raises(
        UserErrorException, match=re.escape("experiment.submit(sweep.over(ScriptRunConfig(")
    ):
        sweep._submission(SimpleNamespace(name="exp"))
    for wrong in (len, Base, "train.py", sweep):
        with pytest.raises(
            UserErrorException,
            match=re.escape("a sweep goes over a ScriptRunConfig or an estimator"),
        ):
            sweep.over(wrong)
    with pytest.raises(UserErrorException, match=re.escape("is a sweep itself")):
        submitted(sweep, sweep.over(Base()))
    with pytest.warns(UserWarning, match="--lr stand among the script's own arguments"):
        submitted(sweep, Base("--lr=1", "--data", "x"))
