"""The command line as a whole: help that teaches, statuses, completion."""

import re
import subprocess
import sys

import pytest
import typer

from runyard_server.cli import command_exists, program


def commands(level=None, words=()):
    """Give every command with its words."""
    level = level or typer.main.get_command(program.app)
    inner = getattr(level, "commands", None)
    if inner is None:
        return [(words, level)]
    return [found for name, one in inner.items() for found in commands(one, (*words, name))]


@pytest.mark.parametrize(
    ("words", "command"), commands(), ids=lambda x: " ".join(x) if isinstance(x, tuple) else ""
)
def test_every_command_teaches_by_example(words, command) -> None:
    """Each help has an example that calls the command itself."""
    assert f"`runyard {' '.join(words)}" in command.help


@pytest.mark.parametrize(
    ("words", "command"), commands(), ids=lambda x: " ".join(x) if isinstance(x, tuple) else ""
)
def test_every_example_names_a_command_and_its_options(words, command) -> None:
    """An example that does not work teaches the wrong thing."""
    options = {name for parameter in command.params for name in parameter.opts} | {"-h", "--help"}
    for example in re.findall(r"`runyard ([^`]+)`", command.help):
        own = example.split("|")[0].split()
        assert command_exists(own)
        if tuple(own[: len(words)]) == words:
            assert {word for word in own if word.startswith("-")} <= options


@pytest.mark.parametrize(
    ("words", "command"), commands(), ids=lambda x: " ".join(x) if isinstance(x, tuple) else ""
)
def test_every_command_but_serve_speaks_json(words, command) -> None:
    """Programs can use whatever people can."""
    options = {name for parameter in command.params for name in parameter.opts}
    assert "--json" in options or words == ("serve",)


def test_a_slip_is_status_2_with_the_nearest(cli) -> None:
    """A mistyped command is answered with the right one."""
    said = cli("runs", "lst")
    assert said.status == 2
    assert "list" in said.err


def test_a_reader_that_has_seen_enough_causes_no_trace(cli) -> None:
    """`runyard ... | head -1` is quiet."""
    program_text = "from runyard_server.cli import main; main(['datastores', 'list'])"
    command = f'{sys.executable} -P -c "{program_text}" | true'
    done = subprocess.run(
        ["bash", "-c", command], env=cli.variables, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_completion_offers_run_ids(cli, run_id) -> None:
    """The shell completes the ids of the runs there are."""
    said = cli(
        _RUNYARD_COMPLETE="complete_bash",
        COMP_WORDS=f"runyard runs show {run_id[:4]}",
        COMP_CWORD="3",
    )
    assert run_id in said.out


def test_completion_offers_experiments(cli, run_id) -> None:
    """The shell completes names of experiments."""
    assert run_id
    said = cli(
        _RUNYARD_COMPLETE="complete_bash",
        COMP_WORDS="runyard runs list --experiment sh",
        COMP_CWORD="4",
    )
    assert "shown" in said.out.split()


def test_completion_starts_no_service(cli, tmp_path) -> None:
    """A Tab at the prompt never starts a process that stays, and prints no error."""
    said = cli(
        _RUNYARD_COMPLETE="complete_bash",
        COMP_WORDS="runyard runs show x",
        COMP_CWORD="3",
        RUNYARD_HOME=str(tmp_path / "home"),
    )
    assert (said.out.strip(), said.err) == ("", "")
    assert not (tmp_path / "home").exists()
