"""The gateway: a process of its own that answers for endpoints and hands requests to replicas.

The service writes what is wanted into the table (`table.Table`, `serving/routes.json`), and asks
over the control socket how things are (`table.GatewayStatus`). The gateway needs neither database
nor service: it serves on while these are away.
"""
