"""Tuning: what samplers draw and when policies stop. Pure: no database, no clock, no run.

Samplers and policies are extension points, found by name as the entry points
`runyard.samplers` and `runyard.policies` of installed distributions (`registry`). Their contracts
are the docstrings of `Sampler` and `Policy` in `base`; `runyard_server.testing` has the tests that
every one passes.
"""
