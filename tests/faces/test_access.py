"""Tokens over the wire: what opens what."""

import hashlib
import re
from contextlib import closing
from operator import attrgetter
from pathlib import Path

import pytest

from runyard.protocol import route as scopes
from runyard.protocol.errors import Forbidden
from runyard.protocol.route import AGENT, READS, SCOPES, USER, Events, Nothing, Route
from runyard.protocol.routes import ROUTES
from runyard_server.core import tokens
from runyard_server.core.tokens import Caller
from runyard_server.faces.native import access
from runyard_server.store.home import Home

W = "/api/v1/workspaces/default"
RUNS = f"{W}/runs"
ROW = attrgetter("name")
DIGEST = hashlib.sha256(b"data").hexdigest()
SPEC = {"experiment": "mnist", "snapshot": "none", "script": "train.py"}
MODEL = {"name": "m", "path": "x", "files": [{"path": "x", "digest": DIGEST, "size": 4}]}
SWEEP = {
    "experiment": "mnist",
    "space": [{"name": "x", "kind": "choice", "choices": [1]}],
    "objectives": [{"name": "loss"}],
}
REPORT = {"state": "running", "pid": 1, "host": "h"}
# What is sent to each row that a job may ask and that takes a record.
BODIES = {
    "experiments.create": {"name": "mnist"},
    "runs.submit": {"spec": SPEC},
    "runs.start": {"experiment": "mnist"},
    "runs.change": {},
    "runs.fail": {},
    "beats.note": {"process": "p"},
    "files.register": {"files": []},
    "blobs.missing": {"digests": []},
    "blobs.read_many": {"digests": []},
    "datasets.save": {"definition": {}},
    "datasets.measure": {"definition": {}},
    "datasets.keep": {"definition": {}},
    "datasets.register": {"name": "d", "definition": {}},
    "datasets.note_reference": {"dataset": "d"},
    "datasets.note_url": {"url": "https://h/y", "digest": DIGEST, "size": 4},
    "datastores.begin_write": {"path": "a", "size": 1},
    "datastores.end_write": {"path": "a", "size": 1},
    "datastores.read_many": {"paths": []},
    "snapshots.create": {"files": []},
    "models.register": MODEL,
    "models.change": {},
    "jobs.report": REPORT,
    "jobs.finish": {"outcome": "completed"},
    "gangs.join": {"address": "127.0.0.1"},
    "commands.start": {"key": "k", "command": "true"},
    "commands.take": {"after": 0},
    "commands.end": {"exit_code": 0},
    "parallel.cut": {"digest": DIGEST, "batches": 1, "attempt": 1},
    "parallel.exchange": {"attempt": 1},
    "sweeps.create": {"spec": SWEEP},
    "pipelines.submit": {"experiment": "e", "spec": {"nodes": []}},
    "published_pipelines.submit": {"experiment": "e"},
    "pipeline_endpoints.submit": {"experiment": "e"},
    "pipeline_drafts.submit": {},
    "sweeps.exchange": {"client": "c", "sequence": 1},
    "journals.append": {"client": "c", "sequence": 1, "entries": ['{"op_code": 0}']},
}
PLACES = {"node": "0", "digest": DIGEST, "datastore": "workspaceblobstore", "path": "p/x"}
# What a job says as its own agent, and what it changes of its family, whatever the rows say.
_OF_AGENTS = ("jobs.", "commands.", "gangs.", "parallel.")
AGENTS = [row.name for row in ROUTES if row.name.startswith(_OF_AGENTS)]
AGENTS.remove("gangs.ranks")
RELATED = [
    "runs.change",
    "runs.cancel",
    "runs.complete",
    "runs.fail",
    "beats.note",
    "metrics.append",
    "files.register",
    "logs.append",
    "sweeps.close",
    "sweeps.exchange",
]
WRITING = [row.name for row in ROUTES if row.for_jobs and row.scope not in (READS, AGENT)]
# Questions that are too long for a URL.
ASKING = {
    "blobs.missing",
    "blobs.read_many",
    "datasets.measure",
    "datastores.addresses",
    "datastores.read_many",
    "experiments.search",
    "metrics.read_many",
    "models.search",
    "pipelines.plan",
    "registered_models.search",
    "runs.search",
    "series.read",
}


def address(route, run="none"):
    """The row's address with its braces filled."""
    places = {**PLACES, "workspace": "default", "run": run, "sweep": run}
    return re.sub(r"{(\w+)(:path)?}", lambda found: places.get(found[1], "none"), route.url)


