"""Whatever is killed at whatever moment, a step works on each batch and writes each row once.

Two nodes with two workers each go through as many files as SOAK_BATCHES says (60 by default;
`make soak` takes 10,000). Workers, nodes' processes, agents and the service are killed in turn,
SOAK_KILLS times in all (3 by default; `make soak` takes 100).
"""

import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

BATCHES = int(os.environ.get("SOAK_BATCHES", "60"))
KILLS = int(os.environ.get("SOAK_KILLS", "3"))
LONG = BATCHES > 1000
SEED = int(os.environ.get("SOAK_SEED", str(random.randrange(1 << 30))))
# Each costs an attempt of the run, of which a step has four.
MOST_LOST = 3
END_SECONDS = 1200.0 if LONG else 100.0
SCRIPT = f"""
import os, time
def run(batch):
    note = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(note, f"{{os.getppid()}} {{os.getpid()}}\\n".encode())
    os.close(note)
    time.sleep({0.01 if LONG else 0.05})
    return [os.path.basename(path) + " of " + open(path).read() for path in batch]
"""


def submitted(yard: Any) -> Any:
    """The pipeline run, on a cluster of two nodes of this machine."""
    from azureml.core import Dataset, Environment, Workspace
    from azureml.core.compute import AmlCompute, ComputeTarget
    from azureml.pipeline.core import Pipeline, PipelineData
    from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

    workspace = Workspace.from_config()
    size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=2)
    ComputeTarget.create(workspace, "two", size)
    given = yard.folder / "given"
    given.mkdir()
    for number in range(BATCHES):
        (given / f"{number:05}.txt").write_text(str(number))
    store = workspace.get_default_datastore()
    store.upload(str(given), target_path="given", show_progress=False)
    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    config = ParallelRunConfig(
        environment,
        "train.py",
        error_threshold=0,
        output_action="append_row",
        compute_target="two",
        node_count=2,
        process_count_per_node=2,
        mini_batch_size="1",
        source_directory=yard.script(SCRIPT),
        run_max_try=5,
        environment_variables={"NOTES": str(yard.folder / "notes")},
    )
    dataset = Dataset.File.from_files((store, "given/")).as_named_input("given")
    step = ParallelRunStep("score", config, [dataset], PipelineData("made"))
    return Pipeline(workspace, [step]).submit("soak")


class Kills:
    """Kills in turn, each when some more batches have begun.

    Args:
        yard: The machine.
    """

    def __init__(self, yard: Any) -> None:
        self._yard = yard
        self._random = random.Random(SEED)
        self.lost = 0

    def begun(self) -> list[list[str]]:
        """Parent and process of each try so far."""
        notes = self._yard.folder / "notes"
        # The last line may be half there.
        lines = notes.read_text().split("\n")[:-1] if notes.exists() else []
        return [line.split() for line in lines]

    def after(self, count: int, is_over: Callable[[], bool]) -> bool:
        """Wait until so many tries have begun; say whether the run has ended before."""
        deadline = time.monotonic() + END_SECONDS
        while len(self.begun()) < count:
            if is_over():
                return False
            assert time.monotonic() < deadline, f"only {len(self.begun())} tries have begun"
            time.sleep(0.02)
        return True

    def kill(self, turn: int) -> None:
        """Kill one part: a worker, the service, or what holds a node."""
        parent, worker = map(int, self.begun()[-1])
        if turn % 4 == 1:
            # The next question of this process, which waits for the run, starts another.
            self._yard.kill_service()
        elif turn % 4 in (2, 3) and self.lost < MOST_LOST:
            self.lost += 1
            agents = list(self._yard.agents("agent").values())
            self._yard.kill(parent if turn % 4 == 2 or not agents else self._random.choice(agents))
        else:
            self._yard.kill(worker)


def test_each_row_is_there_once(yard: Any, capsys: Any) -> None:
    """No tear, no double, in order, and what was done before a node was lost is not done again."""
    from runyard_server.testing.services import RunningService

    # By fork, which takes a sixth of what a start by the client would; the next one is its.
    RunningService(yard.home).start()
    run = submitted(yard)
    kills = Kills(yard)
    for turn in range(KILLS):
        share = (turn + 1) * BATCHES // (KILLS + 1)
        if not kills.after(share, lambda: run.get_status() in ("Finished", "Failed")):
            break
        kills.kill(turn)
    with capsys.disabled():
        assert run.wait_for_completion(show_output=False) == "Finished", SEED
    (step,) = run.find_step_run("score")
    made = step.get_output_data("made")
    made.download("got")
    path = yard.folder / "got" / made.path_on_datastore / "parallel_run_step.txt"
    rows = [f"{number:05}.txt of {number}" for number in range(BATCHES)]
    assert path.read_text().splitlines() == rows
    assert step.get_metrics()["completed_mini_batches"] == BATCHES
    assert step.get_details()["attempt"] == 1 + kills.lost
    # A loss costs what was being worked on and what was done in the last second.
    assert len(kills.begun()) < BATCHES + 100 * (KILLS + 1)
    assert yard.run_processes(step.id) == []
