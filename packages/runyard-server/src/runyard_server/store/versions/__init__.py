"""The steps from each schema to the next, forward only.

One module per schema, named after it: `v0002` holds `upgrade(op)`, which brings a database of
schema 0001 to 0002 through Alembic's operations (`op.add_column`, `op.batch_alter_table` …). A
step is never changed once released; `tests/upgrades` keeps a database of every schema.
"""
