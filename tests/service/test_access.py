"""Tokens over the wire: what opens what."""

RUNS = "/api/v1/workspaces/default/runs"


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


def test_a_runs_token_opens_no_row_of_the_users(ask):
    """A job cannot stop the service, nor cancel runs."""
    run = ask.start_run()
    token = ask.run_token(run)
    assert ask("POST", f"{RUNS}/{run}/cancel", Authorization=token).status == 403
    assert ask("POST", "/api/v1/stop", Authorization=token).status == 401


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
