"""MLflow's model that does what scripts/sums.py does: mlflow_model.py FOLDER saves it there."""

import sys

import mlflow
import numpy as np


class Sums(mlflow.pyfunc.PythonModel):
    """Adds up rows, and fails on negative numbers."""

    def predict(self, context, model_input, params=None):
        """Add up."""
        del context, params
        if isinstance(model_input, dict):
            model_input = next(iter(model_input.values()))
        array = np.asarray(model_input, dtype=float)
        if (array < 0).any():
            raise ValueError("negative")
        return array.sum(axis=1)


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=__file__, pip_requirements=[])
else:
    mlflow.models.set_model(Sums())
