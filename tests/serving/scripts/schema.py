"""A score.py whose run is decorated by inference_schema."""

import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init():
    """Load nothing."""


@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
@input_schema("factor", StandardPythonParameterType(2.0))
@output_schema(NumpyParameterType(np.array([3.0])))
def run(data, factor=2.0):
    """Add up rows."""
    return (data.sum(axis=1) * factor).tolist()
