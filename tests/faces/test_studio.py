"""The studio's page and its files: how long browsers keep them, and what may act in them."""

import pytest

from runyard_server.core.sessions import local_name
from runyard_server.core.settings import Settings
from runyard_server.faces import limits
from runyard_server.faces.application import create_app
from runyard_server.faces.native.face import NativeFace
from runyard_server.faces.studio.assets import FOREVER, Assets
from runyard_server.faces.studio.face import StudioFace
from runyard_server.testing import asking, parts
from runyard_server.testing.clocks import TickingClock

SCRIPT = "assets/index-DPeOUUtb.js"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
CHROME = {"user-agent": "Mozilla/5.0 Chrome/156.0"}


@pytest.fixture
def static(tmp_path):
    """What a build has made."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Runyard</title>")
    for name in ("index-DPeOUUtb.js", "widget.js", "licenses.md"):
        (folder / "assets" / name).write_text(f"// {name}\n" * 20)
    (tmp_path / "secret.js").write_text("of somebody")
    return folder


@pytest.fixture
def system(tmp_path):
    """The parts of a service."""
    with parts.parts(tmp_path / "home", TickingClock()) as made:
        yield made


@pytest.fixture
def ask(system, static):
    """Asks a service whose studio is built."""
    app, _ = create_app(
        system, limits.of(Settings(), 1024), [NativeFace(), StudioFace(Assets(static))]
    )

    def act(path, method="GET", **headers: str):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return asking.ask(app, method, path, headers=given)

    return act


@pytest.mark.parametrize("path", ["/", "/enter", "/runs/default/a/logs/b/c.txt", "/settings"])
def test_a_page_lets_nothing_act_but_its_own_scripts(ask, path):
    """Whatever stands in a page some day, a browser runs nothing of it and asks nobody else."""
    answer = ask(path)
    assert answer.status == 200
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "media-src": "'self' blob:",
        "frame-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-cache"


def test_what_has_a_hash_in_its_name_is_kept_for_ever_and_nothing_else(ask):
    """After an upgrade no browser runs or shows what the service before had."""
    assert ask(f"/{SCRIPT}").headers["cache-control"] == FOREVER
    for name in ("widget.js", "licenses.md"):
        assert ask(f"/assets/{name}").headers["cache-control"] == "no-cache"


def test_what_a_browser_has_is_not_sent_again(ask, static):
    """The page is asked for at each visit: its bytes come only after another build."""
    first = ask("/")
    again = ask("/", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    (static / "index.html").write_text("<!doctype html><title>another build</title>")
    assert b"another build" in ask("/", if_none_match=first.headers["etag"]).body


def test_files_are_packed_for_who_takes_them_so(ask, static):
    """A third of the bytes for browsers, and the same file for whoever cannot unpack."""
    packed = ask(f"/{SCRIPT}", accept_encoding="gzip, br")
    assert packed.headers["content-encoding"] == "gzip"
    plain = ask(f"/{SCRIPT}")
    assert plain.body == (static / SCRIPT).read_bytes()
    assert len(packed.body) < len(plain.body)
    assert {packed.headers["vary"], plain.headers["vary"]} == {"Accept-Encoding"}


@pytest.mark.parametrize(
    "name", ["../index.html", "%2e%2e/secret.js", "..%2f..%2fsecret.js", "%00", ".", "nope.js"]
)
def test_only_names_of_the_build_are_served(ask, name):
    """No address leads out of the folder of the build."""
    answer = ask(f"/assets/{name}")
    assert answer.status == 404
    assert b"of somebody" not in answer.body


@pytest.mark.parametrize("path", ["/nonsense", "/runs", "/favicon.ico"])
def test_an_address_that_is_none_is_told_as_it_is_asked_for(ask, path):
    """A browser shows the page that says so, with its navigation; a program gets no page."""
    page = ask(path, **BROWSER)
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"<title>Runyard" in page.body
    assert b"<title>Runyard</title>\n" not in ask(path).body
    assert ask("/nonsense", accept="application/json").headers["content-type"] == (
        "application/json"
    )
    assert ask("/api/v1/nonsense", **BROWSER).headers["content-type"] == "application/json"


def test_browsers_go_to_the_service_s_own_name(ask, system):
    """With path, query and port as they are; whoever may not know the name stays."""
    name = local_name(system.secret)
    answer = ask("/runs/default?q=a%20b", host="127.0.0.1:8420", **CHROME)
    assert answer.status == 307
    assert answer.headers["location"].endswith(f"//{name}:8420/runs/default?q=a%20b")
    assert ask("/", host=f"{name}:8420", **CHROME).status == 200
    assert ask("/", host="127.0.0.1:8420", user_agent="Safari/605").status == 200


@pytest.mark.parametrize("host", ["127.0.0.1:80@evil.example", "localhost:@evil.example"])
def test_no_host_leads_elsewhere(ask, system, host):
    """Whatever a request says that it called, the answer leads to this service."""
    answer = ask("/", host=host, **CHROME)
    assert answer.headers["location"].endswith(f"//{local_name(system.secret)}/")
