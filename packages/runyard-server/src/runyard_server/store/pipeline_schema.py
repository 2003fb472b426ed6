"""The tables of pipelines; see `store.schema`.

Each begins with the key of a run whose rows they are, so they go when that run is freed.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from runyard_server.store import dataset_schema

metadata = dataset_schema.metadata

pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("active", Boolean, nullable=False),
    Column("spec", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("continue_on_failure", Boolean, nullable=False),
    Column("regenerate", Boolean, nullable=False),
    Index("pipeline_runs_active", "active", "run_key"),
)

pipeline_nodes = Table(
    "pipeline_nodes",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step_key", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("reuse", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reused_key", BigInteger),
    Column("parts", Text, nullable=False),
    Column("outputs", Text, nullable=False),
    # Two equal steps at once are looked for; most nodes are past that.
    Index("pipeline_nodes_of_digest", "digest", "state"),
)

step_results = Table(
    "step_results",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("name", String, nullable=False),
    Column("parts", Text, nullable=False),
    Column("outputs", Text, nullable=False),
    Index("step_results_of_digest", "workspace", "digest", "run_key"),
    Index("step_results_of_name", "workspace", "name", "run_key"),
)
