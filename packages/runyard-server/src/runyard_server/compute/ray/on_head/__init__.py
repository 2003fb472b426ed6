"""The driver: what runs on the head of a Ray cluster, under Ray's own Python, as a job of Ray's.

    __main__   the driver: dials the service, hears what is wanted, tells how things are
    line       the way to the service
    agents     the agents that were started: launched once each, watched, remembered
    pool       the nodes of the cluster: reserved, counted, given back
    engine     all that is asked of Ray
    autoscaler which kinds of nodes it can start, and what it is about
    look       a job of seconds that tells those kinds before there is a driver
    node       the actor on each node: starts agents as processes of their own

This folder is sent to the head as it is. It uses Ray, what Ray brings, and of ours
`protocol.procfs` alone; and what a service says to it must be understood by the driver of an older
release, which may still be at work.
"""
