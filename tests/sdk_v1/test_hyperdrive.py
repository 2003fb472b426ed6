"""HyperDrive's names: plain lists, exact refusals, and the spec that a configuration becomes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from azureml.train.hyperdrive import (
    BanditPolicy,
    BayesianParameterSampling,
    GridParameterSampling,
    HyperDriveConfig,
    HyperDriveRunConfig,
    MedianStoppingPolicy,
    NoTerminationPolicy,
    PrimaryMetricGoal,
    RandomParameterSampling,
    TruncationSelectionPolicy,
    choice,
    lognormal,
    loguniform,
    normal,
    qlognormal,
    qloguniform,
    qnormal,
    quniform,
    randint,
    uniform,
)
from azureml.train.hyperdrive.exceptions import (
    HyperDriveConfigException,
    HyperDriveScenarioNotSupportedException,
)
from runyard.protocol.codec import decode, encode
from runyard.protocol.sweeps import Objective, SweepSpec
from runyard.sdk.v1.estimators import Estimator
from runyard.sdk.v1.hyperdrive.expressions import parameter_of
from runyard.sdk.v1.runconfig import RunConfiguration
from runyard.sdk.v1.scripts import ScriptRunConfig

SPACE = {"--lr": uniform(0.01, 0.1), "units": choice(16, 32)}


def config_of(base, sampling=None, **given: object):
    return HyperDriveConfig(
        sampling or RandomParameterSampling(SPACE),
        "acc",
        PrimaryMetricGoal.MAXIMIZE,
        given.pop("max_total_runs", 8),
        run_config=base,
        **given,
    )


@pytest.fixture
def base(folder):
    """A script that is swept."""
    return ScriptRunConfig(str(folder), arguments=["--lr", 1, "--data", "x"])


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (choice(1, 2), ["choice", [[1, 2]]]),
        (choice([1, 2]), ["choice", [[1, 2]]]),
        (choice(range(1, 4)), ["choice", [[1, 2, 3]]]),
        (choice("a"), ["choice", [["a"]]]),
        (randint(5), ["randint", [5]]),
        (uniform(0, 1), ["uniform", [0, 1]]),
        (quniform(1, 9, 2), ["quniform", [1, 9, 2]]),
        (loguniform(-6, -1), ["loguniform", [-6, -1]]),
        (loguniform(-1, -1), ["loguniform", [-1, -1]]),
        (qloguniform(1, 3, 1), ["qloguniform", [1, 3, 1]]),
        (normal(0, 0), ["normal", [0, 0]]),
        (qnormal(0, 2, 1), ["qnormal", [0, 2, 1]]),
        (lognormal(0, 1), ["lognormal", [0, 1]]),
        (qlognormal(0, 1, 0.5), ["qlognormal", [0, 1, 0.5]]),
    ],
)
def test_expressions_are_plain_lists(made, wanted):
    """v1 scripts print and compare them."""
    assert made == wanted
    assert json.loads(json.dumps(made)) == wanted


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (choice, "no options"),
        (lambda: choice([]), "empty"),
        (lambda: choice(range(0)), "empty"),
        (lambda: choice([1], 2), "beside others"),
        (lambda: randint(0), "above 0"),
        (lambda: randint("5"), "upper is '5'"),
        (lambda: uniform(1, 1), "below"),
        (lambda: uniform("a", 1), "min_value is 'a'"),
        (lambda: uniform(0, math.nan), "max_value is nan"),
        (lambda: quniform(0, 1, 0), "q is 0"),
        (lambda: loguniform(2, 1), "not be above"),
        (lambda: loguniform(0.001, 1000), "exponents"),
        (lambda: qloguniform(0, 1, -1), "q is -1"),
        (lambda: normal(0, -1), "sigma is -1"),
        (lambda: qnormal(0, 1, 0), "q is 0"),
        (lambda: lognormal(0, -1), "sigma"),
        (lambda: qlognormal(0, 1, math.inf), "q is inf"),
    ],
)
def test_expressions_refuse(make, word):
    """A space that cannot be drawn from fails where it is written."""
    with pytest.raises(HyperDriveConfigException, match=word):
        make()


def test_bounds_of_logarithmic_expressions_are_exponents():
    """loguniform(-6, -1) draws 0.0025 to 0.37, not from -6 to -1."""
    found = parameter_of("--lr", loguniform(-6, -1))
    assert (found.low, found.high, found.log) == (math.exp(-6), math.exp(-1), True)


def test_whole_steps_and_bounds_give_whole_numbers():
    """argparse's type=int reads 64 and not 64.0."""
    assert parameter_of("n", quniform(16, 128, 16)).whole
    assert not parameter_of("n", quniform(16, 128, 0.5)).whole
    assert parameter_of("n", randint(3)).high == 2


