"""The long form of what notebooks show; `make soak` runs it.

Kernels of other ages, anywidget of the front end's version and of another, what nbconvert makes of
a card, a kernel that is restarted and a service that goes away.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.notebook.test_notebooks import SHOW, WORK, check_card

from runyard_server.testing.services import running_service

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser
    from tests.notebook.lab import Lab

BY_WIDGET = SHOW.replace("show()", 'show(render_lib="anywidget")')
_PATIENCE = 60_000


def test_a_card_of_python_3_7(lab: Lab, browser: Browser) -> None:
    """A kernel of 2019's TensorFlow shows the same card."""
    check_card(lab, browser, "old")


@pytest.mark.parametrize("kernel", ["newest", "old"])
def test_anywidget_gives_way_to_plain_html(lab: Lab, browser: Browser, kernel: str) -> None:
    """It is shown where its version is the front end's; what is saved is plain HTML either way."""
    name = f"widget-{kernel}.ipynb"
    lab.write(name, kernel, [BY_WIDGET, WORK])
    with lab.open(browser, name) as book:
        book.ready(kernel)
        book.act("notebook:run-cell-and-select-next")
        if kernel == "newest":
            expect(book.page.locator(".runyard-card")).to_be_visible(timeout=_PATIENCE)
        else:
            # Shown, lost to a widget that cannot be loaded, and there again.
            book.shows("● Running")
            book.page.wait_for_timeout(8_000)
            book.shows("● Running")
        book.act("notebook:run-cell-and-select-next")
        book.shows("✓ Completed")
        expect(book.outputs.locator("img[alt='loss: 12 values']")).to_be_visible(timeout=_PATIENCE)
        book.save(lab.folder / name)
    assert set(lab.outputs(name)[0]["data"]) == {"text/html", "text/plain"}


def test_nbconvert_keeps_a_card(lab: Lab, tmp_path: Path) -> None:
    """A notebook that is executed and written as HTML without any browser has the card's end."""
    lab.write("convert.ipynb", "newest", [SHOW, WORK, "time.sleep(1.5)"])
    command = [str(lab.python), "-P", "-m", "nbconvert", "--to", "html", "--execute"]
    command += [str(lab.folder / "convert.ipynb"), "--output-dir", str(tmp_path)]
    subprocess.run(command, env=lab.environment, check=True, capture_output=True)
    html = (tmp_path / "convert.html").read_text()
    assert "✓ Completed" in html
    assert "data:image/svg+xml;base64," in html


def test_a_kernel_that_is_restarted_leaves_a_card(lab: Lab, browser: Browser) -> None:
    """The card stays as it was, and the cell shows a new one."""
    lab.write("restart.ipynb", "newest", [SHOW])
    with lab.open(browser, "restart.ipynb") as book:
        book.ready("newest")
        book.act("notebook:run-all-cells")
        book.shows("● Running")
        book.act("kernelmenu:restart")
        book.page.get_by_role("button", name="Confirm Kernel Restart").click()
        book.ready("newest")
        expect(book.outputs.locator("div[style*=border-radius]")).to_have_count(1)
        book.act("notebook:run-all-cells")
        book.shows("● Running")


def test_a_card_waits_for_its_service(lab: Lab, browser: Browser, tmp_path: Path) -> None:
    """The card says that it is away, and goes on by itself when it is back."""
    home = tmp_path / "home"
    at_home = f"import os\nos.environ['RUNYARD_HOME'] = {str(home)!r}\n"
    lab.write("away.ipynb", "newest", [at_home + SHOW, "run.complete()"])
    with running_service(home) as service, lab.open(browser, "away.ipynb") as book:
        book.ready("newest")
        book.act("notebook:run-cell-and-select-next")
        book.shows("● Running")
        service.kill()
        book.shows("The service does not answer")
        service.start()
        expect(book.outputs.filter(has_text="does not answer")).to_have_count(0, timeout=_PATIENCE)
        book.act("notebook:run-cell-and-select-next")
        book.shows("✓ Completed")
