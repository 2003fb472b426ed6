"""A provider of nodes that are processes of this machine, some kinds of which it does not have.

Ray's autoscaler loads it on the head, in Ray's own Python. The kinds that stand in a file are
refused, as a cloud does that has run out of them.
"""

from pathlib import Path
from typing import Any

from ray.autoscaler._private.fake_multi_node.node_provider import FakeMultiNodeProvider
from ray.autoscaler.tags import TAG_RAY_USER_NODE_TYPE


class RefusingProvider(FakeMultiNodeProvider):  # type: ignore[misc] - Ray is not here
    """Starts raylets, unless their kind is refused; see Ray's own class for the arguments."""

    def create_node_with_resources_and_labels(
        self, node_config: Any, tags: Any, count: int, resources: Any, labels: Any
    ) -> None:
        """Start some nodes of a kind.

        Args:
            node_config: Of the kind.
            tags: What the autoscaler calls them.
            count: How many.
            resources: Of each.
            labels: Of each.

        Raises:
            RuntimeError: There are none of this kind.
        """
        kind = tags[TAG_RAY_USER_NODE_TYPE]
        refused = Path(self.provider_config["refused"])
        if refused.exists() and kind in refused.read_text().split():
            raise RuntimeError(f"InsufficientInstanceCapacity: the zone has no {kind} just now")
        super().create_node_with_resources_and_labels(node_config, tags, count, resources, labels)
