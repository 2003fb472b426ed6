"""From an environment's definition to its lock, and to a realised environment."""
