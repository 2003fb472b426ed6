"""The tables of runs that work batch by batch; see `store.schema`.

Both begin with the key of their run, so they go when that is freed; mostly they are gone before,
for when a step has ended nobody needs what its batches returned.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from runyard_server.store import schedule_schema

metadata = schedule_schema.metadata

# `digest` is the list of batches; `next` is the first batch that nobody has had yet.
parallel_runs = Table(
    "parallel_runs",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", String, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("next", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
)

# Batches that were given out, once: others are but numbers from `next` on.
parallel_batches = Table(
    "parallel_batches",
    metadata,
    Column("run_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String, nullable=False),
    Column("node", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("digest", String),
    Column("start", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Index("parallel_batches_by_state", "run_key", "state", "node", "number"),
)
