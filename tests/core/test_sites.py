"""Sites by name, and what stands in for one that the settings have no more."""

from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest, TemporaryError
from runyard_server.compute.base import Need, Observation
from runyard_server.core.sites import Sites
from runyard_server.store.home import Home
from runyard_server.testing.backend_contract import job_named
from runyard_server.testing.parts import fake_sites


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    return fake_sites(Home(tmp_path))


def test_a_slip_in_a_sites_name_is_told(sites: Sites) -> None:
    """Whoever names a site that is not there hears which there are."""
    assert sites.named("local").kind == "local"
    with pytest.raises(InvalidRequest, match=r"no site 'locl'.*'local'"):
        sites.named("locl")


def test_a_backend_that_fails_is_no_verdict(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of agents that a backend cannot tell of, or forgets, nothing is known: they are not dead."""
    site = sites.named("local")
    monkeypatch.setattr(site.backend, "observe", lambda _handles: 1 / 0)
    assert site.observe(["handle"]) == {"handle": Observation(alive=None)}
    monkeypatch.setattr(site.backend, "observe", lambda _handles: {})
    assert site.observe(["handle"]) == {"handle": Observation(alive=None)}


def test_a_site_that_is_gone_keeps_its_runs(sites: Sites) -> None:
    """What runs on it lives by its beats, nothing new begins there, and the reason is told."""
    backend = sites.of("lab").backend
    assert backend.observe(["handle"]) == {"handle": Observation(alive=None)}
    granted = backend.resize("w/cluster", Need(3))
    assert (granted.nodes, "add [sites.lab]" in granted.reason) == (0, True)
    assert "add [sites.lab] to config.toml" in backend.could_run(Need()).refusal
    with pytest.raises(TemporaryError, match="lab"):
        backend.launch(backend.plan(job_named()))
    with pytest.raises(TemporaryError, match="lab"):
        backend.cancel("handle")
