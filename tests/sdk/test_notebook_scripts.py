"""What a notebook as a script is told, and what it leaves."""

import sys
import types

import pytest

from runyard.sdk.notebook_scripts import main, parameters_of, scraps_of


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], {}),
        (["--rate", "0.1", "--fast"], {"rate": 0.1, "fast": True}),
        (["--data-folder", "/mnt/x", "-b", "32"], {"data_folder": "/mnt/x", "b": 32}),
        (["--shift", "-1.5", "--name=a b"], {"shift": -1.5, "name": "a b"}),
        (["--ids", "[1, 2]"], {"ids": [1, 2]}),
    ],
)  # fmt: skip
def test_arguments_are_parameters(given, expected):
    """A script's arguments, as estimators write them; literals get their types."""
    assert parameters_of(given) == expected


def test_settings_stand_before_the_parameters(tmp_path, monkeypatch):
    """Where the result goes, and how long a cell may take; the rest is the notebook's."""
    papermill = types.ModuleType("papermill")
    asked = []

    def execute_notebook(*args: object, **given: object) -> None:
        asked.append((args, given["parameters"], given["execution_timeout"]))
        (tmp_path / "to" / "b.ipynb").write_text('{"cells": []}')

    vars(papermill)["execute_notebook"] = execute_notebook
    monkeypatch.setitem(sys.modules, "papermill", papermill)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ipynb").write_text('{"cells": []}')
    told = ["--runyard-result=to/b.ipynb", "--runyard-cell-timeout=60", "--rate=1"]
    assert main(["a.ipynb", *told]) == 0
    assert asked == [(("a.ipynb", "to/b.ipynb"), {"rate": 1}, 60)]


def test_a_value_without_a_name_is_no_parameter():
    """It would be lost."""
    with pytest.raises(SystemExit, match="'data' names no parameter"):
        parameters_of(["data"])


def test_scraps_are_what_cells_kept():
    """Of scrapbook's `glue`, and of papermill's `record` before it."""
    glued = {"application/scrapbook.scrap.json+json": {"name": "a", "data": [1], "version": 1}}
    recorded = {"application/papermill.record+json": {"b": 2}}
    shown = [{"output_type": "display_data", "data": data} for data in (glued, recorded)]
    cells = [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": shown}]
    assert dict(scraps_of({"cells": cells})) == {"a": [1], "b": 2}


def test_an_environment_that_cannot_run_notebooks_is_told_what_it_lacks(capsys):
    """A user-managed one is as it is."""
    assert main(["train.ipynb"]) == 1
    assert "add papermill, ipykernel, six to its pip packages" in capsys.readouterr().err
