"""MLflow's REST protocol as a face, so that MLflow's own client logs and reads here, unchanged.

face         the table, the log-in, errors as MLflow's client reads them
rows         the rows of the table, each with the function that answers it, found when first asked
asked        one request: its fields, read as MLflow's messages have them, and who may change what
names        what names and values MLflow lets through, and how long they may be
shown        runs, experiments and models as MLflow's JSON
searching    MLflow's filters and orders in our own words
grammar      faults in them, in MLflow's words
titles       the names that MLflow knows registered models by
experiments, runs, values, inputs, artifacts, logged_models, registered, versions, traces, server
             the functions, by noun
apart        files that are of no run, in a datastore

Messages are JSON of protocol buffers, in the one form that MLflow's client reads and writes:
whole numbers as numbers or texts, NaN and infinities as texts, empty lists left out. No library of
protocol buffers is needed for that. What MLflow does and we do otherwise stands in
`docs/reference/mlflow.md`.
"""
