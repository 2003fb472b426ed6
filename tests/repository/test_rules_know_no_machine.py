"""Rules hold no fact about a machine: what a site can do, its backend is asked."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "packages/runyard-server/src/runyard_server"
ROOMS = ("core", "operations", "execution", "scheduler")
FILES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
MODULES = {"platform", "pwd", "resource", "shutil", "signal", "socket", "subprocess", "psutil"}
CALLS = {
    "os": {"cpu_count", "environ", "getenv", "kill", "posix_spawn", "sched_getaffinity"}
    | {"sysconf", "uname", "fork", "getuid", "geteuid"},
    "sys": {"executable", "platform", "prefix"},
}
ADDRESSES = ("127.0.0.1", "localhost", "::1", "0.0.0.0")
FOLDERS = ("/dev", "/proc", "/sys", "/etc", "/tmp", "/usr")
# Of our own modules, those that know this machine.
MACHINES = {"compute.local", "compute.hardware", "compute.processes", "compute.fork_server"}
# Who knows something of it all the same, and what for.
REASONS = {
    "core/settings.py": "the address at which the service itself listens",
    "execution/run_folders.py": "removes folders of the state folder",
    "operations/service.py": "how much memory the service's own process has",
    "operations/watching.py": "how much processor and memory the service's own process takes",
    "scheduler/contact.py": "looks for processes of interactive runs, which are on no site",
}
# Where v1's target `local` means something that no other target does.
LOCAL = {
    "core/lifecycle.py": "it has no nodes that could become free",
    "core/sites.py": "it is the name of a site that is always there",
    "execution/jobs.py": "it has no size",
    "execution/placement.py": "its queue is one over all workspaces",
    "execution/queueing.py": "its queue is one over all workspaces",
    "execution/replicas.py": "its GPUs are given out by index",
    "execution/sites.py": "it is no cluster",
    "operations/endpoint_checks.py": "it is no cluster",
    "operations/submission.py": "it is one node",
}


def facts(tree: ast.Module) -> Iterator[str]:
    """What a module knows of a machine."""
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = node.module.removeprefix("runyard_server.")
            names = {inside, *(f"{inside}.{each.name}" for each in node.names)}
            yield from sorted(names & (MODULES | MACHINES))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in CALLS.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if id(node) not in texts and (text in ADDRESSES or text.startswith(FOLDERS)):
                yield text


def test_rules_know_no_machine() -> None:
    """No rule asks this machine for anything, or tells a job an address or a folder of it."""
    found = {}
    for file in FILES:
        name = file.relative_to(ROOT).as_posix()
        known = list(facts(ast.parse(file.read_text("utf-8"))))
        if known and name not in REASONS:
            found[name] = known
    assert found == {}


def test_only_these_know_what_local_means() -> None:
    """The target `local` is special where v1 made it so, and nowhere else."""
    found = {
        file.relative_to(ROOT).as_posix()
        for file in FILES
        if "LOCAL_TARGET" in file.read_text("utf-8")
    }
    assert found == set(LOCAL)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("import os\nos.sched_getaffinity(0)", "os.sched_getaffinity"),
        ("x = '/dev/nvidia0'", "/dev/nvidia0"),
        ("address = '127.0.0.1'", "127.0.0.1"),
        ("from runyard_server.compute import local", "compute.local"),
        ("from runyard_server.compute.hardware import cpus", "compute.hardware"),
        ("import subprocess", "subprocess"),
    ],
)
def test_a_fact_is_seen(text: str, fact: str) -> None:
    """The test above notices what it is about."""
    assert fact in list(facts(ast.parse(text)))
