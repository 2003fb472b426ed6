"""The module in which v1's first ParallelRunStep had what a script can ask of its process."""

from runyard.runtime.parallel.entry_script import EntryScript

__all__ = ["EntryScript"]
