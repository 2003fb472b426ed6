"""A service with something of each kind, and a real browser that watches what pages do."""

import json
import os
import re
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from runyard.client.connection import Connection
from runyard.client.studio import Studio
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.service import HOME_VARIABLE
from runyard_server.testing.services import RunningService, running_service

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "packages/runyard-server/web/node_modules/axe-core/axe.min.js"
SWITCHES = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE_MS = 60_000
# Five seconds are the default, which a page with ten thousand rows takes where others work, too.
expect.set_options(timeout=PATIENCE_MS)
SUBMIT = """
import sys
from runyard import Environment, Experiment, ScriptRunConfig, Workspace
plain = Environment("plain")
plain.python.user_managed_dependencies = True
plain.python.interpreter_path = sys.executable
config = ScriptRunConfig(
    {folder!r}, script="train.py", compute_target="local", environment=plain
)
print(Experiment(Workspace.from_config(), "watched").submit(config).id)
"""


@dataclass(frozen=True)
class Filled:
    """A service with something of each kind.

    Args:
        service: The service.
        names: What there is: the ids of a run, a sweep, a model, by what they are.
    """

    service: RunningService
    names: dict[str, str]

    def link(self, page: str = "/") -> str:
        """A link that signs a browser in, once."""
        return Studio(Connection(self.service.url, self.service.token)).link(page)

    @property
    def client(self) -> WorkspaceClient:
        """What asks the API as programs do."""
        connection = Connection(self.service.url, self.service.token)
        return WorkspaceClient(connection, self.names["workspace"])


@dataclass
class Watched:
    """A tab, and what it did that no page may do.

    Args:
        page: The tab.
        origin: Where the studio is.
        faults: Errors on the console and requests to other hosts, as they came.
        allowed: What is no fault, by a pattern: the browser tells of it when it likes, or never.
    """

    page: Page
    origin: str
    faults: list[str] = field(default_factory=list)
    allowed: str = ""

    def __post_init__(self) -> None:
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.faults.append(f"raised: {error}"))
        self.page.on("request", lambda request: self._asked(request.url))

    def _told(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            told = f"{message.type}: {message.text} ({message.location.get('url', '')})"
            if not self.allowed or not re.search(self.allowed, told):
                self.faults.append(told)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and not url.startswith(self.origin):
            self.faults.append(f"asked another host: {url}")

    def forgive(self, pattern: str) -> None:
        """Drop the faults that a test has brought about itself."""
        self.faults[:] = [fault for fault in self.faults if not re.search(pattern, fault)]

    def open(self, address: str) -> Page:
        """Go to an address of the studio and wait until all of it is shown."""
        self.page.goto(self.origin + address)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until nothing is loading any more."""
        self.page.locator("h1").first.wait_for(timeout=PATIENCE_MS)
        self.page.locator("[aria-busy=true]").first.wait_for(state="detached", timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def pages() -> Any:
    """The studio's addresses, the functions of `addresses.py`."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("addresses.py"))))


@pytest.fixture(scope="session")
def filled(session_home: Path, worker_id: str) -> Iterator[Filled]:
    """The service that all tests of a worker share; they change nothing that others read."""
    with running_service(session_home / f"studio-{worker_id}") as service:
        made = fill(service)
        yield made
        end_endpoints(made)


def end_endpoints(made: Filled) -> None:
    """Delete the endpoints: they and their gateway outlive a service that ends."""
    endpoints = made.client.endpoints
    for endpoint in endpoints.list():
        endpoints.delete(endpoint.name)
    for _ in range(1200):
        if not list(endpoints.list()):
            return
        time.sleep(0.05)
    raise AssertionError("endpoints that were deleted are still there")


def fill(service: RunningService) -> Filled:
    """Fill a service."""
    told = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).with_name("filling.py"))],
        env={**os.environ, HOME_VARIABLE: str(service.home)},
        cwd=service.home,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Filled(service, json.loads(told.stdout))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Filled]:
    """An empty service of a test's own, which it may kill."""
    service = RunningService(tmp_path / "home")
    service.start()
    yield Filled(service, {"workspace": "default"})
    service.stop()


@pytest.fixture(scope="session")
def axe() -> Path:
    """The script that looks for what keeps people out."""
    if not AXE.exists():
        pytest.fail(f"there is no {AXE}: make studio fetches it", pytrace=False)
    return AXE


@pytest.fixture
def visit_own(browser: Browser, own: Filled) -> Iterator[Callable[..., Watched]]:
    """Opens a signed-in tab of the service of a test's own."""
    with visitors(browser, own) as sign_in:
        yield sign_in


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., str]:
    """Submits a script that needs nothing but this interpreter; gives the run's id."""

    def submit(filled: Filled, script: str) -> str:
        (tmp_path / "source").mkdir(exist_ok=True)
        (tmp_path / "source" / "train.py").write_text(script)
        program = SUBMIT.format(folder=str(tmp_path / "source"))
        told = subprocess.run(
            [sys.executable, "-P", "-c", program],
            env={**os.environ, HOME_VARIABLE: str(filled.service.home)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return told.stdout.split()[-1]

    return submit


# Playwright's loop runs in this thread as long as it is open: where it outlived a file, the tests
# of others on the same worker could not call asyncio.run.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright, for the tests of one file."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright, browser_path: str) -> Iterator[Browser]:
    """A browser of its own for the tests of one file."""
    opened = playwright.chromium.launch(executable_path=browser_path, args=list(SWITCHES))
    yield opened
    opened.close()


@pytest.fixture
def visit(browser: Browser, filled: Filled) -> Iterator[Callable[..., Watched]]:
    """Opens a tab that is signed in; at the end no tab may have done what pages must not."""
    with visitors(browser, filled) as sign_in:
        yield sign_in


@contextmanager
def visitors(browser: Browser, filled: Filled) -> Iterator[Callable[..., Watched]]:
    """Sign browsers in to a service, and look at the end at what their pages did."""
    contexts: list[BrowserContext] = []
    tabs: list[Watched] = []

    def sign_in(page: str = "/", **options: Any) -> Watched:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        link = filled.link(page)
        tab = Watched(context.new_page(), link.partition("/enter")[0])
        tabs.append(tab)
        tab.page.goto(link)
        tab.page.wait_for_url(lambda url: "/enter" not in url)
        tab.settle()
        return tab

    yield sign_in
    for context in contexts:
        context.close()
    assert [fault for tab in tabs for fault in tab.faults] == []
