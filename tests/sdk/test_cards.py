"""What a notebook shows of each object: a table, with every text of a user escaped."""

from collections.abc import Callable
from typing import Any

import pytest

from runyard import AmlCompute, ComputeTarget, Environment, Model, Workspace

EVIL = "<img src=x onerror=alert(1)>"


def _model(workspace: Workspace, folder: Any) -> Model:
    (folder / "m.bin").write_text("m")
    return Model.register(workspace, str(folder / "m.bin"), "m", tags={"k": EVIL}, description=EVIL)


def _compute(workspace: Workspace, folder: Any) -> ComputeTarget:
    config = AmlCompute.provisioning_configuration("STANDARD_D2_V2", max_nodes=1, tags={"k": EVIL})
    return ComputeTarget.create(workspace, "cpu", config)


def _environment(workspace: Workspace, folder: Any) -> Environment:
    made = Environment(EVIL)
    made.python.conda_dependencies.add_pip_package("six==1.16")
    return made


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda workspace, _: workspace, ["{name}", "local"]),
        (lambda workspace, _: workspace.get_default_datastore(), ["workspaceblobstore", "yes"]),
        (_model, ["m", "1", "k: &lt;img"]),
        (_compute, ["cpu", "Succeeded", "k: &lt;img"]),
        (_environment, ["&lt;img", "six==1.16"]),
    ],
)
def test_an_object_is_shown_as_a_table(
    workspace: Workspace, folder: Any, make: Callable[..., Any], shown: list[str]
) -> None:
    """The last line of a cell shows the object, not `<object at 0x…>`, and runs no script."""
    text = make(workspace, folder)._repr_html_()
    assert text.startswith("<table")
    assert [word for word in shown if word.format(name=workspace.name) not in text] == []
    assert EVIL not in text


def test_every_public_name_is_there() -> None:
    """`__all__` is what editors complete; each of it is loaded on first use."""
    import runyard

    assert sorted(runyard.__all__) == sorted(["__version__", *runyard._NAMES])
    assert [name for name in runyard.__all__ if getattr(runyard, name, None) is None] == []
