"""What the interpreters of a job run when they start; the folder is on their PYTHONPATH.

Python imports `sitecustomize` from there by itself. No program changes: the script is `__main__`,
and the first frame of its tracebacks.
"""
