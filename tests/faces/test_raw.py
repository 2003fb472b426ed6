"""Files that jobs made, in a browser that is signed in: shown, kept, and never obeyed."""

import hashlib
from typing import Any

import pytest

RUN = "/api/v1/workspaces/default/runs"
HERE = "same-origin"
EVIL = b"<script>fetch('/api/v1/workspaces').then(r => alert(r.status))</script>"


@pytest.fixture
def browser(ask):
    """Asks as a page of the studio does, with the cookie of a browser that was signed in."""
    code = ask("POST", "/api/v1/studio/codes").json["code"]
    own = {"Sec_Fetch_Site": HERE, "Origin": ask.service.url, "Authorization": ""}
    cookie = ask("POST", "/enter", {"code": code}, **own).headers["Set-Cookie"].split(";")[0]

    def act(path: str, **headers: str) -> Any:
        given = {"Sec_Fetch_Site": HERE, "Cookie": cookie, "Authorization": "", **headers}
        return ask("GET", path, **given)

    return act


@pytest.fixture
def run(ask):
    """A run with files that a browser would run or draw, were it told to."""
    made = ask.start_run()
    files = []
    names = ("a.html", "b.svg", "c.txt", "d.png", "e.xhtml", "f.js", "g.pdf", "h", "A.HTM")
    digest = hashlib.sha256(EVIL).hexdigest()
    assert ask("PUT", f"/api/v1/workspaces/default/blobs/{digest}", EVIL).status == 204
    for name in names:
        path = f"outputs/{name}"
        files.append({"path": path, "digest": digest, "size": len(EVIL)})
    assert ask("POST", f"{RUN}/{made}/files", {"files": files}).status == 200
    return made


@pytest.mark.parametrize("name", ["b.svg", "e.xhtml", "g.pdf", "h"])
def test_what_could_act_is_a_file_to_keep(browser, run, name):
    """A link to a hostile file of a run downloads it: it never becomes a page of the service."""
    answer = browser(f"{RUN}/{run}/files/outputs/{name}")
    assert (answer.status, answer.body) == (200, EVIL)
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize("name", ["a.html", "c.txt", "d.png", "f.js"])
def test_what_is_shown_is_never_run(browser, run, name):
    """Texts and pictures open in a tab, as texts and pictures, whatever is in them."""
    answer = browser(f"{RUN}/{run}/files/outputs/{name}")
    assert answer.headers["Content-Type"].split(";")[0] in ("text/plain", "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_program_gets_files_as_before(ask, run):
    """Clients with a token are no browsers: nothing is added for them."""
    answer = ask("GET", f"{RUN}/{run}/files/outputs/b.svg")
    assert answer.body == EVIL
    assert answer.headers["Content-Disposition"] is None


@pytest.mark.parametrize("name", ["a.html", "A.HTM"])
def test_a_page_of_a_run_is_shut_in(browser, run, name):
    """It may run its scripts, at no origin, and ask nobody; other pages cannot frame it."""
    answer = browser(f"/raw/workspaces/default/runs/{run}/files/outputs/{name}")
    assert (answer.status, answer.body) == (200, EVIL)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none';")
    assert "allow-same-origin" not in policy
    assert policy.endswith("frame-ancestors 'self'")
    assert "connect-src" not in policy


def test_only_who_is_signed_in_sees_it(ask, browser, run):
    """Without a cookie, from elsewhere, or by the address line the page says nothing."""
    path = f"/raw/workspaces/default/runs/{run}/files/outputs/a.html"
    for given in ({"Cookie": ""}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "none"}):
        answer = browser(path, **given)
        assert answer.status == 401
        assert EVIL not in answer.body
    assert ask("GET", path).status == 200
    other = ask.run_token(run, "elsewhere")
    assert ask("GET", path, Authorization=f"Bearer {other}").status in (401, 403)


@pytest.mark.parametrize("name", ["b.svg", "c.txt", "no.html", "../../x.html"])
def test_nothing_else_becomes_a_page(browser, run, name):
    """A drawing, a text and a file that is not there are refused; the answer runs nothing."""
    answer = browser(f"/raw/workspaces/default/runs/{run}/files/outputs/{name}")
    assert answer.status in (400, 404)
    assert EVIL not in answer.body
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_page_on_a_datastore_is_shut_in_too(ask, browser):
    """A report that somebody put on a datastore is shown the same way."""
    rest = "workspaces/default/datastores/workspaceblobstore/files/reports/r.html"
    assert ask("PUT", f"/api/v1/{rest}?overwrite=true", EVIL).status == 200
    answer = browser(f"/raw/{rest}")
    assert (answer.status, answer.body) == (200, EVIL)
    assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-scripts;")
