"""The article on machines that are reached by ssh."""

from pathlib import Path

import pytest
from tests import article_on_sites

from runyard_server.testing.services import running_service
from runyard_server.testing.sshd import SshServer

from .conftest import Yard, settings_of, speaks_to


@pytest.mark.timeout(4000)
def test_the_article_on_machines_reached_by_ssh(
    tmp_path: Path, server: SshServer, session_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster gets machines when it needs them, and lets go of them afterwards."""
    # The article wants four: what is written otherwise is another machine.
    names = [
        f"{user}{name}" for name in ("127.0.0.1", "localhost") for user in (f"{server.user}@", "")
    ]
    machines = [f"{name}:{server.port}" for name in names]
    there = tmp_path / "there"
    article_on_sites.share_packages(there, session_home)
    # They are one machine, where the port of a tunnel is there once.
    options = {**server.options(*machines), "folder": str(there), "tunnel": False}
    settings = settings_of(options)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text('default_site = "lab"\n' + settings)
    with running_service(tmp_path / "home") as service:
        speaks_to(monkeypatch, service.home)
        assert article_on_sites.walked(service.home, tmp_path, article_on_sites.nodes) >= 2
        article_on_sites.shrink()
        yard = Yard(service, server, there)
        yard.until(lambda: article_on_sites.nodes() == 0, lambda: "nodes are left", 60)
