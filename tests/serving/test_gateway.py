"""The gateway's process: what it serves, what it tells, and how it begins and ends."""

import subprocess
import sys

from runyard.protocol.frames import ERROR


def test_a_request_is_answered_by_a_worker(served):
    """An endpoint answers with what the model says."""
    served.serve()
    served.replica()
    answer = served.ask(body='{"data": [1, 2]}')
    assert (answer.status, answer.body) == (200, b'{"data": [1, 2]}')
    assert answer.headers["x-ms-run-function-failed"] == "False"


def test_what_a_client_sends_reaches_the_worker_whole(served):
    """A body of a megabyte comes back byte for byte."""
    served.serve()
    served.replica()
    body = bytes(range(256)) * 4096
    assert served.ask(body=body).body == body


def test_a_gateway_that_starts_again_serves_what_its_table_says(served):
    """The end of a gateway loses neither port nor key: replicas that redial are served again."""
    served.serve()
    served.replica()
    served.gateway.process.kill()
    served.gateway.process.wait()
    served.gateway.start()
    served.replica()
    assert served.ask(body="[1]").status == 200


def test_a_replica_without_its_token_is_refused(served):
    """Who does not know a replica's token gets none of its requests."""
    served.serve(runs=("r2",))
    liar = served.replica("r1", None)
    assert liar.greeting[0] == ERROR
    assert served.ask("/").status == 503


def test_a_second_gateway_ends(served):
    """Two gateways would each get half of the replicas."""
    command = [sys.executable, "-m", "runyard_server.serving", str(served.gateway.home)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 3
    assert "already runs" in second.stderr
