"""MLflow's REST protocol as a face, so that MLflow's own client logs and reads here, unchanged.

face         the table, the log-in, errors as MLflow's client reads them
rows         the rows of the table, each with the function that answers it, found when first asked
asked        one request: its fields, read as MLflow's messages have them, and who may change what
names        what names and values MLflow lets through, and how long they may be
shown        runs, experiments and models as MLflow's JSON
searching    MLflow's filters and orders in our own words
experiments, runs, values, inputs, artifacts, logged_models, registered, versions, server
             the functions, by noun

Messages are JSON of protocol buffers, in the one form that MLflow's client reads and writes:
whole numbers as numbers or texts, NaN and infinities as texts, empty lists left out. No library of
protocol buffers is needed for that. What MLflow does and we do otherwise stands in
`docs/reference/mlflow.md`.
"""
