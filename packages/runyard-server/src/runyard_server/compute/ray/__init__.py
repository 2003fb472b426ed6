"""A Ray cluster as a site: real nodes from zero to many, on any cloud, Kubernetes, or machines.

    backend    what the scheduler asks: plan, launch, observe, cancel, resize
    desk       what is to be said to the driver of one cluster, and what it has said
    keeper     the thread that sees to it that drivers are there, and learns what the cluster has
    api        the HTTP of the head's dashboard: jobs, packages, nodes, the autoscaler's report
    catalog    which nodes there are or could be, and whether a need could be met
    package    what is sent to the head
    on_head    the driver itself

The service needs no Ray: it submits a driver, one for each cluster of ours, through the
dashboard's REST interface. Orders go the other way round: the driver dials the service as agents
do, for of a head often nothing but the dashboard can be reached. So nothing secret is in what Ray
keeps or shows.
"""
