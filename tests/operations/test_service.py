"""The service about itself."""

from dataclasses import replace

from runyard.protocol import PROTOCOL
from runyard.protocol.runs import StartRun
from runyard_server.core import settings
from runyard_server.operations import runs, service
from runyard_server.store import schedules
from runyard_server.testing import parts
from runyard_server.testing.clocks import TickingClock


def test_about_tells_what_a_client_must_know(system):
    """A client decides by product and protocol whether it can speak to what answers."""
    about = service.about(system)
    assert (about.product, about.protocol) == ("runyard", PROTOCOL)
    assert about.version


def test_status_tells_where_and_what(system):
    """`runyard status` shows the home, the address and the process."""
    status = service.status(system)
    assert status.home == str(system.home.root)
    assert status.url == system.url()
    assert status.memory_bytes > 1 << 20
    assert status.started_at.endswith("Z")


def test_interactive_runs_keep_no_service_up(system):
    """A notebook that was killed leaves a run in Running; the service may end all the same."""
    runs.start(system, "default", body=StartRun(experiment="e"))
    assert service.active_runs(system) == 0


def test_a_schedule_keeps_a_service_up(system):
    """Nobody is there at three in the morning to start it; one that is off needs nobody."""
    assert not service.is_needed(system)
    told = ("w", "s", "nightly", "", True, "p", "", "e", 0, 1, None, None, "", "", 0)
    system.write(lambda work: schedules.add(work.connection, schedules.ScheduleRow(0, *told)))
    assert service.is_needed(system)
    (row,) = system.read(lambda work: schedules.page(work.connection, "w", None, 1))
    system.write(lambda work: schedules.change(work.connection, row.key, active=False))
    assert not service.is_needed(system)


def test_stop_asks_the_process(system):
    """`runyard stop` reaches the process that serves."""
    asked = []
    system.activity.on_stop(lambda: asked.append(True))
    service.stop(system)
    assert asked == [True]


def test_settings_say_where_each_comes_from(tmp_path):
    """Whoever wonders at a value finds who set it: the file, a variable or the command line."""
    config = tmp_path / "config.toml"
    config.write_text('request_threads = 8\nport = 9000\nlog_level = "debug"\n')
    environ = {"RUNYARD_PORT": "9001", "RUNYARD_LOG_LEVEL": "error"}
    found = settings.load(config, environ, {"log_level": "warning", "host": None})
    with parts.parts(tmp_path / "home", TickingClock()) as system:
        page = service.settings(replace(system, settings=found))
    told = {one.name: (one.value, one.origin) for one in page.items}
    assert told["request_threads"] == ("8", "config.toml")
    assert told["port"] == ("9001", "RUNYARD_PORT")
    assert told["log_level"] == ("warning", "command line")
    assert told["host"] == ("127.0.0.1", "default")
    assert page.file.endswith("config.toml")


def test_secrets_of_sites_are_not_told(system):
    """What a backend is given may hold a password, which no page shows."""
    sites = {"far": settings.SiteSettings("ssh", options={"password": "hush"})}
    page = service.settings(replace(system, settings=settings.Settings(sites=sites)))
    assert "hush" not in repr(page)
    assert "far: ssh" in repr(page)


def test_the_doctor_examines_the_service_s_machine(system):
    """The studio shows what `runyard doctor` finds, for the state folder of this service."""
    report = service.doctor(system)
    subjects = [finding.subject for finding in report.findings]
    assert "disk" in subjects
    folder = next(one for one in report.findings if one.subject == "state folder")
    assert str(system.home.root) in folder.message
