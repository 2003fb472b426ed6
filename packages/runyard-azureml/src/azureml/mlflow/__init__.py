"""The MLflow plug-in of the v1 SDK; it has no names of its own here."""
