"""Asks the service: finds or starts it, speaks of its nouns, moves files, follows what happens.

    discovery      where the service is, in one order of precedence; presence says whether it runs
    starter        starts it when nobody has; interpreter says with which Python
    connection     a keep-alive HTTP connection pool, one call per row of the table of routes
    workspace      one workspace, with a client for each of its nouns: runs, models, files …
    workspaces     the workspaces of a service; service tells of the service itself
    run_names      a run by any of its names; log_reader reads logs as they grow
    transfer       files, in parallel and atomically; source_folders makes snapshots of a folder
    spool          what `run.log` writes; courier sends it, leftovers what killed processes left
    trials         trials that this process makes; trial_lines what is told of them

The rows of the table are named in this room alone (`routes.RUNS_GET`); whoever asks the service
from above does it through a noun. Standard library only; nothing is imported before it is needed.
"""
