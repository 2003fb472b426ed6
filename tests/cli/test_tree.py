"""The tree of commands: plain data that says what the modules say."""

import subprocess
import sys

from runyard_server.cli import tree


def test_the_listed_sentences_are_those_of_the_commands() -> None:
    """`runyard --help` says of a command what `runyard COMMAND --help` says."""
    assert {name: tree.command(name).summary for name in tree.COMMANDS} == {
        name: sentence for name, (_, sentence) in tree.COMMANDS.items()
    }


def test_help_loads_neither_the_protocol_s_records_nor_the_client() -> None:
    """A help text that waits for what it does not need is not read twice."""
    code = (
        "import sys; from runyard_server.cli import main\n"
        "try: main({words})\n"
        "except SystemExit: pass\n"
        "print([m for m in ('dataclasses', 'http.client', 'runyard.protocol.routes') "
        "if m in sys.modules])"
    )
    for words in (["--help"], ["--version"], ["runs", "--help"], ["runs", "list", "--help"]):
        command = [sys.executable, "-P", "-c", code.format(words=words)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]", words


def test_a_list_loads_no_library(cli) -> None:
    """The time that a list takes is the service's and the client's, not a toolkit's."""
    code = (
        "import sys; from runyard_server.cli import main\n"
        "try: main(['runs', 'list'])\n"
        "except SystemExit: pass\n"
        "own = ('runyard', 'runyard_server'); std = sys.stdlib_module_names\n"
        "names = {name.split('.')[0] for name in sys.modules if sys.modules[name]}\n"
        "print('loaded:', sorted(n for n in names if n not in std and n not in own"
        " and hasattr(sys.modules[n], '__path__')))"
    )
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, env=cli.variables, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"
