"""What users import: workspaces, experiments, runs, datastores, compute targets, models."""
