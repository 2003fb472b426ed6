"""Backends that run jobs: plan, launch, observe, cancel, resize."""
