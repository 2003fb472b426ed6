"""Values of parameters: what is drawn, how it is rounded and what is refused."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import Objective, ParameterSpec
from runyard_server.testing.distributions import follows, normal_cdf, shared
from runyard_server.tuning.chance import uniform
from runyard_server.tuning.checking import check_objectives, check_space
from runyard_server.tuning.points import Points, space_size
from runyard_server.tuning.spaces import draw, drawn, in_order


def number(low: float, high: float, **more: Any) -> ParameterSpec:
    return ParameterSpec("x", "number", low=low, high=high, **more)


def normal(mu: float, sigma: float, **more: Any) -> ParameterSpec:
    return ParameterSpec("x", "normal", mu=mu, sigma=sigma, **more)


def draws(parameter: ParameterSpec, count: int = 10_000) -> list[Any]:
    check_space([parameter])
    return [draw(parameter, uniform(7, at, parameter.name)) for at in range(count)]


def log_uniform(low: float, high: float) -> Any:
    first, last = math.log(low), math.log(high)
    return lambda value: (math.log(value) - first) / (last - first)


@pytest.mark.parametrize(
    ("parameter", "cdf"),
    [
        (number(-1, 3), lambda value: (value + 1) / 4),
        (number(math.exp(-6), math.exp(-1), log=True), log_uniform(math.exp(-6), math.exp(-1))),
        (number(1e-300, 1e300, log=True), log_uniform(1e-300, 1e300)),
        (normal(2, 0.5), lambda value: normal_cdf((value - 2) / 0.5)),
        (normal(-1, 2, log=True), lambda value: normal_cdf((math.log(value) + 1) / 2)),
    ],
)
def test_continuous_parameters_follow_their_distribution(
    parameter: ParameterSpec, cdf: Any
) -> None:
    """Ten thousand draws are those of the distribution that the expression names."""
    assert follows(draws(parameter), cdf)


@pytest.mark.parametrize(
    ("parameter", "shares"),
    [
        (ParameterSpec("x", "choice", choices=["a", "b", 3]), {"a": 1 / 3, "b": 1 / 3, 3: 1 / 3}),
        (ParameterSpec("x", "choice", choices=["a", "a", "b"]), {"a": 2 / 3, "b": 1 / 3}),
        (number(0, 4, whole=True), dict.fromkeys(range(5), 0.2)),
        (number(0, 1, q=0.5), {0.0: 0.25, 0.5: 0.5, 1.0: 0.25}),
        (number(16, 64, q=16, whole=True), {16: 1 / 6, 32: 1 / 3, 48: 1 / 3, 64: 1 / 6}),
        (
            number(1, 4, whole=True, log=True),
            {k: math.log((k + 0.5) / (k - 0.5)) / math.log(9) for k in range(1, 5)},
        ),
        (
            number(1, 4, q=1, log=True),
            {
                1.0: math.log(1.5) / math.log(4),
                2.0: math.log(2.5 / 1.5) / math.log(4),
                3.0: math.log(3.5 / 2.5) / math.log(4),
                4.0: math.log(4 / 3.5) / math.log(4),
            },
        ),
        (
            normal(0, 1, q=2),
            {k: normal_cdf(k + 1) - normal_cdf(k - 1) for k in (-4.0, -2.0, 0.0, 2.0, 4.0)},
        ),
    ],
)
def test_rounded_parameters_have_their_shares(
    parameter: ParameterSpec, shares: dict[Any, float]
) -> None:
    """Each value of a finite or rounded parameter comes as often as its part of the whole."""
    counts = Counter(draws(parameter))
    assert set(counts) <= set(shares)
    assert {type(value) for value in counts} == {type(value) for value in shares}
    if parameter.kind == "number" or parameter.choices:
        assert dict(_weights(parameter)) == pytest.approx(shares)
    assert shared([counts[value] for value in shares], list(shares.values()))


def _weights(parameter: ParameterSpec) -> Sequence[tuple[Any, float]]:
    points = Points([parameter])
    return [(points[at]["x"], weight) for at, weight in enumerate(points.weights())]


def test_multiples_are_written_as_people_write_them() -> None:
    """A script is told --drop 0.3, and not 0.30000000000000004."""
    assert {repr(value) for value in draws(number(0, 0.5, q=0.1))} == {
        "0.0", "0.1", "0.2", "0.3", "0.4", "0.5",
    }  # fmt: skip
    assert all(len(repr(value)) <= 5 for value in draws(number(0, 0.2, q=0.001)))
    assert max(draws(number(0, 1, q=1 / 3))) == 1.0


def test_rounded_values_may_leave_the_bounds_by_half_a_step() -> None:
    """As there: quniform(0, 10, 4) gives 0, 4, 8 and, for all above 10 are cut, no 12."""
    assert set(draws(number(0, 10, q=4))) == {0.0, 4.0, 8.0}
    assert set(draws(number(1, 11, q=4))) == {0.0, 4.0, 8.0, 12.0}


def test_wide_bounds_do_not_overflow() -> None:
    """Bounds may be as far apart as floats go, and whole numbers as large as Python's."""
    assert all(map(math.isfinite, draws(number(-1.7e308, 1.7e308), 100)))
    assert all(0 <= value < 10**30 for value in draws(number(0, 10**30 - 1, whole=True), 100))
    assert set(draws(number(0.1, 0.1), 100)) == {0.1}