def test_numbers_of_numpy_are_kept_as_numbers():
    """choice(*np.arange(3)) is common; JSON knows no numpy.int64."""

    class Scalar:
        def item(self):
            return 7

    assert choice(Scalar(), Scalar()) == ["choice", [[7, 7]]]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: RandomParameterSampling([1]), "must be a dict"),
        (lambda: RandomParameterSampling({}), "empty"),
        (lambda: RandomParameterSampling({"--lr": 0.1}), "'--lr' is 0.1"),
        (lambda: RandomParameterSampling({"--lr": ["uniform", [1, 0]]}), "'--lr'.*below"),
        (lambda: RandomParameterSampling({"a": choice(1), "--a": choice(2)}), "same argument"),
        (lambda: GridParameterSampling({"lr": uniform(0, 1)}), "'lr' is uniform"),
        (lambda: GridParameterSampling({"a": choice(1, "x")}), "all texts or all numbers"),
        (lambda: GridParameterSampling({"a": choice([None])}), "no number and no text"),
        (lambda: BayesianParameterSampling({"a": normal(0, 1)}), "'a' is normal"),
        (lambda: BayesianParameterSampling({"a": quniform(0, 1.5, 1)}), "whole numbers"),
        (lambda: BayesianParameterSampling({"a": quniform(0, 10**6, 1)}), "100000 steps"),
    ],
)
def test_samplers_refuse_and_name_the_parameter(make, word):
    """Which of twenty parameters is wrong is said."""
    with pytest.raises(HyperDriveConfigException, match=word):
        make()


def test_samplers_are_kept_as_v1_kept_them():
    """Tools read `generator_config` of old sweeps."""
    assert RandomParameterSampling(SPACE).to_json() == {"name": "RANDOM", "parameter_space": SPACE}
    grid = GridParameterSampling({"a": choice(1, 2)}, {"x": 1})
    assert (grid.to_json()["name"], grid.to_json()["properties"]) == ("GRID", {"x": 1})
    found = BayesianParameterSampling({"a": uniform(0, 1)}).to_json()
    assert found["name"] == "BayesianOptimization"


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (BanditPolicy, "needs slack_factor or slack_amount"),
        (lambda: BanditPolicy(slack_factor=0.1, slack_amount=0.1), "not both"),
        (lambda: BanditPolicy(slack_factor=0), "slack_factor is 0"),
        (lambda: BanditPolicy(slack_amount=-1), "slack_amount is -1"),
        (lambda: BanditPolicy(slack_factor="0.1"), "slack_factor is '0.1'"),
        (lambda: BanditPolicy(slack_factor=0.1, evaluation_interval=0), "evaluation_interval is 0"),
        (lambda: MedianStoppingPolicy(evaluation_interval=1.0), "evaluation_interval is 1.0"),
        (lambda: MedianStoppingPolicy(delay_evaluation=-1), "delay_evaluation is -1"),
        (lambda: TruncationSelectionPolicy(0), "truncation_percentage is 0"),
        (lambda: TruncationSelectionPolicy(100), "truncation_percentage is 100"),
        (lambda: TruncationSelectionPolicy(10.0), "truncation_percentage is 10.0"),
    ],
)
def test_policies_refuse_and_name_the_argument(make, word):
    """A policy that would stop nothing, or everything, is not made."""
    with pytest.raises(HyperDriveConfigException, match=word):
        make()


def test_policies_are_kept_as_v1_kept_them():
    """Name and properties, the slack that was given alone."""
    found = BanditPolicy(slack_factor=0.1, evaluation_interval=2, delay_evaluation=5).to_json()
    wanted = {"evaluation_interval": 2, "delay_evaluation": 5, "slack_factor": 0.1}
    assert found == {"name": "Bandit", "properties": wanted}
    assert NoTerminationPolicy().to_json()["name"] == "Default"
    assert TruncationSelectionPolicy(20).to_json()["properties"]["truncation_percentage"] == 20
    assert BanditPolicy(slack_factor=0.1, slack_amount=0).to_json()["properties"] == {
        "evaluation_interval": 1, "delay_evaluation": 0, "slack_factor": 0.1
    }  # fmt: skip


