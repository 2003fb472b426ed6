"""A real ssh server on loopback, and what a test does with a site whose machine it is."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard_server.testing.sshd import SshServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def sshd_program() -> str:
    """The path of sshd; without one the tests fail with the command that installs it."""
    done = subprocess.run(
        ["bash", str(ROOT / "tools/sshd.sh"), "--find"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sshd_program: str) -> Iterator[SshServer]:
    """A server that the tests of a file share."""
    with SshServer(tmp_path_factory.mktemp("sshd"), sshd_program) as made:
        yield made
