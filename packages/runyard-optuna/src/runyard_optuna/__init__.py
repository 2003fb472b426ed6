"""Optuna studies on Runyard: `optuna.create_study(storage=runyard.optuna.Storage())`.

Needs Optuna, and is a distribution of its own for that; `runyard.optuna` is another name of it.
"""

from runyard_optuna.storage import Storage

__all__ = ["Storage", "__version__"]

__version__ = "0.1.0"
