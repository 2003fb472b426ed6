"""What the registry knows of a model, and the trash, in the pages."""

from playwright.sync_api import expect


def test_a_version_s_stage_and_aliases_are_set_in_place(filled, visit):
    """From its page a version goes into production under a name that serving asks for."""
    workspace, name = filled.names["workspace"], filled.names["model"]
    tab = visit(f"/models/{workspace}/{name}/1")
    page = tab.page
    page.get_by_role("combobox", name="Stage").select_option("Production")
    expect(page.get_by_text("Version 1 is in Production")).to_be_visible()
    page.get_by_label("Add: alias").fill("champion")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove alias champion")).to_be_visible()
    assert filled.client.models.get(f"{name}@champion").version == 1
    assert filled.client.models.get(f"{name}:1").stage == "Production"
    history = page.get_by_role("grid", name=f"History of {name}:1")
    expect(history).to_contain_text("Production")
    expect(history).to_contain_text("champion")
    tab.open(f"/models/{workspace}/{name}")
    versions = page.get_by_role("grid", name=f"Versions of {name}")
    expect(versions).to_contain_text("Production")
    expect(versions).to_contain_text("champion")
    page.get_by_role("button", name="Add a description of this model").click()
    page.get_by_label("Description").fill("digits of MNIST")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="digits of MNIST")).to_be_visible()


def test_a_version_s_files_are_verified(filled, visit):
    """One click reads all bytes anew and says that they are those that were registered."""
    page = visit(f"/models/{filled.names['workspace']}/{filled.names['model']}/1/files").page
    page.get_by_role("button", name="Verify the files").click()
    expect(page.get_by_text("1 file, 7 B: as registered.")).to_be_visible()


def test_what_was_deleted_comes_back(filled, visit):
    """A run that is deleted waits in the trash, says how large it is, and comes back whole."""
    workspace, run = filled.names["workspace"], filled.names["folds"]
    tab = visit(f"/runs/{workspace}/{run}")
    # Its page may hear that something has happened to it, and ask, before it is told of the trash.
    tab.allowed = rf"404 .*/runs/{run}\)"
    page = tab.page
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url(f"**/runs/{workspace}")
    expect(page.get_by_text("in the trash until")).to_be_visible()
    tab.open("/storage")
    trash = page.get_by_role("grid", name="Trash")
    # Below the window there are no rows yet.
    trash.scroll_into_view_if_needed()
    expect(trash).to_contain_text(run)
    page.get_by_role("button", name=f"Restore {run}").click()
    # What other tests have deleted may be there still.
    expect(page.get_by_role("button", name=f"Restore {run}")).to_have_count(0)
    assert filled.client.runs.get(run).status == "Completed"
