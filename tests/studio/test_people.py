"""People, their tokens, and what was written down of what they did."""

import pytest
from playwright.sync_api import expect

from runyard.client.connection import Connection
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import RunyardError


def test_a_person_gets_a_role_and_a_token_that_ends_when_it_is_revoked(filled, visit):
    """The owner lets a colleague in from the page; a token shown once works until it is revoked."""
    tab = visit("/people")
    page = tab.page
    people = page.get_by_role("grid", name="People")
    page.get_by_label("Add: name").fill("ada")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(people).to_contain_text("ada")
    page.get_by_label("Let in: name").fill("ada")
    page.get_by_role("button", name="Let in").click()
    expect(page.get_by_role("combobox", name="Role of ada here")).to_have_value("reader")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_label("What it is for").fill("laptop")
    page.get_by_label("Whose").fill("ada")
    page.get_by_role("button", name="Make", exact=True).click()
    secret = page.locator(".warned code").inner_text()
    hers = WorkspaceClient(Connection(filled.service.url, secret), filled.names["workspace"])
    assert hers.runs.get(filled.names["run"]).status == "Completed"
    page.get_by_role("button", name="Revoke laptop").click()
    expect(page.get_by_text("laptop opens nothing any more")).to_be_visible()
    with pytest.raises(RunyardError):
        hers.runs.get(filled.names["run"])
    tab.open("/audit?route=tokens.revoke")
    expect(page.get_by_role("grid", name="Audit log")).to_contain_text("tokens.revoke")
    tab.open("/people")
    page.get_by_role("button", name="Remove ada").click()
    expect(people).not_to_contain_text("ada")
