"""From an environment's definition to its lock, and to a realised environment.

    definition -> requirements -> lock (exact versions, by uv) -> realised environment (a folder)

`environments.Environments` is the door. Each step is kept under the hash of its input, so that
the second run with the same definition costs a look at the disk. What is installed is done by the
light half (`runyard.runtime.environments`), the same on this machine as on any other node.
"""
