"""Parameters of runs: taken from arguments, logged once, read with the run."""

import pytest

from runyard.protocol.errors import Conflict, InvalidRequest, RunNotFound
from runyard.protocol.parameters import LogParameters
from runyard.protocol.runs import RunSpec, StartRun, SubmitRun
from runyard.protocol.search import Search
from runyard_server.core.system import System
from runyard_server.operations import parameters, runs

W = "default"


def submitted(**named: object) -> SubmitRun:
    """An order for a run, of which only what spells parameters is looked at."""
    params = named.pop("params", {})
    spec = RunSpec("e", "", "", **named)  # type: ignore[arg-type]  # fields of a spec
    return SubmitRun(spec, params=params)  # type: ignore[arg-type]  # texts by name


def log(system: System, run: str, **params: str) -> dict[str, str]:
    """Log parameters; give all that the run has."""
    return parameters.log(system, W, run, body=LogParameters(params)).params


def test_arguments_are_parameters_and_given_ones_go_before() -> None:
    """A sweep knows better what it set than the arguments, which may be templates."""
    order = submitted(arguments=["--lr", "0.1", "--deep"], params={"lr": "0.2", "seed": "7"})
    assert parameters.of_submission(order) == {"lr": "0.2", "deep": "True", "seed": "7"}
    command = submitted(command=["python", "train.py", "--lr", "0.1"])
    assert parameters.of_submission(command) == {"lr": "0.1"}


def test_a_parameter_is_written_once(system: System) -> None:
    """What a result was made with does not change afterwards."""
    run = runs.start(system, W, body=StartRun("e", params={"lr": "1e-1"})).id
    assert log(system, run, depth="3", lr="0.1") == {"lr": "1e-1", "depth": "3"}
    with pytest.raises(Conflict, match=r"'lr'.*'1e-1'.*'0.2'.*written once"):
        log(system, run, fresh="1", lr="0.2")
    assert parameters.list_(system, W, run).params == {"lr": "1e-1", "depth": "3"}
    assert runs.get(system, W, run).params == {"lr": "1e-1", "depth": "3"}


def test_a_text_with_an_underscore_is_no_number(system: System, run: str) -> None:
    """`1_0` is the name of something, neither the same as 10 nor found by it."""
    log(system, run, layers="1_0")
    with pytest.raises(Conflict):
        log(system, run, layers="10")
    assert runs.search(system, W, body=Search("params.layers = 10")).items == []


def test_parameters_are_logged_after_the_end(system: System, run: str) -> None:
    """A script that evaluates later adds what it used."""
    runs.complete(system, W, run)
    assert log(system, run, threshold="0.5") == {"threshold": "0.5"}


def test_wrong_parameters_are_refused(system: System, run: str) -> None:
    """Names have a length, values fit a table, and the run exists."""
    for params in ({"": "x"}, {"x" * 256: "x"}, {"x": "y" * 8001}):
        with pytest.raises(InvalidRequest):
            log(system, run, **params)
        with pytest.raises(InvalidRequest):
            runs.start(system, W, body=StartRun("e", params=params))
    with pytest.raises(RunNotFound):
        log(system, "nobody", x="y")
    assert parameters.list_(system, W, run).params == {}
