"""The packages of an environment."""

from runyard.sdk.conda import CPU, GPU, PYTHON_DEFAULT_VERSION, CondaDependencies
from runyard.sdk.exceptions import UserErrorException

__all__ = ["CPU", "GPU", "PYTHON_DEFAULT_VERSION", "CondaDependencies", "UserErrorException"]
