"""The user's pip settings, in uv's words."""

from pathlib import Path

import pytest

from runyard_server.environments import uv_program


@pytest.fixture
def variables(tmp_path):
    """What uv is run with, for variables of the process and a pip.conf."""

    def give(config: str = "", **environ: str):
        folder = tmp_path / ".config" / "pip"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pip.conf").write_text(config)
        base = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "none"), "PATH": "/bin"}
        return uv_program.variables(Path("/cache"), {**base, **environ})

    return give


def test_pips_variables_reach_uv(variables):
    """An index of the company is used for jobs too."""
    found = variables(
        PIP_INDEX_URL="https://a.example/simple",
        PIP_EXTRA_INDEX_URL="https://b.example https://c.example",
        PIP_FIND_LINKS="/wheels https://d.example",
    )
    assert found["UV_DEFAULT_INDEX"] == "https://a.example/simple"
    assert found["UV_EXTRA_INDEX_URL"] == "https://b.example https://c.example"
    assert found["UV_FIND_LINKS"] == "/wheels,https://d.example"
    assert found["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_pips_file_reaches_uv(variables):
    """So does one in pip.conf; its section for `install` is the stronger."""
    config = "[global]\nindex-url = https://a.example\nfind_links =\n  /one\n  /two\n"
    found = variables(config + "[install]\nindex-url = https://b.example\n")
    assert found["UV_DEFAULT_INDEX"] == "https://b.example"
    assert found["UV_FIND_LINKS"] == "/one,/two"


def test_a_variable_is_stronger_than_a_file_and_uvs_own_than_both(variables):
    """As pip has it; and whoever set something for uv means it."""
    config = "[global]\nindex-url = https://a.example\n"
    assert variables(config, PIP_INDEX_URL="https://b.example")["UV_DEFAULT_INDEX"].endswith(
        "b.example"
    )
    found = variables(config, UV_DEFAULT_INDEX="https://c.example")
    assert found["UV_DEFAULT_INDEX"] == "https://c.example"


def test_a_broken_file_is_passed_over(variables):
    """pip itself complains about it; jobs need not fail for it."""
    assert "UV_DEFAULT_INDEX" not in variables("index-url = no section")


def test_an_activated_environment_means_nothing(variables):
    """The service may have been started in one; jobs get their own."""
    found = variables(VIRTUAL_ENV="/x", PYTHONPATH="/y", UV_PROJECT_ENVIRONMENT="/z")
    assert not {"VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT"} & set(found)
    assert found["UV_CACHE_DIR"] == "/cache"


def test_the_systems_certificates_are_trusted(variables):
    """Proxies of companies sign with them; a certificate named for pip counts for uv."""
    assert variables()["UV_SYSTEM_CERTS"] == "true"
    assert variables(PIP_CERT="/ca.pem")["SSL_CERT_FILE"] == "/ca.pem"


def test_what_is_set_about_fetching_pythons_reaches_uv(variables):
    """A mirror of Pythons inside a company is a setting of uv's own."""
    found = variables(UV_PYTHON="3.9", UV_PYTHON_INSTALL_MIRROR="https://a.example")
    assert found["UV_PYTHON_INSTALL_MIRROR"] == "https://a.example"
    assert "UV_PYTHON" not in found
