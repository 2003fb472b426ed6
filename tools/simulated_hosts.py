"""Runs a command against a service whose clusters are simulated hosts: one namespace per node.

    tools/simulated_hosts.py -- .venv/bin/python examples/tf-parameter-server/submit.py
    tools/simulated_hosts.py --cut h2 --after 20 --seconds 60 -- ...

The n-th node of each cluster is the n-th host. The state folder stays, so that environments are
made once; `--home` names it. Needs root; see docs/how-to/simulated-hosts.md.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from runyard_server.testing.hosts import Host, Hosts, settings
from runyard_server.testing.hosts_network import HostsUnavailable
from runyard_server.testing.services import RunningService

HOME = "~/.cache/runyard-simulated-hosts"


def main() -> int:
    """Make the hosts, run the command, remove the hosts; give the command's exit status."""
    given = _parser().parse_args()
    home = Path(given.home).expanduser().resolve()
    try:
        with Hosts(given.hosts) as hosts:
            home.mkdir(parents=True, exist_ok=True)
            (home / "config.toml").write_text(settings(hosts.file), "utf-8")
            # The command may be quiet for longer than an idle service lives.
            options = ("--host", hosts.address, "--port", "0", "--idle-exit-seconds", "0")
            service = RunningService(home, options)
            service.start()
            try:
                _tell(hosts, service)
                # A daemon: it may still wait for its time when the command is done.
                threading.Thread(target=_disturb, args=(hosts, given), daemon=True).start()
                return _run(given.command, home)
            finally:
                service.stop()
                left = {host.name: host.processes for host in hosts if host.processes}
                print(f"processes left on hosts: {left or 'none'}", file=sys.stderr)
    except HostsUnavailable as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=3, help="how many [3]")
    parser.add_argument("--home", default=HOME, help=f"the service's state folder [{HOME}]")
    parser.add_argument("--cut", metavar="HOST", help="take a host off the network ...")
    parser.add_argument("--kill", metavar="HOST", help="... or end it as a power cut would ...")
    parser.add_argument(
        "--after", type=float, default=10, help="... so many seconds later [10] ..."
    )
    parser.add_argument("--seconds", type=float, default=5, help="... and bring it back then [5]")
    parser.add_argument("command", nargs="*", help="what to run; a shell by default")
    return parser


def _tell(hosts: Hosts, service: RunningService) -> None:
    names = ", ".join(f"{host.name} {host.address}" for host in hosts)
    print(f"hosts: {names}; service: {service.url}", file=sys.stderr)


def _run(command: list[str], home: Path) -> int:
    environ = {**os.environ, "RUNYARD_HOME": str(home)}
    # It would lead the command to another service.
    environ.pop("RUNYARD_URL", None)
    shell = [os.environ.get("SHELL", "/bin/sh")]
    return subprocess.run(command or shell, env=environ, check=False).returncode


def _disturb(hosts: Hosts, given: argparse.Namespace) -> None:
    """Cut off or kill a host for a while."""
    for name, act in ((given.cut, hosts.cut), (given.kill, hosts.kill)):
        host = _named(hosts, name)
        if host is not None:
            time.sleep(given.after)
            act(host)
            print(f"{time.strftime('%X')} {host.name} is away", file=sys.stderr)
            time.sleep(given.seconds)
            hosts.heal(host)
            print(f"{time.strftime('%X')} {host.name} is back", file=sys.stderr)


def _named(hosts: Hosts, name: str | None) -> Host | None:
    return next((host for host in hosts if host.name == name), None)


if __name__ == "__main__":
    sys.exit(main())
