"""The service with simulated hosts as its local compute; the program that tests start.

    python -m runyard_server.testing.hosts_service <hosts.json> --embedded --host <address> ...

It is the service of `runyard serve` in everything else. `--gang-seconds` shortens the time that
nodes wait for each other.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from runyard.protocol import timeouts
from runyard_server.app import building, program
from runyard_server.core.settings import Settings
from runyard_server.store.home import Home
from runyard_server.testing.hosts_backend import read_backend


def main() -> int:
    """Run the service; give the exit status."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("hosts", type=Path)
    parser.add_argument("--gang-seconds", type=float, default=timeouts.RENDEZVOUS_SECONDS)
    given, rest = parser.parse_known_args()
    timeouts.RENDEZVOUS_SECONDS = given.gang_seconds
    backend = read_backend(given.hosts)

    def build(settings: Settings, home: Home, url: Callable[[], str]) -> building.Service:
        return building.build(settings, home, url, lambda _: backend)

    return program.main(rest, build)


if __name__ == "__main__":
    sys.exit(main())
