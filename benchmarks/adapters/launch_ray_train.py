"""Launches workers with Ray Train on a head of its own that runs already."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import ray
import ray.train
from head import start
from ray.train.collective import barrier
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer
from serve import serve

# Workers more than cores, as everywhere in this benchmark.
CPUS = 16
port, _ = start("--num-cpus", str(CPUS))
ray.init(f"127.0.0.1:{port}", log_to_driver=False)


def work(config: dict[str, str]) -> None:
    """Meet the other workers in Ray Train's own barrier and say when; in a worker."""
    barrier()
    now = time.time()
    rank = ray.train.get_context().get_world_rank()
    Path(config["folder"], str(rank)).write_text(repr(now))


def launch(folder: str, count: int, nodes: int, more: list[str]) -> dict[str, Any]:
    """Launch `count` workers; see launch_runyard."""
    del nodes, more
    begun = time.time()
    trainer = DataParallelTrainer(
        work,
        train_loop_config={"folder": folder},
        scaling_config=ray.train.ScalingConfig(num_workers=count),
        run_config=ray.train.RunConfig(storage_path=os.path.join(os.getcwd(), "ray-train")),  # noqa: PTH109, PTH118 - it takes a text
    )
    trainer.fit()
    return {"begun": begun, "ended": time.time()}


serve({"launch": launch})
