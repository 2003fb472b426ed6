"""Meets all ranks in an MPI barrier and says when; argv: the folder for the marks."""

import os
import sys
import time

from mpi4py import MPI

world = MPI.COMM_WORLD
world.Barrier()
now = time.time()
with open(os.path.join(sys.argv[1], str(world.Get_rank())), "w") as file:  # noqa: PTH118, PTH123 - as cheap as can be
    file.write(repr(now))
print("met", flush=True)
