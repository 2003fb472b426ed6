"""Samplers and policies are found by name, with options that are checked before anything runs."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import Objective, ParameterSpec, PolicySpec, SamplerSpec
from runyard_server.tuning import registry
from runyard_server.tuning.base import Policy, Sampler, Setting
from runyard_server.tuning.policies.bandit import BanditPolicy
from runyard_server.tuning.samplers import gaussian

SETTING = Setting([ParameterSpec("lr", "number", low=0, high=1)], [Objective("loss")])
PARTS = """
from runyard_server.tuning.samplers.independent import RandomSampler
class LipoSampler(RandomSampler):
    def __init__(self, setting, *, depth: int, share: float = 0.5, name: str | None = None):
        super().__init__(setting)
        self.options = (depth, share, name)
class NoSampler:
    pass
"""
POINTS = """
[runyard.samplers]
lipo = other_samplers:LipoSampler
wrong = other_samplers:NoSampler
gone = nowhere_at_all:Sampler
"""


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution of somebody else that brings samplers."""
    (tmp_path / "other_samplers.py").write_text(PARTS)
    info = tmp_path / "other_samplers-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-samplers\nVersion: 1\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))


def sampler(name: str, /, **options: object) -> Sampler:
    return registry.sampler(SamplerSpec(name), replace(SETTING, options=options))


def policy(spec: PolicySpec, setting: Setting = SETTING) -> Policy | None:
    return registry.policy(spec, replace(setting, options=spec.options))


@pytest.mark.usefixtures("_installed")
def test_another_distribution_brings_one() -> None:
    """What is installed beside us is found by its name, and gets the options it declares."""
    made = sampler("lipo", depth=2, share=1)
    assert made.options == (2, 1.0, None)  # type: ignore[attr-defined]  # of a class that is made here
    assert "lipo" in registry.names(registry.SAMPLERS)


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lippo", {}, "no sampler 'lippo'; did you mean 'lipo'"),
        ("gone", {}, "'gone' cannot be loaded from nowhere_at_all:Sampler.*nowhere_at_all"),
        ("wrong", {}, "no subclass of runyard_server.tuning.base.Sampler"),
        ("lipo", {}, "needs 'depth'"),
        ("lipo", {"depth": 1, "shares": 1}, "'shares' is no option.*did you mean 'share'"),
        ("lipo", {"depth": 1.5}, "depth of the sampler 'lipo' is 1.5; it must be a whole number"),
        ("lipo", {"depth": True}, "True; it must be a whole number"),
        ("lipo", {"depth": 1, "share": "a"}, "'a'; it must be a number"),
        ("lipo", {"depth": 1, "name": 3}, "3; it must be a text"),
        ("random", {"seed": 3}, "'seed' is no option of the sampler 'random'; it has none"),
    ],
)
def test_wrong_names_and_options_are_refused(
    name: str, options: dict[str, object], message: str
) -> None:
    """The message has the nearest that would be right."""
    with pytest.raises(InvalidRequest, match=message):
        sampler(name, **options)


def test_wrong_spaces_are_refused_for_every_sampler() -> None:
    """What cannot be drawn from is refused before a sampler is made."""
    wrong = Setting([ParameterSpec("lr", "number", low=1, high=0)], SETTING.objectives)
    with pytest.raises(InvalidRequest, match="'lr'"):
        registry.sampler(SamplerSpec("random"), wrong)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (PolicySpec("bandid"), "no policy 'bandid'; did you mean 'bandit'"),
        (PolicySpec("bandit", options={"slack": 1}), "'slack' is no option.*slack_factor"),
        (PolicySpec("truncation"), "needs 'percentage'"),
        (PolicySpec("truncation", options={"percentage": 0.5}), "must be a whole number"),
        (PolicySpec("median", evaluation_interval=0), "evaluation_interval is 0"),
        (PolicySpec("median", evaluation_interval=True), "evaluation_interval is True"),
        (PolicySpec("median", delay_evaluation=-1), "delay_evaluation is -1"),
        (PolicySpec("median", delay_evaluation=1.0), "delay_evaluation is 1.0"),  # type: ignore[arg-type]  # what JSON may hold
    ],
)
def test_wrong_policies_are_refused(spec: PolicySpec, message: str) -> None:
    """Names, options and times of a policy are checked before anything runs."""
    with pytest.raises(InvalidRequest, match=message):
        policy(spec)


def test_policies_get_interval_delay_and_options() -> None:
    """What the sweep says reaches the policy."""
    spec = PolicySpec("bandit", 2, 6, options={"slack_amount": 1})
    made = policy(spec)
    assert isinstance(made, BanditPolicy)
    assert [made.due(at) for at in (4, 6, 7, 8)] == [False, True, False, True]


def test_policies_need_an_order() -> None:
    """Of several objectives none is first, so no policy goes with them; none at all does."""
    several = Setting(SETTING.space, [Objective("loss"), Objective("size")])
    with pytest.raises(InvalidRequest, match="'loss', 'size'"):
        policy(PolicySpec("median"), several)
    assert policy(PolicySpec(), several) is None


def test_a_service_that_tunes_nothing_loads_no_library() -> None:
    """The registry, random search and v1's policies come without the seconds of Optuna."""
    code = (
        "import sys; from runyard_server.tuning import registry\n"
        "from runyard.protocol.sweeps import *; from runyard_server.tuning.base import Setting\n"
        "space = [ParameterSpec('x', 'number', low=0, high=1)]\n"
        "setting = Setting(space, [Objective('loss')])\n"
        "registry.sampler(SamplerSpec('random'), setting).ask(0)\n"
        "registry.policy(PolicySpec('median'), setting)\n"
        "print([name for name in ('optuna', 'numpy', 'cmaes', 'scipy') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_everything_we_bring_can_be_made() -> None:
    """Each name that documentation and SDK have is installed, and serves a common space."""
    setting = replace(
        SETTING,
        space=[*SETTING.space, ParameterSpec("c", "choice", choices=["a", "b"])],
        parallel=4,
    )
    ours = {"random", "grid", "qmc", "tpe", "cmaes", "gp", "nsga2", "nsga3"}
    assert ours <= set(registry.names(registry.SAMPLERS))
    for name in ours - {"grid", "gp"}:
        made = registry.sampler(SamplerSpec(name), setting)
        assert set(made.ask(0) or {}) == {"lr", "c"}
    options: dict[str, dict[str, object]] = {
        "bandit": {"slack_factor": 0.1},
        "truncation": {"percentage": 20},
        "threshold": {"upper": 1},
        "patience": {"patience": 3},
        "asha": {"max_steps": 9},
        "hyperband": {"max_steps": 9},
        "pbt": {"steps": 3},
        "median": {},
        "percentile": {},
    }
    assert {*options, "none"} <= set(registry.names(registry.POLICIES))
    for name, given in options.items():
        assert policy(PolicySpec(name, options=given), setting) is not None


def test_gaussian_processes_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra's libraries the message says how to get them, and what else to take."""
    monkeypatch.setattr(gaussian, "find_spec", {}.get)
    with pytest.raises(InvalidRequest, match=r"scipy and torch.*runyard\[gp\].*'tpe'"):
        sampler("gp")
