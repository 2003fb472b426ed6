"""Models and endpoints in the studio: where they come from, and trying them."""

import json

import pytest
from playwright.sync_api import expect


@pytest.fixture
def sums(filled):
    """The address of the endpoint's page."""
    return f"/endpoints/{filled.names['workspace']}/{filled.names['endpoint']}"


def test_a_model_s_lineage_leads_to_its_run_and_its_endpoint(filled, visit):
    """Who asks where a model comes from, and who serves it, gets there by a click."""
    model = f"/models/{filled.names['workspace']}/{filled.names['model']}/1"
    tab = visit(model)
    page = tab.page
    page.locator(".lineage a.endpoint").click()
    page.wait_for_url("**/endpoints/*/sums")
    tab.open(model)
    # The picture is whole once its last part is there: until then its parts still move.
    page.locator(".lineage a.endpoint").wait_for()
    page.locator(".lineage a.run").click()
    page.wait_for_url(f"**/runs/*/{filled.names['run']}")
    tab.open(f"{model}/use")
    expect(page.locator("main")).to_contain_text("version=1)")
    tab.open(f"{model}/files/model.txt")
    expect(page.locator(".preview .text")).to_contain_text("weights")


def test_two_versions_are_chosen_and_compared(filled, visit):
    """From the versions of a model to what differs between two of them."""
    tab = visit(f"/models/{filled.names['workspace']}/{filled.names['model']}")
    page = tab.page
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare 1 with 2").click()
    page.wait_for_url("**/diff?from=1&to=2")
    page.get_by_label("also what is the same").check()
    expect(page.locator("section", has_text="Parameters").first).to_contain_text("rate")


def test_a_digit_is_drawn_and_its_answer_shown(visit, sums):
    """What is drawn is sent as MNIST has its digits, and the answer comes with its time."""
    tab = visit(f"{sums}/try?by=Draw")
    page = tab.page
    pad = page.locator(".pad > canvas").bounding_box()
    page.mouse.move(pad["x"] + 60, pad["y"] + 40)
    page.mouse.down()
    page.mouse.move(pad["x"] + 90, pad["y"] + 200, steps=10)
    page.mouse.up()
    page.get_by_role("button", name="Send").click()
    size, total = json.loads(page.locator(".answer pre").inner_text())[0]
    assert (size, total > 20) == (784, True)
    expect(page.locator(".answer p")).to_contain_text("ms")
    page.get_by_role("button", name="JSON").click()
    page.get_by_label("Request as JSON").fill("nonsense")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("JSONDecodeError").wait_for()


def test_traffic_is_split_and_promoted_in_place(filled, visit, sums):
    """A share is changed where it stands; all to one deployment can be taken back for a while."""
    page = visit(sums).page

    def shares():
        record = filled.client.endpoints.get(filled.names["endpoint"])
        return {each.name: each.percent for each in record.deployments}

    page.get_by_label("Percent of candidate").fill("35")
    page.get_by_role("button", name="Apply").click()
    # It goes when the change has been made.
    page.get_by_role("button", name="Apply").wait_for(state="detached")
    assert shares() == {"main": 65, "candidate": 35}
    page.get_by_role("button", name="Promote").click()
    page.get_by_text("candidate gets all requests").wait_for()
    assert shares() == {"main": 0, "candidate": 100}
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("65 %, the default").first.wait_for()
    assert shares() == {"main": 65, "candidate": 35}
    assert page.locator(".key").count() == 0
    page.get_by_role("button", name="Show keys").click()
    key = filled.client.endpoints.keys(filled.names["endpoint"]).primary
    page.get_by_text(key).wait_for()
