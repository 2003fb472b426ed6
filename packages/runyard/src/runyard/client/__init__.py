"""Speaks the protocol: finds or starts the service, moves files, follows streams.

    discovery    where the service is, in one order of precedence
    starter      starts it when nobody has; interpreter says with which Python
    connection   a keep-alive HTTP connection pool, one call per route of the protocol's table
    workspace    a connection bound to a workspace
    transfer     files, in parallel and atomically; snapshots and ignore make them from a folder
    spool        what `run.log` writes; courier sends it

Standard library only; nothing here is imported before it is needed.
"""
