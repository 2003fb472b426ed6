"""What a request asks: the worker's part of it, found once for each method and address."""

from dataclasses import dataclass

from runyard_server.serving.paths import Destination


@dataclass(frozen=True, slots=True)
class Asked:
    """What a worker is asked by a request.

    Args:
        where: What the path names.
        method: The HTTP method.
        path: The path with its query.
    """

    where: Destination
    method: str
    path: str
