"""What the official client is made to do, against any server that speaks MLflow's protocol.

A scenario is a function with one argument, whose docstring says what it protects. It returns what
the client saw, as JSON, without what differs from run to run: ids, times, places. Whatever serves
MLflow must answer the same, so what MLflow's own server answered is kept beside (`golden`), and
what Runyard answers is compared with it.

These files are run by the client's own interpreter, and import nothing of the tests.
"""
