"""The process of a node: `python …/parallel/__main__.py <run folder> <script> [arguments]`."""

import sys

# As a program of a folder it has that first, and a script's imports must not find it.
sys.path.pop(0)

from runyard.runtime.parallel.node import main

if __name__ == "__main__":
    main(sys.argv[1:])
