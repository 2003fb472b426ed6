"""v1's package of what ParallelRunStep gives to a script."""
