"""From an environment's definition to its lock, and to a realised environment.

inputs      a definition in normal form (conda, lines: what users write, in pip's words)
pythons     which interpreter (interpreters: what is on this machine; frameworks: what fits)
resolver    exact versions, by uv (uv_program: the user's pip settings in its words)
compatibility  today's TensorFlow in the place of one that has no Python here
building    runs the light half's builder
bytecode    has what was built compiled, in idle time
history     why an environment is new
"""

from runyard_server.environments.environments import Environments, EnvironmentSettings
from runyard_server.environments.failures import (
    BuildCanceled,
    EnvironmentFailed,
    IndexUnreachable,
)

__all__ = [
    "BuildCanceled",
    "EnvironmentFailed",
    "EnvironmentSettings",
    "Environments",
    "IndexUnreachable",
]
