"""What a request asks of a worker, found once for each method and address."""

from dataclasses import dataclass

from runyard.protocol.inference_paths import Destination


@dataclass(frozen=True, slots=True)
class Asked:
    """What a worker is asked by a request.

    Args:
        where: What the path names.
        method: The HTTP method.
        path: The path with its query.
        plain: Whether a worker needs to be told nothing of this: `/score` by POST, where failures
            are told as they are by default.
    """

    where: Destination
    method: str
    path: str
    plain: bool = False
