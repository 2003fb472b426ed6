"""Run the service: `python -m runyard_server.app`."""

import os
import sys

from runyard_server.app import main

if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib could be a file of the user's here
    # The folder the service is started in holds somebody's files: none of them is a module of ours.
    del sys.path[0]

if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # All is closed. A thread that hangs in a file system must not keep the process: the end of
    # the process is what stopping promises.
    os._exit(status)
