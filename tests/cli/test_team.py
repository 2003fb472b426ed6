"""People, tokens, the audit log and backups at the prompt."""

import json
import stat
from pathlib import Path

from runyard.client import logins
from runyard_server.store.home import system_user
from runyard_server.testing.databases import is_postgresql


def test_a_person_is_let_in_by_a_token_of_their_own(cli, place, tmp_path) -> None:
    """From `users add` on this machine to `login` and `whoami` on theirs."""
    assert cli("users", "add", "anna", "--role", "reader", "--workspace", "default").status == 0
    made = cli("tokens", "create", "laptop", "--user", "anna")
    token = made.out.strip()
    assert token.startswith("ry_")
    assert "anna" in made.err
    assert token not in cli("tokens", "list", "--all", "--json").out
    url = place.client.connection.url
    theirs = {"RUNYARD_HOME": str(tmp_path / "laptop"), "RUNYARD_URL": url}
    refused = cli("whoami", **theirs)
    assert refused.status == 4
    assert "runyard login" in refused.err
    assert cli("login", url, RUNYARD_TOKEN="ry_wrong", **theirs).status == 4
    said = cli("login", url, RUNYARD_TOKEN=token, **theirs)
    assert (said.status, "anna" in said.out) == (0, True)
    kept = tmp_path / "laptop" / logins.LOGINS_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    me = json.loads(cli("whoami", "--json", **theirs).out)
    assert (me["name"], me["workspaces"]) == ("anna", {"default": "reader"})
    assert cli("runs", "list", **theirs).status == 0
    assert cli("stop", **theirs).status == 4
    assert cli("users", "role", "anna", "owner", "-w", "default").status == 0
    assert "owner" in cli("whoami", **theirs).out
    assert cli("tokens", "revoke", "laptop", "--user", "anna").status == 0
    assert cli("whoami", **theirs).status == 4
    assert cli("logout", url, **theirs).status == 0
    assert json.loads(kept.read_text()) == {}
    listed = json.loads(cli("audit", "--json", "--object", "anna").out)["items"]
    assert [one["route"] for one in listed][-1] == "users.add"
    assert {one["user"] for one in listed} == {system_user()}


def test_the_owner_sees_who_may_what(cli) -> None:
    """On a laptop there is one person, who may everything and needs no token."""
    assert f"{system_user()} (the owner)" in cli("whoami").out
    assert "administrator (the owner)" in cli("users", "list").out
    assert cli("audit", "--since", "1h", "--limit", "1").status == 0
    assert cli("audit", "--since", "soon").status == 2
    assert cli("users", "add", "x", "--role", "king").status == 2


def test_a_token_is_for_its_own_address(tmp_path: Path) -> None:
    """A token that was kept for one service is told to no other."""
    logins.keep(tmp_path, "http://a:1", "one")
    logins.keep(tmp_path, "http://b:1", "two")
    assert logins.token(tmp_path, "http://a:1") == "one"
    assert logins.token(tmp_path, "http://a:2") == ""
    assert logins.forget(tmp_path, "http://a:1")
    assert not logins.forget(tmp_path, "http://a:1")
    (tmp_path / logins.LOGINS_FILE).write_text("[half of")
    assert logins.token(tmp_path, "http://b:1") == ""


def test_a_backup_at_the_prompt(cli, tmp_path) -> None:
    """Two commands: a copy of a service that runs, and a state folder made of it."""
    folder, new = str(tmp_path / "backups"), str(tmp_path / "new")
    said = cli("backup", folder, "--json")
    if is_postgresql():
        # Its own tools copy it, which is said although the variables of this terminal do not tell.
        assert (said.status, "pg_dump" in said.err) == (2, True)
        return
    made = json.loads(said.out)
    assert made["files"] >= 1
    assert made["name"] in cli("restore", folder, RUNYARD_HOME=new).out
    assert cli("restore", folder, RUNYARD_HOME=new).status == 2
    assert cli("backup", folder, RUNYARD_URL="http://server:8420").status == 2
    assert (Path(new) / "runyard.db").exists()


def test_a_secret_is_not_taken_from_the_command_line(cli, place) -> None:
    """What is on a command line is read by everybody who lists processes; stdin by nobody."""
    cli("users", "add", "mia", "--role", "reader")
    token = cli("tokens", "create", "found", "--user", "mia").out.strip()
    refused = cli("tokens", "revoke", token, "--user", "mia")
    assert refused.status == 2
    assert "stdin" in refused.err
    assert token not in refused.err
    theirs = {"RUNYARD_URL": place.client.connection.url, "RUNYARD_TOKEN": token}
    assert cli("whoami", **theirs).status == 0
    assert cli.given(f"{token}\n", "tokens", "revoke", "-", "--user", "mia").status == 0
    assert cli("whoami", **theirs).status == 4
    assert cli.given("ry_none\n", "tokens", "revoke", "-", "--user", "mia").status == 2


def test_a_mistyped_line_repeats_no_secret(cli) -> None:
    """A password in an address is not on the terminal, nor in a log of CI, because of a typo."""
    url = "postgresql://anna:geheim@db.example/records"
    for words in (("database", "copy", url), ("database", "copy", "--to", url, "--json", url)):
        said = cli(*words)
        assert said.status == 2
        assert "db.example" in said.err
        assert "geheim" not in said.err + said.out
