"""Runs on three hosts, each with an address and a name of its own."""

from typing import Any

import pytest

pytestmark = pytest.mark.slow

# Each process listens where it was told to, and reaches every other one there.
TF_CONFIG = """
import json, os, socket, time
told = json.loads(os.environ["TF_CONFIG"])
kind, index = told["task"]["type"], told["task"]["index"]

def place(text):
    host, _, port = text.rpartition(":")
    return host, int(port)

server = socket.create_server(place(told["cluster"][kind][index]))
print("on", socket.gethostname(), told["cluster"][kind][index], flush=True)
for address in [a for each in told["cluster"].values() for a in each]:
    for _ in range(100):
        try:
            socket.create_connection(place(address), timeout=5).close()
            break
        except OSError:
            time.sleep(0.05)
    else:
        raise RuntimeError(f"nobody at {address}")
    print("reached", address, flush=True)
if kind == "ps":
    time.sleep(300)
open(f"outputs/{kind}-{index}.txt", "w").write("done")
while len(os.listdir("outputs")) < len(told["cluster"]["worker"]):
    time.sleep(0.05)
"""


def test_tf_config_names_the_hosts(yard: Any) -> None:
    """Parameter servers and workers on three hosts find each other under their addresses."""
    from azureml.core.runconfig import TensorflowConfiguration

    shape = TensorflowConfiguration(worker_count=3, parameter_server_count=1)
    run = yard.submit(TF_CONFIG, distributed_job_config=shape)
    run.wait_for_completion()
    assert run.get_status() == "Completed"
    hosts = [(host.name, host.address) for host in yard.hosts]
    said = [yard.log(run, f"worker_{n}")[0].split() for n in range(3)]
    assert [(host, where.split(":")[0]) for _, host, where in said] == hosts
    reached = [sum("reached" in line for line in yard.log(run, f"worker_{n}")) for n in range(3)]
    assert reached == [4, 4, 4]
    assert sorted(n for n in run.get_file_names() if n.startswith("outputs/")) == [
        f"outputs/worker-{n}.txt" for n in range(3)
    ]
