"""Compute targets, as users import them: the base and every kind there is."""

from runyard.sdk.aks_compute import AksCompute
from runyard.sdk.clusters import AmlCompute
from runyard.sdk.compute_instances import ComputeInstance
from runyard.sdk.remote_compute import DsvmCompute, RemoteCompute
from runyard.sdk.targets import ComputeTarget

__all__ = [
    "AksCompute",
    "AmlCompute",
    "ComputeInstance",
    "ComputeTarget",
    "DsvmCompute",
    "RemoteCompute",
]
