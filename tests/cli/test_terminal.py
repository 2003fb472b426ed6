"""On a terminal: what jobs and strangers wrote is shown, and steers nothing."""

import re

import pytest

from runyard.protocol import routes
from runyard.protocol.files import DRIVER_LOG, LogQuery
from runyard.protocol.runs import FailRun, StartRun

EVIL = "x\x1b]0;owned\x07\x1b[2J\u202ey\x9bz"
OURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def evil_run(place) -> str:
    """A failed run whose every text would steer a terminal."""
    body = StartRun(
        experiment="evil", name=EVIL, tags={EVIL: EVIL}, properties={EVIL: EVIL}, submitted_by=EVIL
    )
    run = place.client.call(routes.RUNS_START, body=body).id
    for path in (DRIVER_LOG, f"logs/{EVIL}.txt"):
        text = f"{EVIL} 50%\r\nGröße\n".encode()
        query = LogQuery()
        place.client.send(routes.LOGS_APPEND, run, path, data=text, size=len(text), query=query)
    place.client.call(routes.RUNS_FAIL, run, body=FailRun(f"{EVIL}\nsecond line"))
    return run


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "list", "-e", "evil"),
        ("runs", "show", "RUN"),
        ("runs", "show", "RUN", "--json"),
        ("runs", "logs", "RUN"),
        ("runs", "logs", "RUN", "-f"),
        ("runs", "logs", "RUN", "--json"),
        ("runs", "logs", "RUN", "--file", "logs/" + EVIL),
        ("runs", "logs", EVIL),
    ],
    ids=" ".join,
)
def test_no_text_of_a_job_steers_the_terminal(cli, evil_run, words) -> None:
    """Title, screen, colours and direction of writing stay the user's."""
    screen = cli.on_terminal(*(evil_run if word == "RUN" else word for word in words))
    left = OURS.sub("", screen)
    assert left
    assert not set(left) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_a_piped_log_is_the_script_s_bytes(cli, evil_run) -> None:
    """What a program reads is what the script wrote."""
    assert EVIL in cli("runs", "logs", evil_run).out


def test_lines_of_errors_and_letters_of_logs_stay(cli, evil_run) -> None:
    """Making a text safe does not make it unreadable."""
    assert "second line\n" in OURS.sub("", cli.on_terminal("runs", "show", evil_run))
    assert "Größe\n" in cli.on_terminal("runs", "logs", evil_run)


def test_colours_are_for_those_who_want_them(cli, evil_run) -> None:
    """NO_COLOR and terminals without colours are respected."""
    assert OURS.search(cli.on_terminal("runs", "show", evil_run))
    assert not OURS.search(cli.on_terminal("runs", "show", evil_run, NO_COLOR="1"))
    assert not OURS.search(cli.on_terminal("runs", "show", evil_run, TERM="dumb"))


@pytest.mark.parametrize("words", [("--help",), ("runs", "list", "--help")], ids=" ".join)
def test_help_is_printed_however_narrow_the_terminal(cli, words) -> None:
    """A split window in which no option's name fits beside its meaning still shows both."""
    shown = OURS.sub("", cli.on_terminal(*words, columns=20))
    assert "Traceback" not in shown
    assert "  -h, --help\n" in shown
