"""What only scripts of ParallelRunStep can import: its folder is on their path, as v1 had it."""
