"""Browsers that are signed in: what a cookie opens, to whom, and how long."""

from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from runyard_server.core.sessions import CODE_SECONDS, Sessions

RUNS = "/api/v1/workspaces/default/runs"
STREAM = "/api/v1/workspaces/default/stream"
HERE = "same-origin"
US = 1_000_000


@pytest.fixture
def enter(ask):
    """Signs in as a page does; gives the answer."""

    def act(**given: Any) -> Any:
        headers = {"Sec_Fetch_Site": HERE, "Origin": ask.service.url, "Authorization": ""}
        return ask("POST", "/enter", given.pop("body", given), **headers)

    return act


@pytest.fixture
def cookie(ask, enter):
    """The cookie of a browser that was just signed in."""
    code = ask("POST", "/api/v1/studio/codes").json["code"]
    return enter(code=code).headers["Set-Cookie"].split(";")[0]


def read(ask, cookie, **headers: str):
    """Ask for the runs with a cookie, as a page of the studio does unless told otherwise."""
    given = {"Sec_Fetch_Site": HERE, "Cookie": cookie, "Authorization": "", **headers}
    return ask("GET", RUNS, **given)


def test_a_link_signs_in_once(ask, enter):
    """The first browser that opens it has the cookie; the second is told how to get a link."""
    made = ask("POST", "/api/v1/studio/codes").json
    first, second = enter(code=made["code"]), enter(code=made["code"])
    assert (first.status, second.status) == (204, 401)
    for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
        assert word in first.headers["Set-Cookie"]
    assert "runyard studio" in second.json["error"]["message"]
    assert made["url"].startswith("http://runyard-")
    assert urlsplit(made["url"]).port == urlsplit(ask.service.url).port


def test_a_code_is_good_for_five_minutes():
    """A link that lay about signs nobody in."""
    sessions = Sessions()
    early, late = sessions.code(0, "anna"), sessions.code(0, "anna")
    assert sessions.spend(early, CODE_SECONDS * US - 1) == ("anna", "")
    assert sessions.spend(late, CODE_SECONDS * US) is None


def test_the_token_signs_in_too(ask, enter):
    """Who cannot open the link types the token; a run's token signs nobody in."""
    assert enter(token=ask.service.token).status == 204
    run = ask.start_run()
    for wrong in ("", "nope", ask.run_token(run)):
        assert enter(token=wrong).status == 401


def test_a_cookie_opens_the_api_to_pages_of_the_studio_alone(ask, cookie):
    """A page elsewhere, a tab's address line and a forged or foreign cookie get nothing."""
    assert read(ask, cookie).status == 200
    for site in ("cross-site", "same-site", "none", ""):
        assert read(ask, cookie, Sec_Fetch_Site=site).status == 401
    name, _, value = cookie.partition("=")
    ended = value.replace(value.split(".")[1], "1")
    for wrong in (f"{name}={value}0", f"{name}=", f"{name}={ended}", f"runyard-00000000={value}"):
        assert read(ask, wrong).status == 401
    assert read(ask, f'odd={{"a": 1}}; {cookie}; other=1').status == 200


def test_writing_takes_an_origin(ask, cookie):
    """What changes something must come from a page that says where it is from."""
    given = {"Cookie": cookie, "Sec_Fetch_Site": HERE, "Authorization": ""}
    path = "/api/v1/workspaces/default/experiments"
    assert ask("POST", path, {"name": "a"}, **given).status == 401
    assert ask("POST", path, {"name": "a"}, Origin=ask.service.url, **given).status == 200
    assert ask("POST", path, {"name": "b"}, Origin="https://evil.example", **given).status == 403


def test_a_token_counts_before_a_cookie(ask, cookie):
    """A program that sends a wrong token is refused, whatever cookie its library kept."""
    assert read(ask, cookie, Authorization="Bearer wrong").status == 401


