"""Sums over all ranks: by Horovod, and by mpi4py where it is there. Runs on Python 3.7."""

import sys

import horovod.tensorflow as hvd
import tensorflow as tf
from mpi4py import MPI

hvd.init()
mine = tf.constant([float(hvd.rank() + 1)])
with tf.Session() as session:
    total = session.run(hvd.allreduce(mine, average=False))[0]
other = MPI.COMM_WORLD.allreduce(hvd.rank() + 1)
sys.stdout.write(f"rank {hvd.rank()} of {hvd.size()}: {total:.0f} {other}\n")
