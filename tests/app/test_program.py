"""The service as a process: starting, ending, and everything that stands against it."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pytest

from runyard_server.app import program
from runyard_server.testing.services import (
    COMMAND,
    RunningService,
    read_connection,
    running_service,
)
from runyard_server.testing.yard import until


def launch(home, *options: str, **variables: str):
    """Start a service that is expected to end; give its status and what it wrote."""
    environ = {**os.environ, "RUNYARD_HOME": str(home), **variables}
    ended = subprocess.run(
        [*COMMAND, *options], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


def ask(service, method, path):
    """Ask a service; give the status and the answer."""
    headers = {"Authorization": f"Bearer {service.token}"}
    request = urllib.request.Request(f"{service.url}/api/v1{path}", method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def test_the_connection_file_tells_its_owner_alone(tmp_path):
    """Clients of the same user find address and token; other users cannot read them."""
    with running_service(tmp_path / "home", anew=True) as service:
        file = service.home / "service.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((service.home / "secret").stat().st_mode) == 0o600
        found = read_connection(service.home)
        assert found.pid == service.process.pid
        assert ask(service, "GET", "/status")["home"] == str(service.home)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "stop"])
def test_a_clean_end_leaves_nothing_of_the_connection(tmp_path, how):
    """A service that is asked to end does so soon, and takes its address back."""
    service = RunningService(tmp_path / "home", anew=True)
    service.start()
    if how == "stop":
        ask(service, "POST", "/stop")
    else:
        service.process.send_signal(how)
    assert service.process.wait(60) == 0
    assert not (service.home / "service.json").exists()


def test_after_a_kill_the_next_service_takes_over(tmp_path):
    """A connection file and a lock file that a killed service left stand in nobody's way."""
    service = RunningService(tmp_path / "home")
    service.start()
    token = service.token
    service.kill()
    assert (service.home / "service.json").exists()
    service.start()
    assert service.token == token
    assert ask(service, "GET", "/about")["product"] == "runyard"
    assert service.stop() == 0


def test_of_two_started_at_once_one_serves(tmp_path):
    """However close two starts are, one service runs and the other says so and ends."""
    home = tmp_path / "home"
    home.mkdir()
    said = [tmp_path / str(number) for number in range(3)]
    started = [_started(home, file) for file in said]
    until(lambda: sum(each.poll() is not None for each in started) == 2)
    (serves,) = [each for each in started if each.poll() is None]
    until(lambda: getattr(read_connection(home), "pid", 0) == serves.pid)
    serves.terminate()
    assert sorted(each.wait(60) for each in started) == [0, 3, 3]
    assert sum("already runs" in file.read_text() for file in said) == 2


def _started(home, log):
    """A service whose words go into a file, for nobody reads what one says that goes on."""
    environ = {**os.environ, "RUNYARD_HOME": str(home)}
    with log.open("w") as file:
        return subprocess.Popen(COMMAND, env=environ, stdout=file, stderr=subprocess.STDOUT)


def test_a_start_that_fails_waits_for_no_answer(tmp_path):
    """A client that asks for workspaces while they cannot be read is refused, and the service
    ends: its threads must not wait for one another."""
    code = f"""if True:
        import json, socket, threading, time
        from runyard_server.app import first_answers, program

        def unreadable(home):
            found = json.loads(home.connection_file.read_text())
            port = int(found["url"].rsplit(":", 1)[1].strip("/"))
            asking = socket.create_connection(("127.0.0.1", port))
            asking.sendall((
                "GET /api/v1/workspaces HTTP/1.1\\r\\nHost: 127.0.0.1:80\\r\\n"
                "Authorization: Bearer " + found["token"] + "\\r\\n\\r\\n"
            ).encode())
            time.sleep(0.3)
            threading.Thread(target=lambda: print(asking.recv(99)[:12])).start()
            raise MemoryError("no room for them")

        first_answers.workspaces = unreadable
        program.main(["--home", {str(tmp_path / "home")!r}, "--port", "0"])
    """
    ended = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "MemoryError: no room for them" in ended.stderr
    assert "HTTP/1.1 500" in ended.stdout


