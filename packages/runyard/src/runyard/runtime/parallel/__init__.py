"""A script that works on its input batch by batch, in several processes on several nodes.

    agent > node               one a node: takes batches from the service, tells how they went
              > worker         several a node: `init()` once, `run(batch)` again and again

    cutting      the first node makes the list of batches; each node reads it
    exchange     what a node asks of the service, with what its batches have returned
    joining      the first node puts all that was returned into one file, in order

A worker that dies costs the try that it was at: another takes its place. A node that dies costs
an attempt of the run, which goes on with the batches that are not done. The service may be away
for an hour. The modules of `modules` are those that scripts import by v1's names.
"""

# What Python is told to run: elsewhere the light half is a zip, which has no files to start. With
# the working folder first on the path a script's `queue.py` would stand for Python's own.
_RUN = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "from runyard.runtime.parallel.{} import main; main(sys.argv[1:])"
)
NODE, WORKER = _RUN.format("node"), _RUN.format("worker")
