"""The agent inside a job: snapshot, data, environment, processes, courier and outputs."""
