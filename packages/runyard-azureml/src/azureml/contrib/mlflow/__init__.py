"""The MLflow plug-in under its path of 2019; it has no names of its own here."""
