"""People with roles over the wire: each row of the table opens to whom it says, and to no other."""

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest

from runyard.protocol.route import ANYONE, CONTRIBUTOR, OWNER, PERSON, READER, ROLES
from runyard.protocol.routes import ROUTES
from runyard_server.faces.mlflow.face import MlflowFace
from runyard_server.faces.pipelines.face import PipelinesFace
from runyard_server.store.home import system_user

API = "/api/v1"
W = f"{API}/workspaces/default"
LEVELS = {"": 0, PERSON: 0, **{role: level for level, role in enumerate(ROLES, 1)}}
REFUSED = (401, 403)
HERE = "same-origin"
# It takes no argument, and makes an environment.
SLOW = {"tensorboard.program"}


@pytest.fixture(scope="module")
def join(ask) -> Callable[..., str]:
    """Add a person and give the header value of a token of theirs."""

    def joined(name: str, role: str = "", workspace: str = "default", everywhere: str = "") -> str:
        body = {"name": name, "role": everywhere, "workspaces": {workspace: role} if role else {}}
        assert ask("POST", f"{API}/users", body).status == 200
        made = ask("POST", f"{API}/tokens", {"name": "first", "user": name})
        return f"Bearer {made.json['token']}"

    return joined


def address(route: Any, workspace: str = "default") -> str:
    """The row's address; what it names besides the workspace is not there."""
    filled = re.sub(r"{(\w+)(:path)?}", r"\1-none", route.url)
    return filled.replace("workspace-none", workspace)


def statuses(
    ask, token: str, workspace: str = "default", rows: Sequence[Any] = ROUTES
) -> dict[str, int]:
    """What a person gets of each row: what opens is asked with a body that makes no sense."""
    found = {}
    with closing(ask.open()) as connection:
        for route in rows:
            if route.name in SLOW:
                continue
            body = None if route.method == "GET" or not getattr(route, "body", 1) else b"not JSON"
            place = address(route, workspace)
            answer = ask.send(connection, route.method, place, body, Authorization=token)
            found[route.name] = answer.status
            # Unread: a stream has no end.
            connection.close()
    return found


@pytest.mark.parametrize("role", ["", READER, CONTRIBUTOR, OWNER])
def test_each_row_opens_to_the_role_that_it_names(ask, join, role: str) -> None:
    """Two people of different roles try every row: none gets more than the table says, or less."""
    token = join(f"all-{role or 'nobody'}", role)
    found = statuses(ask, token)
    wrong = []
    for route in ROUTES:
        # A role in one workspace is none outside of it.
        level = LEVELS[role] if "{workspace}" in route.path else 0
        opens = route.scope == ANYONE or level >= LEVELS[route.needs]
        if route.name in found and opens == (found[route.name] in REFUSED):
            wrong.append((route.name, route.needs, found[route.name]))
    assert wrong == []


@pytest.mark.parametrize("role", ["", READER, CONTRIBUTOR])
def test_each_row_of_mlflow_s_opens_to_the_role_that_it_names(ask, join, role: str) -> None:
    """Whoever asks by MLflow's client may no more than by ours."""
    token = join(f"mlflow-{role or 'nobody'}", role)
    served = {served.row.name: served.row for served in MlflowFace().table()}
    found = statuses(ask, token, rows=list(served.values()))
    wrong = []
    for name, row in served.items():
        opens = row.open or LEVELS[role] >= LEVELS[row.needs]
        if opens == (found[name] in REFUSED):
            wrong.append((name, row.needs, found[name]))
    assert wrong == []


@pytest.mark.parametrize("role", ["", READER, CONTRIBUTOR])
def test_contributors_submit_published_pipelines_by_a_post(ask, join, role: str) -> None:
    """v1's addresses open to whom our own rows do, and to a job's token while its run goes on."""
    token = join(f"posting-{role or 'nobody'}", role)
    place = ask("GET", f"{API}/workspaces/default").json
    filled = {"subscription": place["subscription_id"], "group": place["resource_group"]}
    filled["name"] = place["name"]
    over = ask.start_run()
    job, ended = ask.run_token(ask.start_run()), ask.run_token(over)
    assert ask("POST", f"{API}/workspaces/default/runs/{over}/complete").status == 200
    for served in PipelinesFace().table():
        path = re.sub(r"{(\w+)}", lambda found: filled.get(found[1], "none"), served.row.url)
        body = {"ExperimentName": "e"}
        wanted = 404 if role == CONTRIBUTOR else 403
        # An endpoint by name needs one.
        wanted = 400 if wanted == 404 and path.endswith("Name") else wanted
        assert ask("POST", path, body, Authorization=token).status == wanted
        assert ask("POST", path, body, Authorization=job).status in (400, 404)
        assert ask("POST", path, body, Authorization=ended).status == 403
        other = {**body, "ParentRunId": ask.start_run()}
        assert ask("POST", path, other, Authorization=job).status == 403


