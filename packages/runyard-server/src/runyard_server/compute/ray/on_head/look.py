"""A job of some seconds that only tells which kinds of nodes the cluster can have.

The service submits it once, so that it can refuse what no kind could ever hold before any driver is
there.
"""

import json
import sys

from runyard_server.compute.ray.on_head import autoscaler, engine

# Before the line with the kinds: Ray writes into the same log.
MARK = "runyard-kinds "


def main() -> None:
    """Print the kinds."""
    engine.connect("runyard-look")
    sys.stdout.write(f"\n{MARK}{json.dumps(autoscaler.kinds())}\n")


if __name__ == "__main__":
    main()
