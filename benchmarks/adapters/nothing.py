"""A script that does nothing but say when it began; what it imports proves its environment."""

import time

begun = time.time()

import importlib  # noqa: E402 - the clock comes first
import sys  # noqa: E402

mark, *modules = sys.argv[1:]
for module in modules:
    importlib.import_module(module)
print("begun", flush=True)
with open(mark, "w") as file:  # noqa: PTH123 - as cheap as can be
    file.write(repr(begun))
