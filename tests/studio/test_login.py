"""Signing in, in a browser: links that work once, and cookies that no other page can use."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from playwright.sync_api import expect

from runyard_server.core.sessions import CODE_SECONDS

RUNS = "/api/v1/workspaces/default/runs"
USED = "used already or is too old"
# A page of another program on this machine, at another port of it.
OTHER = """<!doctype html><title>other</title><a href="{studio}/runs/default">runs</a>
<img src="{studio}{runs}">"""


@pytest.fixture
def elsewhere(filled) -> Iterator[str]:
    """A site of somebody else, which links to the studio and asks it for things."""
    studio = filled.link().partition("/enter")[0]

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(OTHER.format(studio=studio, runs=RUNS).encode())
            seen.append(self.headers.get("Cookie", ""))

        def log_message(self, *_: object) -> None:
            """Keep quiet: each request would be a line among the tests."""

    seen: list[str] = []
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
    assert not any("runyard" in cookie for cookie in seen)


def test_a_link_signs_in_once_and_leaves_no_trace(filled, browser):
    """It opens the page that was meant, its code is not in the history, and it works once."""
    link = filled.link(f"/runs/default/{filled.names['run']}")
    for expected in (True, False):
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        if expected:
            page.wait_for_url(f"**/runs/default/{filled.names['run']}")
            assert "code" not in page.evaluate("location.href")
            page.go_back()
            assert "code=" not in page.url
        else:
            page.get_by_role("alert").wait_for()
            expect(page.get_by_role("alert")).to_contain_text(USED)
            expect(page.locator("main")).to_contain_text("runyard studio")
        context.close()


def test_a_used_link_goes_on_in_the_browser_that_it_signed_in(filled, visit):
    """Who clicks the link of the terminal a second time is where it leads, not before a door."""
    link = filled.link(f"/runs/default/{filled.names['run']}")
    tab = visit()
    tab.allowed = "401"
    for _ in range(2):
        tab.page.goto(link)
        tab.page.wait_for_url(f"**/runs/default/{filled.names['run']}")
        tab.settle()
        assert tab.page.get_by_label("Or a token").count() == 0


def test_who_is_not_signed_in_sees_nothing_and_can_type_the_token(filled, browser):
    """A page without a cookie asks for one; after that it shows what was wanted."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(filled.link().partition("/enter")[0] + f"/runs/default/{filled.names['run']}")
    page.get_by_label("Or a token").wait_for()
    assert "tf-mnist" not in page.content()
    page.get_by_label("Or a token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("Or a token").fill(filled.service.token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="tf-mnist").wait_for()
    context.close()


def test_a_link_that_leads_elsewhere_stays_here(filled, browser):
    """A forged `next` never sends a visitor to another site."""
    for forged in (
        *("//evil.example/", "https://evil.example/", "/\\evil.example"),
        *("/%09/evil.example", "/enter"),
    ):
        context = browser.new_context()
        page = context.new_page()
        origin = filled.link().partition("/enter")[0]
        page.goto(filled.link().partition("&next")[0] + "&next=" + forged)
        page.get_by_role("navigation", name="Pages").wait_for()
        assert page.url.startswith(origin + "/")
        context.close()


def test_another_site_can_link_here_and_do_nothing_else(filled, visit, elsewhere):
    """A click from elsewhere opens the page signed in; requests from there have no cookie."""
    tab = visit()
    page = tab.page
    studio = page.url
    page.goto(elsewhere)
    asked = "(url) => fetch(url, %s).then((answer) => answer.status, () => 0)"
    for options in (
        '{credentials: "include"}',
        '{method: "POST", mode: "no-cors", credentials: "include"}',
    ):
        assert page.evaluate(asked % options, studio.rstrip("/") + RUNS) in (0, 401, 403)
    page.get_by_role("link", name="runs").click()
    page.wait_for_url("**/runs/default")
    tab.settle()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    tab.forgive(r"127\.0\.0\.1|CORS|401|403|Failed to load|ERR_")


def test_signed_out_elsewhere_means_signed_out_here(filled, visit):
    """The next thing that a page asks for shows that, and nothing that it had is left."""
    tab = visit("/runs/default")
    # The stream may ask once more whether it is signed in, after all else.
    tab.allowed = "401"
    tab.page.evaluate("fetch('/leave', {method: 'POST'})")
    tab.page.reload()
    tab.page.get_by_label("Or a token").wait_for()
    expect(tab.page.get_by_role("row")).to_have_count(0)


def test_an_old_code_signs_nobody_in():
    """Five minutes are what the page says, and what the code is good for."""
    assert CODE_SECONDS == 300