def test_a_taken_port_is_told_with_the_way_out(tmp_path):
    """Nothing is made when the port cannot be had."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, text = launch(tmp_path / "home", "--port", str(port))
    assert status == 5
    assert f"port {port}" in text
    assert "--port" in text
    assert not (tmp_path / "home" / "runyard.db").exists()


@pytest.mark.parametrize(
    ("options", "variables", "named"),
    [
        (("--port", "many"), {}, "--port is 'many'"),
        ((), {"RUNYARD_PROT": "1"}, "RUNYARD_PORT"),
        ((), {"RUNYARD_IDLE_EXIT_SECONDS": "soon"}, "idle_exit_seconds"),
        (("--hots", "x"), {}, "--hots"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, options, variables, named):
    """A slip in a setting ends the start with what was meant."""
    status, text = launch(tmp_path / "home", *options, **variables)
    assert status == 2
    assert named in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "table", ['[sites.lab]\nbackend = "loca"', '[sites.lab]\nbackend = "local"\npyton = "x"']
)
def test_a_wrong_site_is_told_with_the_file(tmp_path, table):
    """Whoever starts the service reads where to mend it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(table)
    status, text = launch(home)
    assert status == 2
    assert str(home / "config.toml") in text
    assert "lab" in text
    assert "Traceback" not in text
    assert " serves " not in text


def test_a_home_that_cannot_be_made_is_told(tmp_path):
    """A file where the state folder should be is named, with the variable to set."""
    (tmp_path / "file").write_text("")
    status, text = launch(tmp_path / "file" / "home")
    assert status == 4
    assert "RUNYARD_HOME" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("secret", b"", "guessed"),
        ("runyard.db", b"no database at all" * 400, "damaged"),
        ("config.toml", b"port = \xff", "config.toml"),
        ("config.toml", None, "config.toml"),
        ("service.json", None, "service.json"),
        ("blobs", b"", "blobs"),
        ("runs", b"", "runs"),
        ("service.lock", None, "service.lock"),
    ],
)
def test_what_is_wrong_in_the_state_folder_is_told(tmp_path, name, content, said):
    """One sentence that names the file (None: a folder in its place); the file is left as it is."""
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    status, text = launch(tmp_path)
    assert status in (2, 4), text
    assert said in text
    assert str(tmp_path) in text
    assert "Traceback" not in text
    assert path.is_dir() if content is None else path.read_bytes() == content


def test_an_embedded_service_keeps_its_port(tmp_path):
    """Printed addresses stay right; a port that somebody else has now is left to him."""
    one, two = RunningService(tmp_path / "one"), RunningService(tmp_path / "two")
    one.start()
    url = one.url
    one.stop()
    one.start()
    assert one.url == url
    two.home.mkdir()
    (two.home / "port").write_text(url.rpartition(":")[2])
    two.start()
    assert two.url != url
    kept = two.url
    for service in (one, two):
        service.kill()
    two.start()
    one.start()
    assert (one.url, two.url) == (url, kept)
    for service in (one, two):
        service.stop()


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_nothing_that_it_writes_is_for_others(tmp_path, umask):
    """Database, logs and locks are 0600 and folders 0700, also those of an older service."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    before = os.umask(umask)
    try:
        with running_service(home, anew=True) as service:
            ask(service, "GET", "/status")
            (home / "service.out").unlink()
            open_ones = [
                path
                for path in (home, *home.rglob("*"))
                if path.exists() and path.stat().st_mode & 0o077
            ]
    finally:
        os.umask(before)
    assert open_ones == []


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}'])
def test_a_damaged_connection_file_is_mended(tmp_path, content):
    """A running service is found again although somebody emptied the file."""
    with running_service(tmp_path / "home") as service:
        (service.home / "service.json").write_text(content)
        found = connection_of(service)
        assert (found.url, found.token) == (service.url, service.token)


def connection_of(service):
    """What the connection file tells once it tells of the service again; None if it never does."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(Exception):
            found = read_connection(service.home)
            if found.pid == service.process.pid:
                return found
        time.sleep(0.02)
    return None


def test_an_idle_embedded_service_ends(tmp_path):
    """A service that nobody uses and that runs nothing goes away by itself."""
    service = RunningService(tmp_path / "home", ("--idle-exit-seconds", "0.5"))
    service.start()
    assert service.process.wait(60) == 0
    assert not (service.home / "service.json").exists()


