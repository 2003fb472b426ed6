"""What can go wrong between a definition and its environment, beside the errors of the wire.

EnvironmentFailed         no set of packages, or no interpreter, satisfies it; it never will
StorageFull               no space is left for the environment
TemporaryError
 +- IndexUnreachable      the package index does not answer
BuildCanceled             nobody wants it any more
"""

from runyard.protocol.errors import EnvironmentFailed, TemporaryError

__all__ = ["BuildCanceled", "EnvironmentFailed", "IndexUnreachable"]


class IndexUnreachable(TemporaryError):
    """The package index does not answer."""

    code = "index_unreachable"


class BuildCanceled(Exception):
    """Nobody wants the environment any more."""