def row(name):
    """A row of the table by its name."""
    return next(route for route in ROUTES if route.name == name)


def send(ask, token, name, at="none", changes=None):
    """Ask a row as a job does; `at` is the run in its address."""
    route = row(name)
    body = {**BODIES[name], **(changes or {})} if name in BODIES else b"" if route.body else None
    return ask(route.method, address(route, at), body, Authorization=token)


def test_about_needs_no_token(ask):
    """A client must be able to ask who is there before it has a token."""
    answer = ask("GET", "/api/v1/about", Authorization="")
    assert answer.status == 200
    assert answer.json["product"] == "runyard"


def test_without_a_token_nothing_else_opens(ask):
    """A request without a token, or with a wrong one, gets nothing but the reason."""
    for wrong in ("", "Bearer ", "Bearer wrong", "Basic abc", "Bearer ü"):
        answer = ask("GET", "/api/v1/workspaces", Authorization=wrong.encode("latin-1"))
        assert answer.status == 401
        assert answer.code == "unauthenticated"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_runs_token_opens_its_own_run(ask):
    """A job can read its run and change it with the token it was given."""
    run = ask.start_run()
    token = ask.run_token(run)
    assert ask("GET", f"{RUNS}/{run}", Authorization=token).json["id"] == run
    changed = ask("PATCH", f"{RUNS}/{run}", {"tags": {"a": "b"}}, Authorization=token)
    assert changed.json["tags"] == {"a": "b"}


def test_a_runs_token_does_not_change_another_run(ask):
    """One job cannot cancel or relabel what another one does."""
    token = ask.run_token(ask.start_run())
    other = ask.start_run()
    assert ask("GET", f"{RUNS}/{other}", Authorization=token).status == 200
    answer = ask("PATCH", f"{RUNS}/{other}", {"tags": {"a": "b"}}, Authorization=token)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert ask("GET", f"{RUNS}/{other}").json["tags"] == {}


def test_a_runs_token_changes_the_runs_below_it(ask):
    """A job that starts child runs logs to them and ends them."""
    parent = ask.start_run()
    token = ask.run_token(parent)
    child = ask.start_run(parent=parent)
    grandchild = ask.start_run(parent=child)
    for run in (child, grandchild):
        assert ask("POST", f"{RUNS}/{run}/complete", Authorization=token).status == 200


def test_a_step_changes_its_pipeline_and_no_step_beside_it(ask):
    """v1's scripts log to run.parent, tag it and cancel it."""
    script = b"import time; time.sleep(60)"
    digest = hashlib.sha256(script).hexdigest()
    assert ask("PUT", f"{W}/blobs/{digest}", script).status == 204
    files = [{"path": "train.py", "digest": digest, "size": len(script)}]
    snapshot = ask("POST", f"{W}/snapshots", {"files": files}).json["id"]
    run = {**SPEC, "snapshot": snapshot, "environment": {"user_managed": True}}
    nodes = [{"id": name, "name": name, "kind": "Step", "run": run} for name in "ab"]
    made = ask("POST", f"{W}/pipelines", {"experiment": "e", "spec": {"nodes": nodes}}).json
    one, two = (node["run"] for node in made["nodes"])
    token, child = ask.run_token(one), ask.run_token(ask.start_run(parent=made["id"]))
    assert send(ask, token, "runs.change", made["id"], {"tags": {"a": "b"}}).status == 200
    assert send(ask, token, "runs.change", two, {"tags": {"a": "b"}}).status == 403
    assert send(ask, token, "metrics.append", made["id"]).status not in (401, 403)
    assert send(ask, child, "runs.change", made["id"]).status == 403
    assert send(ask, token, "runs.start", changes={"parent": made["id"]}).status == 403
    assert send(ask, token, "runs.cancel", made["id"]).status == 200


@pytest.mark.parametrize("route", [row for row in ROUTES if row.scope == USER], ids=ROW)
def test_a_runs_token_opens_no_row_of_the_users(ask, route):
    """A job cannot stop the service, change clusters or delete models."""
    token = ask.run_token(ask.start_run())
    answer = ask(route.method, address(route), Authorization=token)
    assert answer.status == (403 if "{workspace}" in route.path else 401)


def test_a_runs_token_is_for_its_workspace_alone(ask):
    """A token made for a run of one workspace says nothing in another."""
    run = ask.start_run()
    foreign = ask.run_token(run, "another")
    assert ask("GET", f"{RUNS}/{run}", Authorization=foreign).status == 401


