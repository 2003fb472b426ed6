"""Settings: where they come from, which wins, and what is refused."""

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard_server.core import settings
from runyard_server.core.settings import Settings, SiteSettings


def load(tmp_path, text="", environ=None, **given: object):
    """Read settings from a file with that text."""
    (tmp_path / "config.toml").write_text(text)
    return settings.load(tmp_path / "config.toml", environ or {}, given)


def test_without_anything_the_defaults_hold(tmp_path):
    """A new user sets nothing: no file, no variables."""
    assert settings.load(tmp_path / "none.toml", {"PATH": "/bin"}, {}) == Settings()


def test_the_order_of_precedence(tmp_path):
    """Command line over variables over the file over the defaults."""
    text = 'port = 1\nhost = "file"\nlog_level = "debug"\n'
    variables = {"RUNYARD_PORT": "2", "RUNYARD_HOST": "variable"}
    found = load(tmp_path, text, variables, port=3, host=None)
    assert (found.port, found.host, found.log_level) == (3, "variable", "debug")
    assert found.idle_exit_seconds == Settings().idle_exit_seconds


def test_each_type_is_read_from_each_place(tmp_path):
    """Numbers, switches and lists mean the same in the file and in a variable."""
    text = 'idle_exit_seconds = 5\npython_downloads = false\nallowed_hosts = ["a", "b"]\nport = 7\n'
    variables = {
        "RUNYARD_IDLE_EXIT_SECONDS": "5",
        "RUNYARD_PYTHON_DOWNLOADS": "No",
        "RUNYARD_ALLOWED_HOSTS": " a, b ,",
        "RUNYARD_PORT": "7",
    }
    assert load(tmp_path, text) == load(tmp_path, "", variables)
    assert load(tmp_path, text).allowed_hosts == ("a", "b")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1", "did you mean port"),
        ("zzz = 1", "there are host, port"),
        ('port = "1"', "port"),
        ("port = true", "port"),
        ("allowed_hosts = [1]", "list of texts"),
        ('log_level = "loud"', "loud"),
        ("port = 70000", "port cannot be 70000"),
        ("idle_exit_seconds = -1", "idle_exit_seconds cannot be -1.0"),
        ("idle_exit_seconds = nan", "idle_exit_seconds cannot be nan"),
        ("trash_days = inf", "trash_days cannot be inf"),
        ("request_threads = 0", "request_threads cannot be 0"),
        ("port = ", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_was_meant(tmp_path, text, named):
    """A slip in the file is told with its place, not passed over."""
    with pytest.raises(InvalidRequest, match=named):
        load(tmp_path, text)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_windows_wrote_is_read(tmp_path, encoding):
    """Its first setting counts too."""
    (tmp_path / "config.toml").write_bytes("port = 1\r\n".encode(encoding))
    assert settings.load(tmp_path / "config.toml", {}, {}).port == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [("RUNYARD_PROT", "1"), ("RUNYARD_PORT", "x"), ("RUNYARD_PYTHON_DOWNLOADS", "maybe")],
)
def test_a_wrong_variable_is_refused(tmp_path, variable, value):
    """A slip in a variable is told too."""
    with pytest.raises(InvalidRequest, match="RUNYARD_P"):
        load(tmp_path, "", {variable: value})


@pytest.mark.parametrize(
    "name", ["HOME", "URL", "TOKEN", "RUN_ID", "SPOOL", "SERVICE", "CONNECTION_FILE", "WORKSPACE"]
)
def test_variables_of_clients_and_jobs_are_no_settings(tmp_path, name):
    """The variables that are meant for others do not stop the service."""
    assert load(tmp_path, "", {f"RUNYARD_{name}": "x"}) == Settings()