def test_what_a_configuration_becomes(base, experiment):
    """Space, objective, limits and policy reach the service; the script keeps its arguments."""
    given = config_of(
        base, policy=BanditPolicy(slack_amount=0.1), max_concurrent_runs=2, max_duration_minutes=3
    )._submission(experiment)
    spec = given.sweep
    assert decode(SweepSpec, encode(spec)) == spec
    assert spec.objectives == [Objective("acc", "maximize")]
    assert (spec.max_trials, spec.parallel, spec.max_duration_seconds) == (8, 2, 180.0)
    assert [each.name for each in spec.space] == ["--lr", "units"]
    assert (spec.policy.name, spec.policy.options) == ("bandit", {"slack_amount": 0.1})
    assert spec.hyperdrive
    assert given.spec.arguments == ["--lr", "1", "--data", "x"]
    assert given.run_id.startswith("HD_")


def test_tags_and_properties_are_v1s(base, experiment):
    """What v1's own methods and users' scripts read."""
    given = config_of(base)._submission(experiment)
    assert json.loads(given.tags["primary_metric_config"]) == {"name": "acc", "goal": "maximize"}
    assert json.loads(given.tags["generator_config"])["parameter_space"] == SPACE
    assert json.loads(given.tags["policy_config"])["name"] == "Default"
    assert (given.tags["max_total_jobs"], given.tags["max_concurrent_jobs"]) == ("8", "8")
    assert given.tags["max_duration_minutes"] == "10080"
    assert given.properties["runTemplate"] == "HyperDrive"
    assert given.properties["resume_from"] == "null"


def test_an_estimators_swept_arguments_go_with_one_warning(folder, experiment):
    """The sweep's values would come twice, and the first would be lost on argparse."""
    estimator = Estimator(
        str(folder),
        entry_script="train.py",
        compute_target="local",
        script_params={"--lr": -1, "-units": [1, 2], "--data": "x", "--verbose": ""},
    )
    config = HyperDriveConfig(
        RandomParameterSampling(SPACE), "acc", "maximize", 4, estimator=estimator
    )
    with pytest.warns(UserWarning, match="--lr, -units"):
        given = config._submission(experiment)
    assert given.spec.arguments == ["--data", "x", "--verbose"]
    assert given.sweep.dropped == ["--lr", "-units"]
    assert estimator.run_config.arguments[0] == "--lr"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"run_config": None}, "exactly one"),
        ({"pipeline": 1, "run_config": None}, "HyperDriveStep"),
        ({"estimator": 1}, "exactly one"),
        ({"run_config": RunConfiguration()}, "not RunConfiguration"),
        ({"run_config": None, "estimator": 3}, "not int"),
        ({"hyperparameter_sampling": {}}, "not dict"),
        ({"policy": "bandit"}, "not str"),
        ({"primary_metric_name": ""}, "primary_metric_name is ''"),
        ({"primary_metric_goal": "up"}, "primary_metric_goal is 'up'"),
        ({"max_total_runs": 0}, "max_total_runs is 0"),
        ({"max_total_runs": 2.0}, "max_total_runs is 2.0"),
        ({"max_concurrent_runs": -1}, "max_concurrent_runs is -1"),
        ({"max_duration_minutes": 0}, "max_duration_minutes is 0"),
    ],
)
def test_configurations_refuse_and_name_the_argument(base, change, word):
    """All before anything is sent."""
    given = {
        "hyperparameter_sampling": RandomParameterSampling(SPACE),
        "primary_metric_name": "acc",
        "primary_metric_goal": PrimaryMetricGoal.MINIMIZE,
        "max_total_runs": 4,
        "run_config": base,
        **change,
    }
    with pytest.raises(HyperDriveConfigException, match=word):
        HyperDriveConfig(**given)


def test_a_policy_with_bayesian_sampling_is_refused(base):
    """As in v1; a policy that stops nothing is none."""
    sampling = BayesianParameterSampling({"lr": uniform(0, 1)})
    with pytest.raises(HyperDriveScenarioNotSupportedException, match="BanditPolicy"):
        config_of(base, sampling, policy=BanditPolicy(slack_factor=0.1), max_total_runs=20)
    made = config_of(base, sampling, policy=NoTerminationPolicy(), max_total_runs=20)
    assert made._spec("e", []).sampler.name == "tpe"


