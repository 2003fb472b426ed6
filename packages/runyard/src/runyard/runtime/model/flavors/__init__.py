"""Models that are served without a script: one module for each framework.

Each has a class `Model`, a `served.Flavor`. The frameworks are imported inside its methods.
"""
