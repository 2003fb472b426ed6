"""The limit of snapshots."""

from runyard.sdk.v1.snapshot_limits import SNAPSHOT_MAX_SIZE_BYTES

__all__ = ["SNAPSHOT_MAX_SIZE_BYTES"]
