"""Machines that are reached by ssh, and need nothing but Linux and a `python3`.

backend      the site: plans, launches, grants
machines     the machines as the settings name them
connection   one kept connection for each, with the system's own ssh program
program      what is put on a machine: a zip file that does there what the service asks for
faults       what ssh says when it fails, and what to do about it
watching     one thread for each machine that hears how the agents there are
assignments  which machine each node of a run was given, on disk
"""
