"""v1's name of what a script of ParallelRunStep can ask of its process."""

from runyard.runtime.parallel.entry_script import EntryScript

__all__ = ["EntryScript"]