def test_a_role_here_is_none_elsewhere(ask, join) -> None:
    """An owner of one workspace is nobody in another, whether it is there or not."""
    other = ask("POST", f"{API}/workspaces", {"name": "elsewhere"}).json["id"]
    token = join("here", OWNER)
    for workspace in (other, "no-such"):
        found = statuses(ask, token, workspace)
        inside = {route.name for route in ROUTES if "{workspace}" in route.path} - SLOW
        assert {found[name] for name in inside} == {403}
        answer = ask("GET", f"{API}/workspaces/{workspace}", Authorization=token)
        assert "'here'" not in answer.json["error"]["message"]
        assert f"workspace {workspace!r}" in answer.json["error"]["message"]


def test_the_trash_is_no_workspace(ask) -> None:
    """What was deleted is out of everybody's reach until it comes back, the owner's too."""
    run = ask("POST", f"{W}/interactive-runs", {"experiment": "e"}).json["id"]
    assert ask("POST", f"{W}/runs/{run}/complete").status == 200
    assert ask("POST", f"{W}/trash", {"kind": "run", "name": run}).status == 200
    answer = ask("GET", f"{API}/workspaces/trash:default/runs/{run}")
    assert (answer.status, answer.json["error"]["code"]) == (404, "workspace_not_found")
    assert "runyard trash list" in answer.json["error"]["message"]


def test_an_administrator_may_do_everything(ask, join) -> None:
    """People can be managed by somebody who has no account on the server."""
    token = join("boss", everywhere="administrator")
    for path in ("/users", "/audit", "/settings", "/tokens?everyone=true", "/status"):
        assert ask("GET", f"{API}{path}", Authorization=token).status == 200
    body = {"name": "hired", "role": READER}
    assert ask("POST", f"{API}/users", body, Authorization=token).status == 200


def test_a_person_is_who_their_token_says(ask, join) -> None:
    """Runs have the name of who asked, whatever the body says; a job's children have it, too."""
    token = join("carla", CONTRIBUTOR)
    me = ask("GET", f"{API}/me", Authorization=token).json
    assert (me["name"], me["workspaces"]) == ("carla", {"default": CONTRIBUTOR})
    assert me["via"].startswith("token ")
    body = {"experiment": "e", "submitted_by": "mallory"}
    run = ask("POST", f"{W}/interactive-runs", body, Authorization=token).json
    job = ask.run_token(run["id"])
    child = ask("POST", f"{W}/interactive-runs", body, Authorization=job).json
    assert (run["submitted_by"], child["submitted_by"]) == ("carla", "carla")
    assert ask("POST", f"{W}/interactive-runs", body).json["submitted_by"] == system_user()
    entries = ask("GET", f"{API}/audit?{urlencode({'user': 'carla'})}").json["items"]
    assert [one["object"] for one in entries] == [child["id"], run["id"]]
    assert entries[0]["via"] == f"run {run['id']}"
    assert entries[1]["address"] == "127.0.0.1"


def test_a_browser_is_whose_link_it_was(ask, join) -> None:
    """A session has the rights of the person who printed the link, and ends with them."""
    token = join("dora", READER)
    code = ask("POST", f"{API}/studio/codes", Authorization=token).json["code"]
    page = {"Origin": ask.service.url, "Sec_Fetch_Site": HERE, "Authorization": ""}
    cookie = ask("POST", "/enter", {"code": code}, **page).headers["Set-Cookie"].split(";")[0]
    page["Cookie"] = cookie
    assert ask("GET", f"{API}/me", **page).json["name"] == "dora"
    assert ask("GET", f"{W}/runs", **page).status == 200
    assert ask("POST", f"{W}/interactive-runs", {"experiment": "e"}, **page).status == 403
    assert ask("GET", "/raw/workspaces/no-such/runs/x/files/a.html", **page).status == 403
    assert ask("GET", "/tensorboard/no-such/x/", **page).status == 403
    own = ask("GET", f"{API}/studio/sessions", Authorization=token).json["items"]
    assert [one["person"] for one in own] == ["dora"]
    other = join("dirk", OWNER)
    stolen = f"{API}/studio/sessions/{own[0]['id']}"
    assert ask("DELETE", stolen, Authorization=other).status == 404
    assert ask("DELETE", f"{API}/users/dora").status == 204
    assert ask("GET", f"{W}/runs", **page).status == 401


