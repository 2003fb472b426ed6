"""The command line as a whole: help that teaches, statuses, completion."""

import pwd
import re
import shlex
import signal
import subprocess
import sys
from itertools import takewhile
from types import SimpleNamespace

import pytest

from runyard.protocol import routes
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.runs import StartRun
from runyard_server.cli import command_exists, completion, tree
from runyard_server.cli.words import read

PROGRAM = "from runyard_server.cli import main; main()"
EVERYTHING = pytest.mark.parametrize(
    ("words", "command"),
    tree.everything().items(),
    ids=lambda x: " ".join(x) if isinstance(x, tuple) else "",
)


@EVERYTHING
def test_every_command_teaches_by_example(words, command) -> None:
    """Each help has an example that calls the command itself."""
    assert f"`runyard {' '.join(words)}" in command.help


@EVERYTHING
def test_every_example_names_a_command_and_its_options(words, command) -> None:
    """An example that does not work teaches the wrong thing."""
    for example in re.findall(r"`runyard ([^`]+)`", command.help):
        own = list(takewhile(lambda word: word not in {"|", ">", "<"}, shlex.split(example)))
        assert command_exists(own)
        if tuple(own[: len(words)]) == words:
            read(command, own[len(words) :])


@EVERYTHING
def test_every_command_but_serve_speaks_json(words, command) -> None:
    """Programs can use whatever people can."""
    options = {name for option in command.options for name in option.names}
    assert "--json" in options or words == ("serve",)


def shell(cli, command, **variables: str):
    """Run a line of bash in which `runyard` is the command."""
    text = f"""runyard() {{ {sys.executable} -P -c '{PROGRAM}' "$@"; }}; {command}"""
    return subprocess.run(
        ["bash", "-c", text],
        env={**cli.variables, **variables},
        cwd=cli.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_slip_is_status_2_with_the_nearest(cli) -> None:
    """A mistyped command is answered with the right one."""
    said = cli("runs", "lst")
    assert said.status == 2
    assert "nearest: list" in said.err


def test_a_missing_value_says_where_the_right_words_stand(cli) -> None:
    """One sentence: what is missing, what it means, and the help that has examples."""
    said = cli("runs", "list", "-e")
    assert (said.status, said.out) == (2, "")
    assert said.err == (
        "error: -e needs a value, NAME: Only of this experiment; see `runyard runs list --help`\n"
    )


def test_a_reader_that_has_seen_enough_causes_no_trace(cli) -> None:
    """`runyard ... | head -1` is quiet."""
    program_text = "from runyard_server.cli import main; main(['datastores', 'list'])"
    command = f'{sys.executable} -P -c "{program_text}" | true'
    done = subprocess.run(
        ["bash", "-c", command], env=cli.variables, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


COMMANDS = [
    ("runs", "list"),
    ("runs", "list", "--json"),
    ("workspaces", "list"),
    ("datastores", "list"),
    ("status",),
    ("doctor",),
    ("--help",),
    ("--version",),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("sink", [">/dev/full", ">&-"])
def test_output_that_cannot_be_written_is_one_error(cli, run_id, words, sink) -> None:
    """A full disk or a closed stream is said in one line, with a status; nothing looks fine."""
    assert run_id
    done = shell(cli, f"runyard {' '.join(words)} {sink}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "standard output cannot be written" in line


@pytest.mark.parametrize("sink", ["2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_errors_that_cannot_be_said_still_have_their_status(cli, sink) -> None:
    """A script that closed everything still learns by the status what happened."""
    done = shell(cli, f"runyard runs show nothing_1_2 {sink}")
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")


def test_letters_that_the_encoding_lacks_are_shown_as_escapes(cli, place) -> None:
    """A terminal of another age shows an escape, not a trace."""
    run = place.client.call(routes.RUNS_START, body=StartRun(experiment="latin", name="汉字"))
    done = shell(cli, f"PYTHONIOENCODING=ascii runyard runs show {run.id}")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u6c49\u5b57" in done.stdout


def test_an_interrupt_is_130_without_a_trace(cli, run_id) -> None:
    """Ctrl-C while following a run ends the command as shells expect it."""
    program_text = f"from runyard_server.cli import main; main(['runs', 'logs', '-f', {run_id!r}])"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program_text],
        env=cli.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "line one\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")


def test_python_m_runyard_is_the_command_line(cli) -> None:
    """Where `runyard` is not on PATH, the interpreter that has it will do."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "runyard", "--version"],
        env=cli.variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("runyard ")


def test_bash_completes(cli, run_id) -> None:
    """The script that the shell is given works in that shell."""
    lines = f"""
        eval "$(runyard --show-completion)"
        COMP_WORDS=(runyard runs show {run_id[:6]}) COMP_CWORD=3
        _runyard_completion runyard
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert run_id in shell(cli, lines, SHELL="/bin/bash").stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("runyard r", ["runs", "restore"]),
        ("runyard runs li", ["list"]),
        ("runyard runs list --lim", ["--limit"]),
        ("runyard runs list --status Fai", ["Failed"]),
        ("runyard runs list --status=Fai", ["--status=Failed"]),
        ("runyard --url http://127.0.0.1:9 runs ca", ["cancel"]),
        ("runyard runs list --limit ", []),
        ("runyard nonsense x", []),
        ("runyard runs list --nonsense x", []),
    ],
)
def test_completion_follows_the_line(cli, words, offered) -> None:
    """Commands, options and their values are offered where they may stand, else nothing."""
    number = len(words.split()) - (not words.endswith(" "))
    said = cli(_RUNYARD_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(number))
    assert (said.out.splitlines(), said.err, said.status) == (offered, "", 0)


def test_installing_completion_changes_the_shell_s_file_once(cli, tmp_path) -> None:
    """Doing it twice adds nothing."""
    (tmp_path / ".bashrc").write_text("export MINE=1\n")
    for _ in range(2):
        said = cli("--install-completion", HOME=str(tmp_path), SHELL="/bin/bash")
        assert said.status == 0, said.err
    text = (tmp_path / ".bashrc").read_text()
    assert text.startswith("export MINE=1\n")
    assert text.count("source") == 1


def test_installing_completion_keeps_a_start_file_of_any_encoding(cli, tmp_path) -> None:
    """What the user wrote stays byte for byte, without a line's end too."""
    (tmp_path / ".bashrc").write_bytes(mine := b"# Gr\xfc\xdfe\nexport MINE=1")
    said = cli("--install-completion", HOME=str(tmp_path), SHELL="/bin/bash")
    assert said.status == 0, said.err
    assert (tmp_path / ".bashrc").read_bytes().startswith(mine + b"\n\nsource ")


@pytest.mark.parametrize("named", [None, "", "/bin/dash"])
def test_completion_falls_back_on_the_login_shell(monkeypatch, named) -> None:
    """Containers set no SHELL, or that of their first command; the user's own shell counts then."""
    if named is None:
        monkeypatch.delenv("SHELL", raising=False)
    else:
        monkeypatch.setenv("SHELL", named)
    user = SimpleNamespace(pw_shell="/usr/bin/fish")
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: user)
    assert completion.script() == completion.SCRIPTS["fish"]
    user.pw_shell = "/usr/sbin/nologin"
    with pytest.raises(InvalidRequest, match="SHELL=bash runyard --install-completion"):
        completion.script()


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
