"""A service that belongs to no job."""

import subprocess
import sys

import pytest

TEXT = """
import resource
from runyard_server.app.stepping_out import step_out
resource.setrlimit(10, ({limit}, {limit}))
step_out()
print(resource.getrlimit(10)[1])
"""


@pytest.mark.parametrize(("limit", "left"), [(1 << 50, (1 << 50) - 1), (64, 64), (-1, -1)])
def test_only_a_mark_is_stepped_out_of(limit, left):
    """A service that a job's script has started lowers the mark; other limits stay."""
    command = [sys.executable, "-c", TEXT.format(limit=limit)]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    assert int(told) == left


STARTER = """
import resource, sys
from pathlib import Path
from runyard_server.testing.services import read_connection, running_service
resource.setrlimit(10, (1 << 50, 1 << 50))
with running_service(Path(sys.argv[1])) as service:
    print(resource.prlimit(read_connection(service.home).pid, 10)[1] - (1 << 50))
"""


def test_a_service_that_a_script_started_has_stepped_out(tmp_path):
    """Agents pass over the service that one of their scripts has started for everybody."""
    command = [sys.executable, "-c", STARTER, str(tmp_path / "home")]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"-1\n"