def test_the_table_names_every_setting():
    """The documentation and the command line are made from the table: nothing is left out."""
    rows = settings.table()
    # Where each was set is kept beside them.
    assert [row.name for row in rows] == [
        n for n in Settings.__dataclass_fields__ if n != "origins"
    ]
    for row in rows:
        assert row.about.endswith(".")
        only = ("sites", "mirrors", "containers", "blobs_credentials", "conda_mirrors")
        in_file = row.name in only
        assert row.variable == ("" if in_file else "RUNYARD_" + row.name.upper())


def test_sites_are_tables_of_the_file(tmp_path):
    """A site has its backend, where its jobs reach the service, and what its backend is given."""
    text = '[sites.lab]\nbackend = "ssh"\nservice_url = "http://a:1"\nhosts = "/x"\nnodes = 4\n'
    text += "environments_gb = 8\n"
    found = load(tmp_path, text + '[sites.other]\nbackend = "local"\n').sites
    assert found["lab"] == SiteSettings("ssh", "http://a:1", {"hosts": "/x", "nodes": 4}, 8.0)
    assert found["other"] == SiteSettings("local")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sites = 7", "sites in"),
        ("[sites]\nlab = 7", "sites.lab in .* must be a table"),
        ("[sites.lab]\nnodes = 3", "names no backend"),
        ("[sites.lab]\nbackend = 3", "backend of .sites.lab."),
        ('[sites.lab]\nbackend = "local"\nservice_url = 3', "service_url of .sites.lab."),
        ('[sites.lab]\nbackend = "local"\nenvironments_gb = 0', "environments_gb of .sites.lab."),
        ('[sites."a b"]\nbackend = "local"', "a site's name is"),
        ("[site.lab]\nbackend = 3", "did you mean sites"),
        ('[conda_mirrors]\nconda-forge = "./forge"', "whole path of a folder"),
        ('conda = "sometimes"', "conda cannot be 'sometimes'"),
    ],
)
def test_a_wrong_site_is_refused(tmp_path, text, told):
    """A slip in a site's table is told with its place."""
    with pytest.raises(InvalidRequest, match=told):
        load(tmp_path, text)


def test_a_site_in_one_word(tmp_path):
    """`--site ray=http://head:8265` is a site of that kind, and where clusters go."""
    found = load(tmp_path, site="ray=http://head:8265")
    assert found.sites == {"ray": SiteSettings("ray", options={"address": "http://head:8265"})}
    assert found.default_site == "ray"


def test_a_site_in_one_word_beside_what_the_file_says(tmp_path):
    """The file's other options of the site hold, and a default that somebody chose."""
    text = (
        '[sites.ray]\nbackend = "ray"\nservice_url = "http://a:1"\naddress = "b"\nfolder = "/c"\n'
    )
    found = load(tmp_path, text, {"RUNYARD_SITE": "ray=d"}, default_site="local")
    assert found.sites["ray"] == SiteSettings("ray", "http://a:1", {"address": "d", "folder": "/c"})
    assert found.default_site == "local"


@pytest.mark.parametrize(
    ("given", "named"),
    [("ray", "KIND=ADDRESS"), ("ray=", "KIND=ADDRESS"), ("=x", "KIND"), ("lab=x", "another name")],
)
def test_a_wrong_site_in_one_word_is_refused(tmp_path, given, named):
    """Without a kind or an address there is nothing to go to, and no site is taken over."""
    with pytest.raises(InvalidRequest, match=named):
        load(tmp_path, '[sites.lab]\nbackend = "local"\n', site=given)


def test_what_opens_the_store_of_contents_is_not_shown(tmp_path):
    """Whoever may see the settings of a service cannot open its bucket; a wrong value is named."""
    found = load(tmp_path, '[blobs_credentials]\naccess_key = "AKIA"\nsecret_key = "hidden"\n')
    shown = settings.shown(found, "blobs_credentials")
    assert shown == "access_key: ***, secret_key: ***"
    with pytest.raises(InvalidRequest, match=r"secret_key in .* must be of type str"):
        load(tmp_path, "[blobs_credentials]\nsecret_key = 7\n")
