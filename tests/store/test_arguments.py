"""What parameters arguments and commands spell."""

import pytest

from runyard_server.store.arguments import of_arguments, of_command


@pytest.mark.parametrize(
    ("arguments", "params"),
    [
        ([], {}),
        (["--lr", "0.1", "--batch-size=32"], {"lr": "0.1", "batch-size": "32"}),
        (["-b", "50", "--shift", "-1e-3"], {"b": "50", "shift": "-1e-3"}),
        (
            ["--low", "-inf", "--high=-Infinity", "-nan", "-info"],
            {"low": "-inf", "high": "-Infinity -nan", "info": "True"},
        ),
        (["--verbose", "--rates", "1", "2"], {"verbose": "True", "rates": "1 2"}),
        (["--layer", "1", "--layer", "2"], {"layer": "1 2"}),
        (["train", "--lr", "1", "--", "--more", "2"], {"lr": "1"}),
        (["--data", "$AZUREML_DATAREFERENCE_x"], {"data": "$AZUREML_DATAREFERENCE_x"}),
        (["--note", "a = 'b'", "--empty="], {"note": "a = 'b'", "empty": ""}),
        (["-", "--", "x"], {}),
        (["--lr", "1", "--größe", "3", "--3d"], {"lr": "1", "größe": "3", "3d": "True"}),
        (
            ["--opt/adam@v2=1", "-ü", "-.5", "--a", "=b"],
            {"opt/adam@v2": "1", "ü": "-.5", "a": "=b"},
        ),
        (["--rate", "-1", "--- x", "--a b"], {"rate": "-1 --- x --a b"}),
    ],
)
def test_options_become_parameters(arguments: list[str], params: dict[str, str]) -> None:
    """What a person sets by an option is found by its name."""
    assert of_arguments(arguments) == params


@pytest.mark.parametrize(
    ("command", "params"),
    [
        (["python", "-u", "train.py", "--lr", "0.1"], {"lr": "0.1"}),
        (["/bin/sh", "-c", "python train.py --lr '0.1' && echo --done 1"], {"lr": "0.1"}),
        (["/bin/sh", "-c", "echo 'unfinished"], {}),
        (["make", "--jobs", "2"], {}),
    ],
)
def test_commands_of_scripts_have_parameters(command: list[str], params: dict[str, str]) -> None:
    """A command has those of the script in it, and none of the shell's or the interpreter's."""
    assert of_command(command) == params