def test_a_browser_can_be_signed_out(ask, cookie, enter):
    """The list shows who is signed in; signed out means at once, and only that one."""
    other = enter(token=ask.service.token).headers["Set-Cookie"].split(";")[0]
    listed = ask("GET", "/api/v1/studio/sessions").json["items"]
    given = {"Sec_Fetch_Site": HERE, "Origin": ask.service.url, "Authorization": ""}
    assert ask("POST", "/leave", Cookie=cookie, **given).status == 204
    assert read(ask, cookie).status == 401
    assert read(ask, other).status == 200
    left = ask("GET", "/api/v1/studio/sessions").json["items"]
    assert len(left) == len(listed) - 1
    assert ask("DELETE", f"/api/v1/studio/sessions/{left[0]['id']}").status == 204
    assert ask("DELETE", f"/api/v1/studio/sessions/{left[0]['id']}").status == 404


def test_a_browser_that_is_signed_out_hears_no_more(ask, cookie):
    """A session that is ended, say a stolen one, follows nothing on a stream that it had open."""
    given = {"Sec_Fetch_Site": HERE, "Cookie": cookie, "Authorization": ""}
    with closing(ask.open()) as connection:
        stream = ask.send(connection, "GET", f"{STREAM}?topics=runs", **given)
        run = ask.start_run()
        while run.encode() not in stream.readline():
            pass
        ask("POST", "/leave", Origin=ask.service.url, **given)
        hidden = ask.start_run()
        assert hidden.encode() not in stream.read()


def test_each_sign_in_is_another_session(ask, enter, cookie):
    """Nobody can give a browser a cookie beforehand, and be signed in with it later."""
    given = {"Sec_Fetch_Site": HERE, "Origin": ask.service.url, "Authorization": ""}
    code = ask("POST", "/api/v1/studio/codes").json["code"]
    planted = ask("POST", "/enter", {"code": code}, Cookie=cookie, **given)
    assert planted.headers["Set-Cookie"].split(".")[2] != cookie.split(".")[2]
    name = cookie.partition("=")[0]
    fresh = ask("POST", "/enter", {"token": ask.service.token}, Cookie=f"{name}=mine", **given)
    assert "mine" not in fresh.headers["Set-Cookie"]


def test_over_https_the_cookie_stays_there(ask):
    """Behind a proxy with TLS it never travels in the clear."""
    given = {"Sec_Fetch_Site": HERE, "Origin": ask.service.url, "Authorization": ""}
    body = {"token": ask.service.token}
    assert "Secure" not in ask("POST", "/enter", body, **given).headers["Set-Cookie"]
    secure = ask("POST", "/enter", body, X_Forwarded_Proto="https", **given)
    assert "; Secure" in secure.headers["Set-Cookie"]


def test_a_page_that_is_used_stays_signed_in(ask, cookie):
    """Renewing gives the same session a later end; a session that was ended is not revived."""
    given = {"Sec_Fetch_Site": HERE, "Origin": ask.service.url, "Authorization": ""}
    renewed = ask("POST", "/renew", Cookie=cookie, **given)
    assert renewed.status == 204
    after = renewed.headers["Set-Cookie"].split(";")[0]
    assert after.split(".")[2] == cookie.split(".")[2]
    assert int(after.split(".")[1]) >= int(cookie.split(".")[1])
    ask("POST", "/leave", Cookie=after, **given)
    assert ask("POST", "/renew", Cookie=cookie, **given).status == 401


def test_only_our_pages_sign_in(ask):
    """No other page can sign a visitor in as somebody, nor out."""
    code = ask("POST", "/api/v1/studio/codes").json["code"]
    for headers in ({}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": HERE}):
        assert ask("POST", "/enter", {"code": code}, Authorization="", **headers).status == 403
        assert ask("POST", "/leave", Authorization="", **headers).status == 403


def test_a_run_s_token_makes_no_link(ask):
    """A job cannot become its owner's browser."""
    run = ask.start_run()
    token = f"Bearer {ask.run_token(run)}"
    assert ask("POST", "/api/v1/studio/codes", Authorization=token).status in (401, 403)


@pytest.mark.parametrize("body", ["", "[]", {"code": 1}, {"other": "x"}])
def test_what_is_no_entry_is_refused(enter, body):
    """Odd bodies are refused, with a reason."""
    answer = enter(body=body)
    assert answer.status == 400
    assert answer.json["error"]["message"]