def test_a_service_that_is_followed_does_not_end(tmp_path):
    """Somebody who watches a run keeps the service up, however long nothing happens."""
    with running_service(tmp_path / "home", "--idle-exit-seconds", "3") as service:
        body = json.dumps({"experiment": "e"}).encode()
        path = f"{service.url}/api/v1/workspaces/default"
        headers = {"Authorization": f"Bearer {service.token}"}
        request = urllib.request.Request(f"{path}/interactive-runs", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            run = json.loads(answer.read())["id"]
        stream = urllib.request.Request(f"{path}/runs/{run}/events/stream", headers=headers)
        with urllib.request.urlopen(stream, timeout=60) as answer:
            answer.readline()
            time.sleep(4)
            assert service.process.poll() is None
        assert service.process.wait(60) == 0


def test_the_connection_file_comes_back_when_somebody_removes_it(tmp_path):
    """A cleaning job that removes the file does not hide a running service for ever."""
    with running_service(tmp_path / "home") as service:
        (service.home / "service.json").unlink()
        found = connection_of(service)
        assert (found.url, found.token) == (service.url, service.token)


@pytest.mark.parametrize("made_anew", [False, True])
def test_a_service_whose_folder_was_removed_ends(tmp_path, made_anew):
    """Who deletes the state folder, or puts another in its place, is rid of its service too."""
    service = RunningService(tmp_path / "home")
    service.start()
    service.home.rename(tmp_path / "removed")
    if made_anew:
        service.home.mkdir()
        (service.home / "service.lock").touch()
        (service.home / "service.json").write_text('{"pid": 1}')
    assert service.process.wait(60) == 0
    if made_anew:
        assert (service.home / "service.json").read_text() == '{"pid": 1}'


def test_modules_of_the_folder_it_is_started_in_are_not_loaded(tmp_path):
    """A user's own `logging.py` or `uvicorn.py` does not become part of the service."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("logging", "uvicorn", "msgspec", "json", "secrets"):
        (folder / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    environ = {**os.environ, "RUNYARD_HOME": str(tmp_path / "home")}
    command = [
        sys.executable,
        "-m",
        "runyard_server.app",
        "--embedded",
        "--idle-exit-seconds",
        "0.1",
    ]
    ended = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_beyond_loopback_it_warns(tmp_path):
    """A service that others can reach says that its token crosses the network in the clear."""
    with running_service(tmp_path / "home", "--host", "0.0.0.0") as service:
        assert service.url.startswith("http://127.0.0.1:")
        assert ask(service, "GET", "/about")["product"] == "runyard"
        assert "TLS" in (service.home / "service.out").read_text()


def test_it_listens_on_loopback_alone(tmp_path):
    """Without being asked the service is reachable from this machine only."""
    with running_service(tmp_path / "home") as service:
        pid = service.process.pid
        tcp = (service.home / "/proc" / str(pid) / "net/tcp").read_text()
        port = f":{int(service.url.rpartition(':')[2]):04X} "
        listening = [
            line.split()[1] for line in tcp.splitlines() if port in line and " 0A " in line
        ]
        assert listening == [f"0100007F{port.strip()}"]


@pytest.fixture
def small_disk(tmp_path, request):
    """A file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = getattr(request, "param", "8m")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    """Leave no byte free."""
    with (
        (folder / "ballast").open("wb", buffering=0) as file,
        pytest.raises(OSError, match="space"),
    ):
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_at_the_start_is_told(small_disk):
    """No space for the state folder: one sentence and what to do, no trace."""
    fill(small_disk)
    status, text = launch(small_disk / "home")
    assert status == 6
    assert "no space" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("small_disk", ["20m"], indirect=True)
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_is_there_is_served_though_the_disk_is_full(small_disk, how):
    """A disk that others filled while no service lived costs nobody his results: they are read,
    what is new is refused, and once there is room the same service takes it."""
    path = "/workspaces/default/experiments"
    with running_service(small_disk / "home") as service:
        ask(service, "GET", "/status")
        service.kill() if how == "kill" else service.stop()
    fill(small_disk)
    with running_service(small_disk / "home") as service:
        ask(service, "GET", "/status")
        fill(small_disk)
        assert [each["name"] for each in ask(service, "GET", "/workspaces")["items"]] == ["default"]
        made = {"name": "e", "tags": {str(number): "x" * 1000 for number in range(900)}}
        with pytest.raises(urllib.error.HTTPError, match="507"):
            _post(service, path, made)
        (small_disk / "ballast").unlink()
        assert _post(service, path, made)["name"] == "e"


def _post(service, path, body):
    headers = {"Authorization": f"Bearer {service.token}"}
    asked = urllib.request.Request(
        f"{service.url}/api/v1{path}", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("small_disk", ["16m"], indirect=True)
def test_a_disk_that_fills_up_refuses_and_keeps_nothing(small_disk):
    """A write that does not fit answers 507; nothing half is kept, and what fits goes on."""
    with running_service(small_disk / "home", anew=True) as service:
        path = "/workspaces/default/datastores/workspaceblobstore/files"
        body = b"x" * (20 << 20)
        request = urllib.request.Request(
            f"{service.url}/api/v1{path}/big",
            body,
            {"Authorization": f"Bearer {service.token}"},
            method="PUT",
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        with refused.value as answer:
            assert answer.status == 507
            assert json.loads(answer.read())["error"]["code"] == "storage_full"
        assert ask(service, "GET", f"{path}?prefix=big")["items"] == []
        assert shutil.disk_usage(small_disk).free > 1 << 20
        assert ask(service, "GET", "/about")["product"] == "runyard"


def test_a_full_disk_keeps_a_record_whole_or_not_at_all(small_disk):
    """A create that the database has no room for is refused, leaves nothing, and works later."""
    with running_service(small_disk / "home") as service:
        ask(service, "GET", "/status")
        fill(small_disk)
        path = f"{service.url}/api/v1/workspaces/default/experiments"
        headers = {"Authorization": f"Bearer {service.token}"}
        tags = {str(number): "x" * 1000 for number in range(200)}
        body = json.dumps({"name": "e", "tags": tags}).encode()
        with pytest.raises(urllib.error.HTTPError) as refused:
            for number in range(500):
                named = body.replace(b'"e"', b'"e%d"' % number)
                urllib.request.urlopen(urllib.request.Request(path, named, headers), timeout=60)
        with refused.value as answer:
            assert answer.status == 507
        (small_disk / "ballast").unlink()
        request = urllib.request.Request(f"{path}/e{number}", headers=headers)
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(request, timeout=60)
        with missing.value as answer:
            assert answer.status == 404
        named = body.replace(b'"e"', b'"e%d"' % number)
        with urllib.request.urlopen(urllib.request.Request(path, named, headers), timeout=60) as ok:
            assert ok.status == 200


def test_it_stays_small(tmp_path):
    """An embedded service must not be felt: one process, little memory, no tools it never uses."""
    with running_service(tmp_path / "home", anew=True) as service:
        assert ask(service, "GET", "/status")["memory_bytes"] < 80 << 20
        pid = service.process.pid
        children = (service.home / "/proc" / f"{pid}/task/{pid}/children").read_text()
        assert children == ""


def test_nothing_is_loaded_that_the_service_never_uses():
    """Migrations, another database, the client: they cost time and memory, and are not for it."""
    code = (
        "import sys, runyard_server.app.program, runyard_server.app.building, "
        "runyard_server.app.server, runyard_server.faces.application;"
        "print([m for m in ('alembic', 'runyard.client', 'runyard.sdk', "
        "'sqlalchemy.dialects.postgresql') if m in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_the_door_is_opened_before_anything_slow_is_loaded(tmp_path):
    """A first answer must not wait for a parser of plain options, for OpenSSL or for records."""
    code = f"""if True:
        import sys
        from runyard_server.app import doorman, program

        class Door(doorman.Doorman):
            def start(self):
                slow = ("argparse", "_hashlib", "datetime", "runyard.protocol.workspaces")
                print([name for name in slow if name in sys.modules])
                super().start()

        program.Doorman = Door
        program.main(["--port", "0", "--home", {str(tmp_path / "home")!r}], lambda *_: 1 / 0)
    """
    ended = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "ZeroDivisionError" in ended.stderr
    assert "[]\n" in ended.stdout


@pytest.mark.parametrize(
    "arguments",
    [("--port", "1", "--port"), ("--port", "--host"), ("--port=1", "-h"), ("--hots", "x")],
)
def test_options_that_are_not_plain_go_to_the_parser(arguments, capsys):
    """Whatever a parser refuses, completes or explains is left to it."""
    with pytest.raises(SystemExit):
        program.main(arguments)
    told = capsys.readouterr()
    assert "usage: runyard serve" in told.out + told.err