def test_a_run_does_not_read_the_job_of_another(ask):
    """A job tells its run's token, so whoever could read it could speak for that run."""
    mine, other = ask.start_run(), ask.start_run()
    token = ask.run_token(mine)
    assert ask("GET", f"{RUNS}/{other}/nodes/0/job", Authorization=token).status == 403
    assert ask("GET", f"{RUNS}/{mine}/nodes/0/job", Authorization=token).status == 404


def test_a_job_reads_secrets_while_its_run_goes_on(ask):
    """And no longer: a token that was copied out of an ended job opens none. Readings are told."""
    place = "/api/v1/workspaces/default/secrets/db-password"
    text = "correct horse battery staple"
    run = ask.start_run()
    token = ask.run_token(run)
    assert ask("PUT", place, {"value": text}).json["name"] == "db-password"
    assert ask("POST", f"{place}/value", Authorization=token).json["value"] == text
    assert text not in str(ask("GET", "/api/v1/workspaces/default/secrets").json)
    assert ask("PUT", place, {"value": "mine"}, Authorization=token).status == 403
    assert ask("DELETE", place, Authorization=token).status == 403
    assert ask("POST", f"{RUNS}/{run}/complete").status == 200
    assert ask("POST", f"{place}/value", Authorization=token).status == 403
    told = ask("GET", "/api/v1/audit").json["items"]
    asked = {entry["route"] for entry in told if entry["object"] == "db-password"}
    assert {"secrets.keep", "secrets.read"} <= asked
    assert text not in str(told)
    home = Path(ask.service.home)
    kept = [path for path in home.rglob("*") if path.is_file() and path.suffix != ".sock"]
    assert [path for path in kept if text.encode() in path.read_bytes()] == []
    assert ask("DELETE", place).status == 204


def test_a_sites_token_opens_the_exchange_with_that_site_alone(ask):
    """Whoever reads it on a cluster can get that cluster's orders, and nothing of the service's."""
    secret = Home(ask.service.home).secret()
    token = f"Bearer {tokens.site_token(secret, 'local')}"
    said = {"content": {}}
    # The site of this machine has no programs: it is understood, and refused.
    answer = ask("POST", "/api/v1/sites/local/exchange", said, Authorization=token)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert ask("POST", "/api/v1/sites/other/exchange", said, Authorization=token).status == 401
    assert ask("GET", RUNS, Authorization=token).status == 401
    assert ask("GET", "/api/v1/sites", Authorization=token).status == 401
    run = ask.run_token(ask.start_run())
    assert ask("POST", "/api/v1/sites/local/exchange", said, Authorization=run).status == 401


def test_a_row_without_a_scope_is_closed_to_jobs():
    """A row that is added to the table opens to no run's token until somebody says how far."""
    row = Route("clouds.seed", "POST", "/workspaces/{workspace}/clouds", Nothing, "Seed clouds.")
    assert not row.for_jobs
    with pytest.raises(Forbidden, match=r"clouds\.seed"):
        access.bound(object(), row, Caller("run"), {"workspace": "default"}, {})


def test_each_scope_is_known_and_those_for_jobs_have_a_rule():
    """A slip of the pen in a row must neither open it nor close it unseen."""
    assert {row.scope for row in ROUTES} <= set(SCOPES)
    assert set(access.RULES) == scopes.JOB_SCOPES - {READS, AGENT}


def test_rows_that_only_read_change_nothing():
    """The scope that has no rule is for questions, most of which are GET."""
    posing = {row.name for row in ROUTES if row.scope == READS and row.method != "GET"}
    assert posing == ASKING


@pytest.mark.parametrize("name", [row.name for row in ROUTES if row.for_jobs])
def test_a_job_may_do_what_its_own_run_needs(ask, name):
    """Nothing that a job does with its own run is refused for its token."""
    run = ask.start_run()
    token = ask.run_token(run)
    if row(name).answer is Events:  # a stream may have no end: its begin tells
        with closing(ask.open()) as connection:
            place = address(row(name), run) + ("?topics=runs" if name == "stream.follow" else "")
            response = ask.send(connection, "GET", place, Authorization=token)
            assert response.status == 200
        return
    assert send(ask, token, name, run).status not in (401, 403)


@pytest.mark.parametrize("name", RELATED)
def test_a_job_changes_its_family_and_nobody_else(ask, name):
    """One job cannot cancel, end, relabel or fill what another one made."""
    mine, other = ask.start_run(), ask.start_run()
    token = ask.run_token(mine)
    child = ask.start_run(parent=mine)
    made = send(ask, token, "runs.start").json
    assert made["submitted_from"] == mine
    assert send(ask, token, name, other).status == 403
    for below in (child, made["id"]):
        assert send(ask, token, name, below).status not in (401, 403)


