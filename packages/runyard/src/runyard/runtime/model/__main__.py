"""`python -m runyard.runtime.model`: the supervisor; with a file descriptor, its worker."""

import os
import sys

if __name__ == "__main__":
    # Python puts the working folder first, where a user's `queue.py` would hide the library's.
    if sys.path and os.path.abspath(sys.path[0] or ".") == os.getcwd():
        del sys.path[0]
    if len(sys.argv) > 1:
        from runyard.runtime.model import worker

        sys.exit(worker.main(int(sys.argv[1])))
    from runyard.runtime.model import supervisor

    sys.exit(supervisor.main())