def test_bayesian_sampling_advises(base):
    """Too few runs, or too many at once, are warned of and not refused."""
    sampling = BayesianParameterSampling({"lr": uniform(0, 1)})
    with pytest.warns(UserWarning, match="20 runs or more"):
        config_of(base, sampling, max_total_runs=19)
    with pytest.warns(UserWarning, match="more than 20 at"):
        config_of(base, sampling, max_total_runs=40, max_concurrent_runs=21)


def test_more_than_a_week_is_cut_with_a_warning(base):
    """As in v1."""
    with pytest.warns(UserWarning, match="10080"):
        made = config_of(base, max_duration_minutes=20000)
    assert made._spec("e", []).max_duration_seconds == 10080 * 60


def test_arguments_spelled_with_a_sign_of_equality_are_found(folder, experiment):
    """`--lr=1` is the same argument as `--lr 1`."""
    estimator = Estimator(str(folder), entry_script="train.py", compute_target="local")
    estimator.run_config.arguments = ["--lr=1", "x", "--data=y"]
    config = HyperDriveConfig(
        RandomParameterSampling(SPACE), "acc", "maximize", 4, estimator=estimator
    )
    with pytest.warns(UserWarning, match="arguments --lr are"):
        given = config._submission(experiment)
    assert given.spec.arguments == ["x", "--data=y"]


def test_limits_may_be_numbers_of_numpy_and_half_minutes(base):
    """len(a) * np.prod(b) runs, and 30 / 60 of an hour in minutes."""

    class Scalar(int):
        """As numpy.int64 is a whole number."""

    made = config_of(base, max_total_runs=Scalar(3), max_duration_minutes=0.5)
    spec = made._spec("e", [])
    assert (type(spec.max_trials), spec.max_trials, spec.max_duration_seconds) == (int, 3, 30.0)
    assert HyperDriveConfig._of_tags(made._tags())._tags() == made._tags()


def test_truncation_may_leave_out_what_has_ended():
    """The engine calls it otherwise than v1 did."""
    spec = TruncationSelectionPolicy(10, exclude_finished_jobs=True)._policy_spec()
    assert spec.options == {"percentage": 10, "exclude_finished": True}


def test_the_older_name_begins_with_the_estimator(folder):
    """Notebooks of 2018 and 2019 give it by position."""
    estimator = Estimator(str(folder), entry_script="train.py", compute_target="local")
    with pytest.warns(UserWarning, match="HyperDriveConfig"):
        made = HyperDriveRunConfig(
            estimator, RandomParameterSampling(SPACE), "acc", PrimaryMetricGoal.MAXIMIZE, 4
        )
    assert isinstance(made, HyperDriveConfig)
    assert made.estimator is estimator


def test_a_seed_is_heeded(base):
    """properties={'seed': 7} draws the same every time."""
    sampling = RandomParameterSampling(SPACE, properties={"seed": 7})
    assert config_of(base, sampling)._spec("e", []).seed == 7


def test_a_configuration_comes_back_from_its_tags(base, experiment):
    """`hyperdrive_config` of a sweep that was fetched."""
    made = config_of(base, policy=TruncationSelectionPolicy(20, evaluation_interval=5))
    again = HyperDriveConfig._of_tags(made._submission(experiment).tags)
    assert again._tags() == made._tags()
    assert (again.estimator, again.run_config, again.source_directory) == (None, None, None)


def test_policies_may_have_numbers_of_numpy():
    """They come out of arrays of settings, and are kept as JSON."""
    policy = BanditPolicy(evaluation_interval=np.int64(2), slack_factor=np.float32(0.5))
    kept = {"evaluation_interval": 2, "delay_evaluation": 0, "slack_factor": 0.5}
    assert json.loads(json.dumps(policy.to_json()))["properties"] == kept
    truncation = TruncationSelectionPolicy(np.int64(20), delay_evaluation=np.int64(1))
    assert json.loads(json.dumps(truncation.to_json()))["properties"] == {
        "evaluation_interval": 1,
        "delay_evaluation": 1,
        "truncation_percentage": 20,
    }
