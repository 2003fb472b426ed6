"""One service, one JupyterLab and one browser for all tests of notebooks."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.notebook import environments
from tests.notebook.lab import CHROMIUM, Lab, running_lab

from runyard_server.testing.services import RunningService, running_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service in a process of its own."""
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture(scope="session")
def lab(service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab with the kernels `newest` and `old`."""
    kernels = {
        "newest": environments.python_of(environments.LAB),
        "old": environments.python_of(environments.OLD),
    }
    with running_lab(tmp_path_factory.mktemp("lab"), service.home, kernels) as lab:
        yield lab


# Not for longer than a file: see tests/studio/conftest.py.
@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    """A real browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(CHROMIUM))
        yield browser
        browser.close()