@pytest.mark.parametrize("how", ["revoke", "rotate"])
@pytest.mark.parametrize("by", ["link", "token"])
def test_a_browser_is_signed_out_with_its_token(ask, join, how: str, by: str) -> None:
    """Who stole a token and signed in with it is out when it is revoked; others are not."""
    name = f"{how}-{by}"
    stolen = join(name, READER)
    kept = ask("POST", f"{API}/tokens", {"name": "other", "user": name}).json["token"]
    cookies = [signed_in(ask, stolen, by), signed_in(ask, f"Bearer {kept}", by)]
    assert [seen(ask, cookie) for cookie in cookies] == [200, 200]
    [id_] = [
        one["id"]
        for one in ask("GET", f"{API}/tokens?user={name}").json["items"]
        if one["name"] == "first"
    ]
    if how == "revoke":
        assert ask("DELETE", f"{API}/tokens/{id_}").status == 204
    else:
        assert ask("POST", f"{API}/tokens/{id_}/rotate", {"days": 1}).status == 200
    assert [seen(ask, cookie) for cookie in cookies] == [401, 200]
    page = {"Origin": ask.service.url, "Sec_Fetch_Site": HERE, "Authorization": ""}
    assert ask("POST", "/renew", Cookie=cookies[0], **page).status == 401
    mine = ask("GET", f"{API}/studio/sessions", Authorization=f"Bearer {kept}").json["items"]
    assert len(mine) == 1


def signed_in(ask, token: str, by: str) -> str:
    """The cookie of a browser that is signed in by a token, or by a link that it printed."""
    page = {"Origin": ask.service.url, "Sec_Fetch_Site": HERE, "Authorization": ""}
    body = {"token": token.removeprefix("Bearer ")}
    if by == "link":
        body = {"code": ask("POST", f"{API}/studio/codes", Authorization=token).json["code"]}
    return ask("POST", "/enter", body, **page).headers["Set-Cookie"].split(";")[0]


def seen(ask, cookie: str) -> int:
    """What a browser gets that asks who it is."""
    return ask("GET", f"{API}/me", Cookie=cookie, Sec_Fetch_Site=HERE, Authorization="").status


@pytest.mark.parametrize("how", ["removed", "demoted"])
def test_a_job_may_no_more_than_who_submitted_it(ask, join, how: str) -> None:
    """Its run goes on to its end and tells of itself; with the person its rights are gone."""
    name = f"left-{how}"
    token = join(name, CONTRIBUTOR)
    run = ask("POST", f"{W}/interactive-runs", {"experiment": "e"}, Authorization=token).json["id"]
    job = {"Authorization": ask.run_token(run)}
    start = ("POST", f"{W}/interactive-runs", {"experiment": "e"})
    mlflow = ("POST", "/api/2.0/mlflow/experiments/create")
    assert ask(*start, **job).status == 200
    assert ask(*mlflow, {"name": f"{name} before"}, **job).status == 200
    if how == "removed":
        assert ask("DELETE", f"{API}/users/{name}").status == 204
    else:
        assert ask("DELETE", f"{W}/members/{name}").status == 204
    refused = [
        ask(*start, **job),
        ask("POST", f"{W}/experiments", {"name": name}, **job),
        ask(*mlflow, {"name": f"{name} after"}, **job),
    ]
    assert [one.status for one in refused] == [403, 403, 403]
    assert name in refused[0].json["error"]["message"]
    # What it is at work on is told, or nobody would learn how it ended.
    assert ask("GET", f"{W}/runs/{run}", **job).status == 200
    assert ask("PATCH", f"{W}/runs/{run}", {"name": "still here"}, **job).status == 200
    metric = {"run_id": run, "key": "loss", "value": 1, "timestamp": 1}
    assert ask("POST", "/api/2.0/mlflow/runs/log-metric", metric, **job).status == 200
    assert ask("POST", f"{W}/runs/{run}/complete", **job).status == 200
    assert ask("GET", f"{W}/runs/{run}", **job).status == 403
    assert ask("GET", f"/api/2.0/mlflow/runs/get?run_id={run}", **job).status == 403


