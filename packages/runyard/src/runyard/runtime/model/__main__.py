"""`python -m runyard.runtime.model`: the supervisor; with a file descriptor, its worker.

With `--http PORT` it needs no gateway: it answers clients itself.
"""

import os
import sys

if __name__ == "__main__":
    # Python puts the working folder first, where a user's `queue.py` would hide the library's.
    if sys.path and os.path.abspath(sys.path[0] or ".") == os.getcwd():
        del sys.path[0]
    if len(sys.argv) > 1 and sys.argv[1].startswith("-"):
        from runyard.runtime.model.web import program

        sys.exit(program.main(sys.argv[1:]))
    if len(sys.argv) > 1:
        from runyard.runtime.model import worker

        sys.exit(worker.main(int(sys.argv[1])))
    from runyard.runtime.model import supervisor

    sys.exit(supervisor.main())
