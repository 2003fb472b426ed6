"""A run's outputs as a place on the default datastore.

Outputs are stored by content, not on a datastore. A job that is to read another run's outputs as
data (`resume_from`) needs them there, so they are copied once, when somebody asks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runyard.sdk import run_files
from runyard.sdk.data import DataPath
from runyard.sdk.exceptions import UserErrorException

if TYPE_CHECKING:
    from runyard.sdk.run_base import RunBase

OUTPUTS = "outputs/"


def datapath(run: RunBase) -> DataPath:
    """Find the place of a run's outputs, filled with those that are not there yet.

    Raises:
        UserErrorException: The run has no outputs.
    """
    store = run.experiment.workspace.get_default_datastore()
    # v1's place of a run's outputs.
    base = f"azureml/ExperimentRun/dcid.{run.id}/outputs"
    rows = run_files.records(run.service, run.id, OUTPUTS)
    if not rows:
        raise UserErrorException(f"run {run.id} has no files below {OUTPUTS}")
    there = {row.path: row.size for row in store._files(base)}
    # By size: digests of what lies on a datastore are not known.
    missing = [
        row.path for row in rows if there.get(f"{base}/{row.path[len(OUTPUTS) :]}") != row.size
    ]
    if missing:
        with tempfile.TemporaryDirectory(prefix="runyard-") as folder:
            pairs = run_files.places(missing, folder, None, OUTPUTS, append_prefix=False)
            run_files.download_many(run.service, pairs, run.id, rows)
            store.upload(Path(folder), base, overwrite=True, show_progress=False)
    return DataPath(store, base)
