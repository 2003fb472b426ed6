"""The service about itself."""

from runyard.protocol import PROTOCOL
from runyard.protocol.runs import StartRun
from runyard_server.operations import runs, service


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


def test_stop_asks_the_process(system):
    """`runyard stop` reaches the process that serves."""
    asked = []
    system.activity.on_stop(lambda: asked.append(True))
    service.stop(system)
    assert asked == [True]