CONDITIONAL = [
    ParameterSpec("opt.sgd.momentum", "number", low=0, high=1, q=0.5, when={"opt": "sgd"}),
    ParameterSpec("opt", "choice", choices=["sgd", "adam"]),
    ParameterSpec("opt.sgd.nesterov", "choice", choices=[True, False], when={"opt": "sgd"}),
    ParameterSpec(
        "opt.sgd.nesterov.k", "number", low=1, high=2, whole=True,
        when={"opt": "sgd", "opt.sgd.nesterov": True},
    ),
]  # fmt: skip


def test_branches_exist_only_where_they_were_taken() -> None:
    """A trial has the parameters of its branch and no others, whatever the order of the space."""
    seen = set()
    for at in range(200):
        params = drawn(in_order(CONDITIONAL), lambda name, at=at: uniform(7, at, name))
        seen.add(tuple(sorted(params)))
    assert seen == {
        ("opt",),
        ("opt", "opt.sgd.momentum", "opt.sgd.nesterov"),
        ("opt", "opt.sgd.momentum", "opt.sgd.nesterov", "opt.sgd.nesterov.k"),
    }


def test_points_of_a_branched_space_are_counted() -> None:
    """Adam is one point; sgd has three momenta times (two with nesterov, one without)."""
    points = Points(CONDITIONAL)
    assert points.size == space_size(CONDITIONAL) == 1 + 3 * (2 + 1)
    all_points = [points[at] for at in range(points.size)]
    assert len({repr(sorted(each.items())) for each in all_points}) == points.size
    assert [points.find(each) for each in all_points] == list(range(points.size))
    assert sum(points.weights()) == pytest.approx(1)
    assert points.find({"opt": "adam"}) is not None
    assert points.find({"opt": "else"}) is None
    assert points.find({}) is None


def test_points_are_in_the_order_of_nested_loops() -> None:
    """The last parameter is the fastest."""
    space = [
        ParameterSpec("a", "choice", choices=[1, 2]),
        ParameterSpec("f", "fixed", choices=[0]),
        ParameterSpec("b", "choice", choices=["x", "y"]),
    ]
    points = Points(space)
    assert [(points[at]["a"], points[at]["b"]) for at in range(4)] == [
        (1, "x"), (1, "y"), (2, "x"), (2, "y"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "size"),
    [
        (number(0, 1), None),
        (normal(0, 1, q=1), None),
        (number(0, 9, whole=True), 10),
        (number(0.5, 0.5), 1),
        (number(0, 1, q=0.25), 5),
        (ParameterSpec("x", "choice", choices=[1, 1, 2]), 2),
    ],
)
def test_what_can_be_counted(parameter: ParameterSpec, size: int | None) -> None:
    """A sweep says how many points its space has, where it has finitely many."""
    assert space_size([parameter]) == size


def test_a_space_of_a_thousand_parameters_is_counted() -> None:
    """Wide spaces are no deep recursion."""
    space = [ParameterSpec(f"x{at}", "choice", choices=[0, 1]) for at in range(1200)]
    points = Points(space)
    assert points.size == 2**1200
    assert points.find(points[12345]) == 12345


def test_a_wide_space_may_have_branches() -> None:
    """Neither a thousand parameters below a choice nor many choices with branches are too many."""
    below = [ParameterSpec(f"x{at}", "choice", choices=[0, 1], when={"a": 1}) for at in range(900)]
    wide = Points([ParameterSpec("a", "choice", choices=[1, 2]), *below])
    assert wide.size == 2**900 + 1
    assert wide.find(wide[12345]) == 12345
    branched = []
    for at in range(40):
        branched.append(ParameterSpec(f"d{at}", "choice", choices=[0, 1]))
        branched.append(ParameterSpec(f"y{at}", "choice", choices=[1, 2, 3], when={f"d{at}": 1}))
    assert Points(branched).size == 4**40


