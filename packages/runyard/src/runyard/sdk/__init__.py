"""What users import: workspaces, experiments, runs, datastores, compute, environments, models.

The same classes are the library inside a job. Names and behaviour that only the v1 SDK has live
in `sdk.v1`. Every class delegates to the protocol; none keeps state the service does not know.
"""
