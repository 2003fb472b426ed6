"""A real JupyterLab with kernels, and a notebook of it in a browser."""

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect
from tests.notebook import environments
from tests.serving.live import free_port

TOKEN = "t"
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE = 60_000
expect.set_options(timeout=_PATIENCE)


class Lab:
    """A JupyterLab that runs.

    Args:
        folder: Where its notebooks are.
        port: Where it listens.
        python: Of its environment.
        environment: Its variables.
    """

    def __init__(self, folder: Path, port: int, python: Path, environment: dict[str, str]) -> None:
        self.folder, self.port, self.python = folder, port, python
        self.environment = environment

    def write(self, name: str, kernel: str, cells: list[str]) -> None:
        """Write a notebook.

        Args:
            name: Its file's name.
            kernel: Its kernel's name.
            cells: The text of each cell.
        """
        made = [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "source": text,
                "outputs": [],
                "execution_count": None,
            }
            for number, text in enumerate(cells)
        ]
        metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
        book = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        (self.folder / name).write_text(json.dumps(book))

    def copy(self, name: str, other: str) -> None:
        """Copy a notebook as somebody else would get it: nobody has said to trust the copy."""
        book = json.loads((self.folder / name).read_text())
        book["metadata"]["title"] = other
        (self.folder / other).write_text(json.dumps(book))

    def outputs(self, name: str) -> list[dict[str, Any]]:
        """What a saved notebook has below its cells."""
        book = json.loads((self.folder / name).read_text())
        return [output for cell in book["cells"] for output in cell.get("outputs", [])]

    @contextmanager
    def open(self, browser: Browser, name: str) -> Iterator["Book"]:
        """Open a notebook in a browser's window of its own."""
        context = browser.new_context(viewport={"width": 1200, "height": 1000})
        page = context.new_page()
        # On a busy machine the style sheet of its own theme comes too late for JupyterLab.
        late = page.locator(".jp-Dialog", has_text="Error Loading Theme")
        page.add_locator_handler(late, lambda: late.get_by_role("button", name="OK").click())
        page.goto(f"http://127.0.0.1:{self.port}/lab/tree/{name}?token={TOKEN}&reset")
        expect(page.locator(".jp-Notebook").first).to_be_visible(timeout=_PATIENCE)
        try:
            yield Book(page)
        finally:
            context.close()


class Book:
    """A notebook in a browser.

    Args:
        page: The page.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def outputs(self) -> Locator:
        """What stands below its cells."""
        return self.page.locator(".jp-Notebook .jp-OutputArea-output")

    def ready(self, kernel: str) -> None:
        """Wait for its kernel: cells that come before it make JupyterLab ask for one."""
        status = self.page.get_by_text(f"{kernel} | Idle")
        expect(status.first).to_be_visible(timeout=_PATIENCE)

    def act(self, command: str) -> None:
        """Run a command of JupyterLab, without waiting for its end."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", command)

    def shows(self, text: str) -> None:
        """Wait until a text stands below its cells."""
        expect(self.outputs.filter(has_text=text).first).to_be_visible(timeout=_PATIENCE)

    def save(self, path: Path) -> None:
        """Save it."""
        before = path.stat().st_mtime_ns
        self.act("docmanager:save")
        until = time.monotonic() + 60
        while path.stat().st_mtime_ns == before:
            assert time.monotonic() < until
            self.page.wait_for_timeout(50)


@contextmanager
def running_lab(folder: Path, home: Path, kernels: dict[str, Path]) -> Iterator[Lab]:
    """Run a JupyterLab.

    Args:
        folder: For all that it writes.
        home: The state folder of the service that its kernels find.
        kernels: Interpreters by name, each with ipykernel.
    """
    python, port = environments.python_of(environments.LAB), free_port()
    books = folder / "books"
    books.mkdir()
    variables = {
        "RUNYARD_HOME": str(home),
        "PYTHONPATH": str(environments.packages(folder / "packages")),
    }
    for name, kernel in kernels.items():
        write_kernel(folder / "data" / "kernels" / name, kernel, variables)
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    command = [str(python), "-P", "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [
        f"--port={port}",
        f"--ServerApp.root_dir={books}",
        f"--IdentityProvider.token={TOKEN}",
    ]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (folder / "lab.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        _wait(port, process, folder / "lab.log")
        yield Lab(books, port, python, environment)
    finally:
        process.terminate()
        process.wait(60)


def write_kernel(folder: Path, python: Path, variables: dict[str, str]) -> None:
    """Write what Jupyter has to know of a kernel.

    Args:
        folder: Of the kernel, named like it.
        python: Its interpreter, which has ipykernel.
        variables: Its variables.
    """
    folder.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": folder.name, "language": "python", "env": variables}
    (folder / "kernel.json").write_text(json.dumps(spec))


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 180
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={TOKEN}", timeout=5).close()
        except OSError:
            waiting = process.poll() is None and time.monotonic() < until
            assert waiting, log.read_text()
            time.sleep(0.1)
        else:
            return
