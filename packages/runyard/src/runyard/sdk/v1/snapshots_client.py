"""The limit that v1 users raise for large source folders: it exists, and nothing is measured by it.

Snapshots have no limit of 300 MB; above 2 GB the SDK names the largest files.
"""

SNAPSHOT_MAX_SIZE_BYTES = 300000000
