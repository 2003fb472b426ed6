"""Run the service: `python -m runyard_server.app`."""

import os
import sys

if not sys.flags.safe_path and sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib is not imported yet, it could be the user's own file
    # The folder the service is started in holds somebody's files: none of them is a module of ours.
    del sys.path[0]

from runyard_server.app.program import main

if __name__ == "__main__":
    sys.exit(main())
