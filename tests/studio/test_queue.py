"""The queue's page: who is served first is changed where it is seen, by number, keys and mouse."""

import os
import subprocess
import sys

from playwright.sync_api import expect
from tests.studio.test_access import faults

from runyard.protocol.service import HOME_VARIABLE
from runyard_server.testing.yard import until

FILL = """
import sys
from runyard import AmlCompute, ComputeTarget, Environment, Experiment, ScriptRunConfig, Workspace

workspace = Workspace.from_config()
order = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
ComputeTarget.create(workspace, "cpus", order)
plain = Environment("plain")
plain.python.user_managed_dependencies = True
plain.python.interpreter_path = sys.executable
sleep = ScriptRunConfig(
    "source", command=["sleep", "300"], compute_target="cpus", environment=plain
)
for name in ("holds", "one", "two", "three"):
    Experiment(workspace, name).submit(sleep)
"""


def test_a_run_is_moved_on_the_page(own, visit_own, axe, tmp_path):
    """Each way changes the order that the service goes by, and each can be taken back."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "nothing.txt").write_text("nothing")
    here = {**os.environ, HOME_VARIABLE: str(own.service.home)}
    command = [sys.executable, "-P", "-c", FILL]
    subprocess.run(command, cwd=tmp_path, env=here, check=True, stdout=subprocess.DEVNULL)
    tab = visit_own()
    tab.page.context.add_init_script(path=axe)
    page = tab.open("/queue/default")
    names = page.locator("[role=row] a")

    def shown(*order: str) -> None:
        expect(names).to_have_text([f"{name} 1" for name in order])
        # The page shows a move before the service has answered.
        until(lambda: [one.experiment for one in own.client.compute.queue()] == [*order])

    shown("one", "two", "three")
    assert faults(page) == []
    page.get_by_role("button", name="move three 1").press("ArrowUp")
    shown("one", "three", "two")
    # The key went on with the run that it moved.
    page.keyboard.press("ArrowUp")
    shown("three", "one", "two")
    page.get_by_role("button", name="Undo").click()
    shown("one", "three", "two")
    page.get_by_label("Priority of two 1").fill("7")
    page.keyboard.press("Enter")
    shown("two", "one", "three")
    by_mouse = page.get_by_role("button", name="move three 1")
    by_mouse.drag_to(page.get_by_role("button", name="move two 1"))
    shown("three", "two", "one")
    until(lambda: [one.priority for one in own.client.compute.queue()] == [7, 7, 0])
    for one in own.client.runs.list():
        own.client.runs.cancel(one.id)
    expect(page.get_by_role("heading", name="No run waits")).to_be_visible()
