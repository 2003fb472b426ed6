"""The agent's command line, for machines only.

    python -S -E <light>/runyard/runtime/__main__.py agent <run folder>
                                                     salvage <run folder> --reason TEXT
                                                     realise --folder FOLDER …
                                                     draft <JSON>  (its input is an order)
                                                     launch <run folder> HOST WORDS...
                                                     fork-server  (its input is a socket)

It runs under whatever interpreter the node has, isolated from the user's settings, so it finds its
own light half by where it lies: a folder, or a zip whose `__main__` calls `main`.
"""

import os
import sys
from typing import List

_HERE = os.path.dirname(os.path.abspath(__file__))
_LIGHT = os.path.dirname(os.path.dirname(_HERE))

USAGE = 2


def main(argv: List[str]) -> int:
    """Run one verb; give the exit status."""
    verb, rest = (argv[0], argv[1:]) if argv else ("", [])
    if verb == "agent" and len(rest) == 1:
        from runyard.runtime import agent

        return agent.run(rest[0])
    if verb == "salvage" and rest[1:2] == ["--reason"]:
        from runyard.runtime import salvage

        return salvage.run(rest[0], " ".join(rest[2:]))
    if verb in ("realise", "draft"):
        from runyard.runtime import drafts, environments

        make = drafts.main if verb == "draft" else environments.main
        return make(rest)
    if verb == "launch" and rest:
        from runyard.runtime import launch

        return launch.main(rest)
    if verb == "fork-server" and not rest:
        from runyard.runtime import fork_server

        return fork_server.run()
    sys.stderr.write("usage: agent FOLDER | salvage FOLDER --reason TEXT | realise … | draft …\n")
    return USAGE


if __name__ == "__main__":
    if sys.path and os.path.abspath(sys.path[0]) == _HERE:
        # Python puts the script's own folder first; there `data` or `names` would hide others.
        del sys.path[0]
    sys.path.insert(0, _LIGHT)
    sys.exit(main(sys.argv[1:]))
