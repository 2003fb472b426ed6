"""Optuna studies on Runyard: `runyard.optuna.Storage`, of the distribution `runyard-optuna`.

It needs Optuna and is not of the light half, which only has its name; nothing here imports it
unless it is asked for.
"""

try:
    from runyard_optuna import Storage
except ModuleNotFoundError as error:
    if error.name != "runyard_optuna":
        raise
    raise ModuleNotFoundError(
        "runyard.optuna is not installed here; install it beside Optuna with "
        "`pip install runyard-optuna`",
        name="runyard_optuna",
    ) from None

__all__ = ["Storage"]
