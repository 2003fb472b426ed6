"""Fills a Runyard state folder with runs: one real run, copied in the database; argv: how many."""

import os
import sqlite3
import sys
import time
from pathlib import Path

from azureml.core import Experiment, Workspace

COUNT = int(sys.argv[1])
run = Experiment(Workspace.from_config(), "filled").start_logging(snapshot_directory=None)
run.complete()
connection = sqlite3.connect(Path(os.environ["RUNYARD_HOME"]) / "runyard.db", timeout=60)
columns = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
unique = {"key": "n", "id": "'filled_' || n || '_0'", "number": "n"}
copied = ", ".join(unique.get(name, f'"{name}"') for name in columns)
names = ", ".join(f'"{name}"' for name in columns)
connection.execute(
    f"WITH RECURSIVE counter(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM counter WHERE n < {COUNT})"
    f" INSERT INTO runs ({names}) SELECT {copied} FROM runs, counter WHERE runs.number = 1"
)
connection.commit()
found = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
if found < COUNT:
    sys.exit(f"{found} runs instead of {COUNT}")
time.sleep(0.1)
