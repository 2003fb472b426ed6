"""A script that works on its input batch by batch, in several processes on several nodes.

    agent > node (`__main__`)  one a node: takes batches from the service, tells how they went
              > worker         several a node: `init()` once, `run(batch)` again and again

    cutting      the first node makes the list of batches; each node reads it
    exchange     what a node asks of the service, with what its batches have returned
    joining      the first node puts all that was returned into one file, in order

A worker that dies costs the try that it was at: another takes its place. A node that dies costs
an attempt of the run, which goes on with the batches that are not done. The service may be away
for an hour. The modules of `modules` are those that scripts import by v1's names.
"""