def test_what_is_not_there_is_no_none() -> None:
    """A choice of None has its branch, and trials that do not have the choice have not."""
    points = Points(
        [
            ParameterSpec("a", "choice", choices=[0, 1]),
            ParameterSpec("b", "choice", choices=[None, 5], when={"a": 1}),
            ParameterSpec("c", "choice", choices=[1, 2, 3], when={"b": None}),
        ]
    )
    assert points.size == 1 + 3 + 1
    assert [points.find(points[at]) for at in range(5)] == [0, 1, 2, 3, 4]


X = ParameterSpec("x", "choice", choices=["a", "b"])


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ([], "space is empty"),
        ([ParameterSpec("lr", "choice")], "'lr'.*nothing to choose"),
        ([ParameterSpec("lr", "choice", choices=[math.nan])], "'lr'.*nan"),
        ([ParameterSpec("lr", "choices", choices=[1])], "'lr'.*did you mean 'choice'"),
        ([ParameterSpec("lr", "number", low=0.0)], "'lr'.*no upper bound"),
        ([ParameterSpec("lr", "number", low=2, high=1)], "'lr'.*2 is above.*1"),
        ([ParameterSpec("lr", "number", low=math.nan, high=1)], "'lr'.*nan.*finite"),
        ([ParameterSpec("lr", "number", low=0, high=math.inf)], "'lr'.*inf.*finite"),
        ([ParameterSpec("lr", "number", low="0", high=1)], "'lr'.*'0'.*number"),  # type: ignore[arg-type]  # what JSON may hold
        ([ParameterSpec("lr", "number", low=True, high=2)], "'lr'.*True.*number"),
        ([ParameterSpec("lr", "number", low=0, high=10**400)], "'lr'.*finite"),
        ([ParameterSpec("lr", "number", low=0, high=1, log=True)], "'lr'.*above 0"),
        ([ParameterSpec("lr", "number", low=0, high=1, q=0)], "'lr'.*q is 0"),
        ([ParameterSpec("lr", "number", low=0, high=1, q=-0.5)], "'lr'.*q is -0.5"),
        ([ParameterSpec("lr", "number", low=0, high=1, q=math.nan)], "'lr'.*q is nan"),
        ([ParameterSpec("lr", "number", low=0, high=1e300, q=1e-300)], "'lr'.*too small"),
        ([ParameterSpec("lr", "number", low=0.5, high=1, whole=True)], "'lr'.*0.5.*whole"),
        ([ParameterSpec("lr", "number", low=0, high=1, q=0.5, whole=True)], "'lr'.*0.5.*whole"),
        ([ParameterSpec("lr", "normal", sigma=-1)], "'lr'.*sigma is -1"),
        ([ParameterSpec("lr", "normal", mu=math.inf)], "'lr'.*mu is inf"),
        ([ParameterSpec("lr", "normal", mu=800, log=True)], "'lr'.*exp"),
        ([X, X], "'x'.*twice"),
        ([X, ParameterSpec("--x", "choice", choices=[1])], "'--x'.*as 'x'.*'x'"),
        ([X, ParameterSpec("y", "choice", argument="x", choices=[1])], "'y'.*as 'x'"),
        ([ParameterSpec("--", "choice", choices=[1])], "name is empty"),
        ([X, ParameterSpec("y", "choice", choices=[1], when={"xx": "a"})], "'y'.*'xx'.*'x'"),
        ([X, ParameterSpec("y", "choice", choices=[1], when={"x": "c"})], "'y'.*'c'.*'a', 'b'"),
        ([number(0, 1), ParameterSpec("y", "fixed", choices=[1], when={"x": 1})], "'y'.*no choice"),
        (
            [
                ParameterSpec("a", "choice", choices=[1], when={"b": 1}),
                ParameterSpec("b", "choice", choices=[1], when={"a": 1}),
            ],
            "'a'.*circle",
        ),
    ],
)
def test_wrong_spaces_are_refused_by_name(space: list[ParameterSpec], message: str) -> None:
    """The message has the parameter's name, what is wrong and what to do."""
    with pytest.raises(InvalidRequest, match=message):
        check_space(space)


def test_branches_may_share_an_argument() -> None:
    """Parameters that no trial has both reach the script by one name."""

    def branch(opt: str) -> ParameterSpec:
        return ParameterSpec(f"x.{opt}.lr", "number", argument="lr", low=0, high=1, when={"x": opt})

    check_space([X, branch("a"), branch("b")])


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ([], "no objective"),
        ([Objective("")], "no name"),
        ([Objective("a"), Objective("a")], "'a'.*twice"),
        ([Objective("a", "max")], "'a' is 'max'.*'maximize' or 'minimize'"),
    ],
)
def test_wrong_objectives_are_refused(objectives: list[Objective], message: str) -> None:
    """A goal that is neither of the two would be taken for the other."""
    with pytest.raises(InvalidRequest, match=message):
        check_objectives(objectives)