def test_a_name_that_is_given_again_has_no_old_jobs(ask, join) -> None:
    """Another person of the same name is not who the old runs act for."""
    token = join("again", CONTRIBUTOR)
    run = ask("POST", f"{W}/interactive-runs", {"experiment": "e"}, Authorization=token).json["id"]
    assert ask("DELETE", f"{API}/users/again").status == 204
    token = join("again", CONTRIBUTOR)
    body = {"experiment": "e"}
    fresh = ask("POST", f"{W}/interactive-runs", body, Authorization=token).json["id"]
    found = [
        ask("POST", f"{W}/interactive-runs", body, Authorization=ask.run_token(one)).status
        for one in (run, fresh)
    ]
    assert found == [403, 200]


def test_a_key_is_whose_it_is(ask, join) -> None:
    """Somebody who uses another one's Idempotency-Key is not told what that one was answered."""
    people = [join(name, CONTRIBUTOR) for name in ("key-a", "key-b")]
    body = {"experiment": "e"}
    made = [
        ask("POST", f"{W}/interactive-runs", body, Authorization=one, Idempotency_Key="k").json
        for one in (*people, people[0], f"Bearer {ask.service.token}")
    ]
    assert [one["submitted_by"] for one in made] == ["key-a", "key-b", "key-a", system_user()]
    assert made[0]["id"] == made[2]["id"]
    assert len({one["id"] for one in made}) == 3


def test_a_stream_ends_with_its_token(ask, join) -> None:
    """Who was let out hears nothing more on what they had open."""
    token = join("emil", READER)
    with closing(ask.open()) as connection:
        stream = ask.send(connection, "GET", f"{W}/stream?topics=runs", Authorization=token)
        seen = ask.start_run()
        while seen.encode() not in stream.readline():
            pass
        assert ask("DELETE", f"{W}/members/emil").status == 204
        hidden = ask.start_run()
        assert hidden.encode() not in stream.read()


def test_refusals_are_in_the_audit_log(ask, join) -> None:
    """Somebody who tries doors is seen: who it was, or from where, and how often."""
    token = join("frank", READER)
    # So many kinds are told apart between two writes, and others' tests were refused, too.
    ask("GET", f"{API}/audit")
    for _ in range(3):
        assert ask("DELETE", f"{W}/models/m", Authorization=token).status == 403
    assert ask("GET", f"{W}/models", Authorization="Bearer ry_guess").status == 401
    entries = ask("GET", f"{API}/audit?user=frank&outcome=forbidden").json["items"]
    assert [(one["route"], one["object"], one["count"]) for one in entries] == [
        ("models.delete", "m", 3)
    ]
    guesses = ask("GET", f"{API}/audit?outcome=unauthenticated").json["items"]
    assert "127.0.0.1" in {one["address"] for one in guesses}


def test_what_is_outside_of_the_database_is_told_as_well(ask, join) -> None:
    """A file of a datastore that somebody replaced has a name in the log; metrics have none."""
    token = join("gina", CONTRIBUTOR)
    path = f"{W}/datastores/workspaceblobstore/files/a/b.txt"
    assert ask("PUT", path, b"1", Authorization=token).status == 200
    run = ask("POST", f"{W}/interactive-runs", {"experiment": "e"}, Authorization=token).json["id"]
    line = b'{"n": "acc", "k": "scalar", "v": 0.5, "t": 1}\n'
    assert ask("POST", f"{W}/runs/{run}/spool/w", line, Authorization=token).status == 200
    entries = ask("GET", f"{W}/audit?user=gina").json["items"]
    assert [(one["route"], one["object"]) for one in entries] == [
        ("runs.start", run),
        ("datastores.write", "workspaceblobstore/a/b.txt"),
    ]
    listed = ask("GET", f"{API}/tokens", Authorization=token).json["items"]
    assert listed[0]["used_at"]
    assert "token" not in listed[0]
