"""What a node keeps of environments: within a bound, and never less than what is in use."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runyard.runtime import environment_cache, processes
from runyard.runtime.environment_cache import EnvironmentCache
from runyard.runtime.managed_process import Plan

LARGE = 100_000
HOLDER = """
import sys
from runyard.runtime.environment_cache import hold
hold(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


class Node:
    """A node's two folders, with environments linked from unpacked packages."""

    def __init__(self, folder: Path) -> None:
        self.environments = folder / "environments"
        self.packages = folder / "packages"
        self.archives = self.packages / "archive-v0"
        self.environments.mkdir()
        self.archives.mkdir(parents=True)

    def made(self, name: str, used: int, package: str = "") -> Path:
        """Make an environment that was used at a time and has a package of its own, or another's.

        Args:
            name: Its digest.
            used: Seconds since 1970.
            package: The package; that of its own name by default.
        """
        source = self.archives / (package or name) / "module.py"
        if not source.exists():
            source.parent.mkdir()
            source.write_bytes(b"x" * LARGE)
        place = self.environments / name
        place.mkdir()
        os.link(source, place / "module.py")
        (place / "ready.json").write_text("{}")
        (self.environments / f"{name}.used").touch()
        os.utime(self.environments / f"{name}.used", (used, used))
        return place

    def trimmed(self, most: int) -> list[str]:
        """Trim to so many bytes; give what went."""
        return EnvironmentCache(str(self.environments), str(self.packages), most).trim()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node without environments."""
    return Node(tmp_path)


def test_what_was_used_longest_ago_goes_with_its_packages(node: Node) -> None:
    """Links free nothing: only with its packages an environment makes room; a shared one stays."""
    old, older, newest = (node.made(name, used) for name, used in (("b", 2), ("a", 1), ("c", 3)))
    beside = node.made("d", 4, package="b")
    assert node.trimmed(2 * LARGE + LARGE // 2) == ["a"]
    assert [place.exists() for place in (older, old, newest, beside)] == [False, True, True, True]
    assert {each.name for each in node.archives.iterdir()} == {"b", "c"}


def test_within_its_bound_everything_stays(node: Node) -> None:
    """A package that nobody uses now is what makes the next environment fast."""
    node.made("a", 1)
    (node.archives / "spare").mkdir()
    (node.archives / "spare" / "module.py").write_bytes(b"x" * LARGE)
    assert node.trimmed(3 * LARGE) == []
    assert {each.name for each in node.archives.iterdir()} == {"a", "spare"}
    assert node.trimmed(0) == []
    assert node.trimmed(LARGE + LARGE // 2) == []
    assert {each.name for each in node.archives.iterdir()} == {"a"}


def test_what_a_job_uses_stays(node: Node) -> None:
    """An agent keeps its environment as long as it lives, whatever the bound, and no longer."""
    used, _ = node.made("a", 1), node.made("b", 2)
    command = [sys.executable, "-c", HOLDER, str(used)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == b"held\n"
        assert node.trimmed(1) == ["b"]
        agent.kill()
    assert node.trimmed(1) == ["a"]
    assert not used.exists()


def test_what_is_being_made_loses_no_packages(node: Node) -> None:
    """An installer that links at this moment finds what it has unpacked."""
    node.made("a", 1)
    cache = EnvironmentCache(str(node.environments), str(node.packages), 1)
    (node.archives / "unpacked").mkdir()
    with cache.building():
        assert node.trimmed(1) == ["a"]
        assert (node.archives / "unpacked").exists()
    node.trimmed(1)
    with (node.environments / "b.lock").open("w") as building:
        fcntl.flock(building, fcntl.LOCK_EX)
        place = node.made("b", 1)
        assert node.trimmed(1) == []
    assert place.exists()
    environment_cache.remove(str(place))
    assert not place.exists()


def test_what_a_job_uses_outlives_its_agent(node: Node, tmp_path: Path) -> None:
    """Only the agent was killed: what its job still runs from is not taken away under it."""
    used = node.made("a", 1)
    plan = Plan("script", ["/bin/sleep", "60"], {}, str(tmp_path), str(tmp_path / "log"))
    held = environment_cache.hold(str(used))
    plan.keeps = [held]
    process = processes.start(plan)
    # As the kernel does it for an agent that is killed.
    os.close(held)
    try:
        assert node.trimmed(1) == []
    finally:
        os.kill(process.pid, signal.SIGKILL)
        while process.ended() is None:
            time.sleep(0.01)
    assert node.trimmed(1) == ["a"]