@pytest.mark.parametrize("name", AGENTS)
def test_only_a_runs_own_agent_speaks_for_it(ask, name):
    """A parent does not say the last word for its child, and does not read its token."""
    parent = ask.start_run()
    child = ask.start_run(parent=parent)
    assert send(ask, ask.run_token(parent), name, child).status == 403


@pytest.mark.parametrize("name", ["runs.submit", "runs.start"])
def test_a_job_makes_no_children_of_others(ask, name):
    """A job cannot put runs below a run that is not its own."""
    mine, other = ask.start_run(), ask.start_run()
    child = ask.start_run(parent=mine)
    token = ask.run_token(mine)
    assert send(ask, token, name, changes={"parent": other}).status == 403
    assert send(ask, token, name, changes={"parent": child}).status not in (401, 403)


def test_a_job_does_not_choose_whose_run_it_submits(ask):
    """What a job starts is below its own run, whatever it says."""
    mine, other = ask.start_run(), ask.start_run()
    made = send(ask, ask.run_token(mine), "runs.start", changes={"submitted_from": other})
    assert made.json["submitted_from"] == mine


def test_a_job_registers_models_as_its_own(ask):
    """A model says by which run it was made, so a job cannot name another."""
    mine, other = ask.start_run(), ask.start_run()
    child = ask.start_run(parent=mine)
    token = ask.run_token(mine)
    assert ask("PUT", f"{W}/blobs/{DIGEST}", b"data", Authorization=token).status == 204
    assert send(ask, token, "models.register", changes={"run": other}).status == 403
    assert send(ask, token, "models.register", changes={"run": child}).json["run"] == child
    assert send(ask, token, "models.register").json["run"] == mine


def test_a_job_changes_the_models_it_registered_and_no_others(ask):
    """v1's scripts tag a model behind its registration, which nobody else's job may."""
    mine, other = ask.start_run(), ask.start_run()
    child, token = ask.start_run(parent=mine), ask.run_token(mine)
    assert ask("PUT", f"{W}/blobs/{DIGEST}", b"data").status == 204
    change = {"tags": {"a": "b"}}
    for run, status in ((mine, 200), (child, 200), (other, 403), (None, 403)):
        made = ask("POST", f"{W}/models", {**MODEL, "name": "tagged", "run": run}).json["id"]
        answer = ask("PATCH", f"{W}/models/{made}", change, Authorization=token)
        assert answer.status == status
        kept = ask("GET", f"{W}/models/{made}").json["tags"]
        assert kept == (change["tags"] if status == 200 else {})


def test_a_job_replaces_no_files_of_a_datastore(ask):
    """A job adds data; what others keep on a datastore it cannot overwrite."""
    token = ask.run_token(ask.start_run())
    path = f"{W}/datastores/workspaceblobstore/files/kept/x"
    assert ask("PUT", f"{path}?overwrite=true", b"1", Authorization=token).status == 200
    answer = ask("PUT", f"{path}?overwrite=true", b"2", Authorization=token)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert ask("GET", path, Authorization=token).body == b"1"


def test_a_job_replaces_no_web_file(ask):
    """What others read of an address stays; a job adds addresses, with the sizes that are true."""
    token = ask.run_token(ask.start_run())
    other = hashlib.sha256(b"other").hexdigest()
    for content in (b"data", b"other"):
        digest = hashlib.sha256(content).hexdigest()
        assert ask("PUT", f"{W}/blobs/{digest}", content).status == 204

    body = {"url": "https://h/x", "digest": DIGEST, "size": 99}
    assert ask("PUT", f"{W}/web-files", body, Authorization=token).json["size"] == 4
    body["digest"] = other
    answer = ask("PUT", f"{W}/web-files", body, Authorization=token)
    assert answer.json["digest"] == DIGEST
    answer = ask("PUT", f"{W}/web-files", body)
    assert (answer.json["digest"], answer.json["size"]) == (other, 5)


@pytest.mark.parametrize("name", WRITING)
def test_the_token_of_a_delivered_run_only_reads(ask, name):
    """A token that was kept beyond its job changes nothing any more."""
    run = ask.start_run()
    child = ask.start_run(parent=run)
    token = ask.run_token(run)
    assert ask("POST", f"{RUNS}/{run}/complete").status == 200
    for target in (run, child):
        assert send(ask, token, name, target).status == 403
    assert ask("GET", f"{RUNS}/{run}", Authorization=token).status == 200
