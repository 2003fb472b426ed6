"""Sites as the settings name them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard_server.app.sites import make_sites
from runyard_server.compute.local import LocalBackend
from runyard_server.core.settings import Settings, SiteSettings
from runyard_server.core.sites import Sites
from runyard_server.testing.backend_contract import URL, context_in
from runyard_server.testing.fake_environments import FakeEnvironments

PLAIN: Mapping[str, Any] = {"fork_server": False}


def made(folder: Path, default: str = "local", **sites: SiteSettings) -> Sites:
    settings = Settings(default_site=default, sites=sites)
    return make_sites(settings, context_in(folder), FakeEnvironments())


def test_without_settings_there_is_this_machine(tmp_path: Path) -> None:
    """A user who sets nothing has one site, the machine itself."""
    (only,) = made(tmp_path)
    assert (only.name, only.kind, only.url()) == ("local", "local", URL)
    assert isinstance(only.backend, LocalBackend)
    only.backend.close()


def test_a_site_of_the_settings_is_beside_it(tmp_path: Path) -> None:
    """Each table is a site, with where its jobs reach the service and what its backend is given."""
    other = SiteSettings("local", "http://head:8420", PLAIN)
    sites = made(tmp_path, "other", other=other)
    assert [site.name for site in sites] == ["other", "local"]
    assert sites.named("other").url() == "http://head:8420"
    for site in sites:
        site.backend.close()


@pytest.mark.parametrize(
    ("default", "given", "told"),
    [
        ("labb", SiteSettings("local"), "default_site .* is 'labb'.*there are 'lab', 'local'"),
        ("lab", SiteSettings("loca"), "site 'lab' names the backend 'loca'.*mean 'local'"),
        ("lab", SiteSettings("local", "", {"pyton": "x"}), "sites.lab.*did you mean 'python'"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, default: str, given: SiteSettings, told: str
) -> None:
    """A slip in a site's table, or in the default's name, is told before anything runs."""
    with pytest.raises(InvalidRequest, match=told):
        made(tmp_path, default, lab=given)
