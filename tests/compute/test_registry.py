"""Backends are found by name, with options that are checked before anything runs."""

from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard_server.compute import registry
from runyard_server.compute.local import LocalBackend
from runyard_server.testing.backend_contract import context_in

BACKEND = """
from pathlib import Path
from runyard_server.testing.fake_backend import Engine, FakeBackend
class OtherBackend(FakeBackend):
    def __init__(self, context, *, folder: Path, nodes: int = 3, share: float = 1.0):
        super().__init__(context, Engine(nodes=nodes))
        self.options = (folder, nodes, share)
class NoBackend:
    pass
"""
POINTS = """
[runyard.backends]
other = other_backend:OtherBackend
wrong = other_backend:NoBackend
gone = nowhere_at_all:Backend
"""


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution of somebody else that brings backends."""
    (tmp_path / "other_backend.py").write_text(BACKEND)
    info = tmp_path / "other_backend-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-backend\nVersion: 1\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))


def make(place: Path, kind: str, **options: object) -> object:
    return registry.make(kind, context_in(place), options)


def test_our_own_are_there(tmp_path: Path) -> None:
    """This machine is a backend like any other, with options of its own."""
    assert {"local", "simulated-hosts"} <= set(registry.kinds())
    made = registry.make("local", context_in(tmp_path), {"fork_server": False})
    assert isinstance(made, LocalBackend)
    made.close()


@pytest.mark.usefixtures("_installed")
def test_another_distribution_brings_one(tmp_path: Path) -> None:
    """What is installed beside us is found by its name, and gets the options it declares."""
    made = make(tmp_path, "other", folder="~/x", share=2)
    assert made.options == (Path("~/x").expanduser(), 3, 2.0)  # type: ignore[attr-defined]  # of a class that is made here
    assert "other" in registry.kinds()


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("othr", {}, "did you mean 'other'\\?.*'local'"),
        ("wrong", {}, "no subclass of runyard_server.compute.base.Backend"),
        ("gone", {}, "cannot be loaded from nowhere_at_all:Backend: ModuleNotFoundError"),
        ("other", {}, "needs 'folder' in \\[sites.site\\]"),
        ("other", {"foldr": "x"}, "'foldr' in \\[sites.site\\] is no option.*mean 'folder'"),
        ("other", {"folder": 7}, "folder in \\[sites.site\\] is 7; it must be a path"),
        ("other", {"folder": "x", "nodes": True}, "nodes .* must be a whole number"),
        ("other", {"folder": "x", "nodes": 2.5}, "nodes .* must be a whole number"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, kind: str, options: dict[str, object], told: str
) -> None:
    """A slip in the settings is told with what there is, the nearest first."""
    with pytest.raises(InvalidRequest, match=told):
        make(tmp_path, kind, **options)
