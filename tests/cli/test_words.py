"""Words of the command line become values, or an error that says which word is wrong."""

from typing import Annotated

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard_server.cli import words
from runyard_server.cli.parameters import Argument, Command, Option


def sample(
    runs: Annotated[list[str], Argument("RUN...", help="Runs.")],
    limit: Annotated[int, Option("--limit", "-n", least=1, most=99, help="How many.")] = 20,
    follow: Annotated[bool, Option("--follow", "-f", help="Go on.")] = False,
    wait: Annotated[bool, Option(help="Wait.")] = True,
    filters: Annotated[list[str] | None, Option("--filter", help="Which.")] = None,
    share: Annotated[float | None, Option("--share", help="How much.")] = None,
    place: Annotated[str | None, Option("--place", variable="PLACE", help="Where.")] = None,
) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "b"], {"runs": ["a", "b"], "limit": 20, "wait": True}),
        (["-n", "5", "a"], {"limit": 5, "runs": ["a"]}),
        (["a", "-n5"], {"limit": 5}),
        (["a", "-fn5"], {"limit": 5, "follow": True}),
        (["a", "--limit=7", "b"], {"limit": 7, "runs": ["a", "b"]}),
        (["a", "--no-wait"], {"wait": False}),
        (["--", "-x", "--limit"], {"runs": ["-x", "--limit"], "limit": 20}),
        (["a", "--filter", "x=1", "--filter", "y=2"], {"filters": ["x=1", "y=2"]}),
        (["-"], {"runs": ["-"]}),
        (["a", "-10"], {"runs": ["a", "-10"]}),
        (["a", "--share", "0.05"], {"share": 0.05}),
    ],
)
def test_words_become_values(given, expected) -> None:
    """Options may stand before and behind arguments, long, short and joined."""
    found = words.read(Command(sample), given)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "RUN... is missing"),
        (["a", "--limt", "5"], "--limit"),
        (["a", "-n"], "needs a value"),
        (["a", "-n", "five"], "must be a whole number, not 'five'"),
        (["a", "-n", "0"], "at least 1"),
        (["a", "--share", "some"], "must be a number, not 'some'"),
        (["a", "-n", "100"], "at most 99"),
        (["a", "--follow=yes"], "takes no value"),
        (["a", "-z"], "no option -z"),
        (["a", "--place="], "--place is empty"),
        (["a", ""], "RUN... is empty"),
    ],
)
def test_a_slip_is_named(given, said) -> None:
    """The message has the word that is wrong and what is right."""
    with pytest.raises(InvalidRequest) as caught:
        words.read(Command(sample), given)
    assert said in caught.value.message


def test_a_variable_gives_what_the_line_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line wins over the environment, the environment over the default."""
    monkeypatch.setenv("PLACE", "from-variable")
    assert words.read(Command(sample), ["a"])["place"] == "from-variable"
    assert words.read(Command(sample), ["a", "--place", "x"])["place"] == "x"
