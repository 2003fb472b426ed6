"""The page of a pipeline run: what it draws is what the API says, now and at its end."""

import pytest
from playwright.sync_api import expect
from tests.studio.test_access import PHONE, faults, fits

from runyard.client import source_folders
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.pipelines import NodeInput, NodeOutput, NodeSpec, PipelineSpec, SubmitPipeline
from runyard.protocol.published_pipelines import PublishPipeline
from runyard.protocol.runs import TERMINAL, RunSpec
from runyard.protocol.schedules import CreateSchedule, RecurrenceSpec
from runyard_server.testing.yard import until

STEP = """
import os, sys, time
from runyard import Run

print("said by", sys.argv[1], flush=True)
if sys.argv[1] == "check":
    while not os.path.exists(sys.argv[2]):
        time.sleep(0.02)
    sys.exit("no luck")
Run.get_context().log("loss", 0.25)
"""


@pytest.fixture
def submit(filled, tmp_path):
    """Submits a pipeline: prepare, then a check that waits for a file and fails, then publish."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "step.py").write_text(STEP)
    client = filled.client
    snapshot = source_folders.send(client, source_folders.scan(tmp_path / "source", 1 << 20))
    own = EnvironmentDefinition(user_managed=True)

    def run(name: str) -> RunSpec:
        arguments = [name, str(tmp_path / "go")]
        return RunSpec("piped", snapshot, "step.py", arguments=arguments, environment=own)

    made = [NodeOutput("clean", "workspaceblobstore")]
    spec = PipelineSpec(
        [
            NodeSpec("a", "prepare", "Step", run("prepare"), outputs=made),
            NodeSpec("b", "check", "Step", run("check"), inputs=[NodeInput("clean", "a", "clean")]),
            NodeSpec("c", "publish", "Step", run("publish"), after=["b"]),
        ]
    )

    def submitted(until_its_end: bool = False) -> str:
        pipeline = client.pipelines.submit(SubmitPipeline("piped", spec)).id
        if until_its_end:
            (tmp_path / "go").touch()
            until(lambda: client.runs.get(pipeline).status in TERMINAL)
            (tmp_path / "go").unlink()
        return pipeline

    return submitted


@pytest.mark.slow(seconds=8)
def test_a_pipeline_is_drawn_as_the_api_has_it(filled, visit, submit, axe, tmp_path):
    """From its link: a box for each step, reused ones marked, states that follow, for everybody.

    A reused step leads on to what the run that made it has logged and printed.
    """
    submit(until_its_end=True)
    pipeline = submit()
    tab = visit(f"/pipelines/default/{pipeline}")
    tab.page.context.add_init_script(path=axe)
    page = tab.open(f"/pipelines/default/{pipeline}")
    nodes = filled.client.pipelines.get(pipeline).nodes
    prepare, check, publish = (page.locator(f".graph a[href$='{one.run}']") for one in nodes)
    expect(check).to_contain_text("● Running")
    expect(publish).to_contain_text("○ NotStarted")
    (tmp_path / "go").touch()
    expect(page.locator("h1 .status")).to_contain_text("Failed")
    nodes = filled.client.pipelines.get(pipeline).nodes
    rows = page.get_by_role("grid", name="Steps").get_by_role("row")
    for place, (node, box) in enumerate(zip(nodes, (prepare, check, publish), strict=True)):
        expect(box).to_contain_text(f"{node.status}{' ↺ reused' if node.reused_run else ''}")
        expect(rows.nth(place + 1)).to_contain_text(node.reason or node.reuse)
    assert [bool(node.reused_run) for node in nodes] == [True, False, False]
    for kind in ("data", "order"):
        expect(page.locator(f".graph path.{kind}")).to_have_count(1)
    assert faults(page) == []
    page.set_viewport_size(PHONE)
    assert fits(page)
    prepare.click()
    page.wait_for_url(f"**/runs/default/{nodes[0].run}")
    expect(page.locator("main")).to_contain_text(f"those of the run {nodes[0].reused_run}")
    expect(page.locator(".figures")).to_contain_text("0.25")
    page.get_by_role("link", name="Logs", exact=True).click()
    expect(page.locator("main")).to_contain_text("said by prepare")
    page.get_by_role("link", name="Graph of the pipeline").click()
    page.wait_for_url(f"**/pipelines/default/{pipeline}")
    page.locator(".trail").get_by_role("link", name="Pipelines").click()
    listed = page.get_by_role("grid", name="Pipelines").locator(f"a[href$='{pipeline}']")
    expect(listed).to_have_count(1)
    expect(page.get_by_role("heading", name="Schedules")).to_have_count(0)


@pytest.mark.slow(seconds=4)
def test_schedules_stand_below_the_pipelines(filled, visit, submit, axe):
    """With the next time and the last run of each, and switched off and on again there."""
    client = filled.client
    order = PublishPipeline("nightly", run=submit(until_its_end=True))
    published = client.published_pipelines.create(order).id
    daily = RecurrenceSpec("Day", start_time="2998-12-31T22:00:00")
    made = client.schedules.create(CreateSchedule("s", "piped", published, recurrence=daily))
    tab = visit("/pipelines/default")
    tab.page.context.add_init_script(path=axe)
    page = tab.open("/pipelines/default")
    row = page.get_by_role("grid", name="Schedules").get_by_role("row").nth(1)
    expect(row).to_contain_text("2998")
    assert faults(page) == []
    page.get_by_role("button", name="Disable s").click()
    expect(row).to_contain_text("Disabled")
    assert client.schedules.get(made.id).next_at is None
    page.get_by_role("button", name="Enable s").click()
    expect(row).to_contain_text("Active")
    client.schedules.delete(made.id)
