"""Slurm as a compute backend: each attempt of a run is one job of Slurm's.

A node of a cluster of ours is a claim that costs nothing while it is idle: `resize` grants all, and
launching asks Slurm. The alternative, an allocation for each node that is kept while it is idle,
would hold what others wait for, would begin a run with the rest of an allocation's time limit, and
could leave two gangs with half of their nodes each. So it is as users of Slurm know it: a run waits
in Slurm's queue by Slurm's rules, with Slurm's reason, and a gang gets all its nodes or none,
because one job asks for all of them. What is launched for the nodes of an attempt is gathered, and
the last of them submits the job (`submission`).

    backend      the backend: plan, launch, observe, cancel
    submission   what lies in a run's folder for its job, and the script that the nodes run
    queue        what Slurm says of our jobs, asked by one thread for all of them
    asking       what a run asks of Slurm: partition, size, time
    partitions   what there is, and which partition takes which size
    commands     Slurm's programs; nothing newer than 20.11 is asked of them
    words        states and reasons of Slurm's, for people

A job is never put back by Slurm (`--no-requeue`): after a node's failure or a preemption the run
begins another attempt by our rules, or fails with the reason. Should an administrator put one back,
its script finds that the attempt has begun, and ends. After an agent's death the service's machine
cleans up, in the folder that it and the nodes share, and waits in no queue for that.
"""
