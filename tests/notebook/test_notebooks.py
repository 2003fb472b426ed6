"""Cards in a real JupyterLab, in a real browser: live, and when the notebook is opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from tests.notebook.lab import Lab

SHOW = """
from azureml.core import Experiment, Workspace
from azureml.widgets import RunDetails
run = Experiment(Workspace.from_config(), "cards").start_logging()
RunDetails(run).show()
"""
WORK = """
import time
for step in range(12):
    run.log("loss", 1 / (1 + step))
    time.sleep(0.1)
print("half of it")
time.sleep(1.5)
run.complete()
"""
# A busy machine may show nothing of the card before the run would have ended by itself.
UNTIL_SEEN = """import os
while not os.path.exists("seen"):
    time.sleep(0.05)"""


@pytest.mark.slow(seconds=20)
def test_a_card_lives_and_outlives_its_kernel(lab: Lab, browser: Browser) -> None:
    """It follows the run while other cells work, and is there where nobody trusts the notebook."""
    check_card(lab, browser, "newest")


def check_card(lab: Lab, browser: Browser, kernel: str) -> None:
    """Watch a card from its first moment to the notebook's being opened by somebody else."""
    name = f"{kernel}.ipynb"
    lab.write(name, kernel, [SHOW, WORK.replace("time.sleep(1.5)", UNTIL_SEEN)])
    (lab.folder / "seen").unlink(missing_ok=True)
    with lab.open(browser, name) as book:
        book.ready(kernel)
        book.act("notebook:run-all-cells")
        book.shows("● Running")
        expect(book.outputs.locator("img[alt='loss: 12 values']")).to_be_visible()
        (lab.folder / "seen").touch()
        book.shows("✓ Completed")
        book.save(lab.folder / name)
    card = lab.outputs(name)[0]
    assert "Completed" in "".join(card["data"]["text/html"])
    assert set(card["data"]) == {"text/html", "text/plain"}
    lab.copy(name, f"copy-of-{name}")
    with lab.open(browser, f"copy-of-{name}") as book:
        book.shows("✓ Completed")
        chart = book.outputs.locator("img[alt='loss: 12 values']")
        expect(chart).to_have_js_property("naturalWidth", 340)
        frame = book.outputs.locator("div[style*=border-radius]").first
        expect(frame).to_have_css("border-radius", "8px")
