"""What GPUs do, asked of NVIDIA's management library (NVML) through ctypes.

The library comes with the driver, so where it is, so is a GPU. Each question is answered by a
number that says whether it could be: what a GPU does not tell is left out, and a library that
answers nothing at all is as good as none.

Source of names and structures: NVIDIA, NVML API Reference Guide (nvml.h).
"""

from __future__ import annotations

import ctypes
from typing import Any, Dict, List, Sequence, Tuple

LIBRARY = "libnvidia-ml.so.1"
_OK = 0
_GPU_SENSOR = 0
_NAME_BYTES = 96
_MILLI = 1e3


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_ulonglong) for name in ("total", "free", "used"))


class Gpus:
    """The GPUs of this node that the job may use.

    Args:
        visible: Which, as CUDA_VISIBLE_DEVICES names them: numbers, or ids with commas between;
            None: all.
        library: The library's file.

    Raises:
        OSError: There is no such library, or it answers nothing.
    """

    def __init__(self, visible: Any = None, library: str = LIBRARY) -> None:
        try:
            self._nvml = ctypes.CDLL(library)
            self._begin()
            self._found = self._devices(visible)
        except AttributeError as error:
            raise OSError(f"{library} is not what was expected: {error}") from error

    @property
    def numbers(self) -> List[int]:
        """Their numbers on the node."""
        return [number for number, _ in self._found]

    def labels(self) -> Dict[int, str]:
        """What each is called."""
        found = {}
        for number, device in self._found:
            name = ctypes.create_string_buffer(_NAME_BYTES)
            if self._nvml.nvmlDeviceGetName(device, name, _NAME_BYTES) == _OK:
                found[number] = name.value.decode("utf-8", "replace")
        return found

    def capacities(self) -> Dict[int, Dict[str, float]]:
        """What each has of memory, in bytes, and of utilization, in percent."""
        found = {}
        for number, device in self._found:
            memory = _Memory()
            if self._nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) == _OK:
                found[number] = {"memory": float(memory.total), "utilization": 100.0}
        return found

    def levels(self) -> Dict[int, Dict[str, float]]:
        """What each does now: percent of the time at work, bytes, watts, degrees Celsius."""
        return {number: self._levels(device) for number, device in self._found}

    def _levels(self, device: Any) -> Dict[str, float]:
        nvml, found = self._nvml, {}
        rates, memory, number = _Utilization(), _Memory(), ctypes.c_uint()
        if nvml.nvmlDeviceGetUtilizationRates(device, ctypes.byref(rates)) == _OK:
            found["utilization"] = float(rates.gpu)
        if nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) == _OK:
            found["memory"] = float(memory.used)
        if nvml.nvmlDeviceGetPowerUsage(device, ctypes.byref(number)) == _OK:
            found["power"] = number.value / _MILLI
        if nvml.nvmlDeviceGetTemperature(device, _GPU_SENSOR, ctypes.byref(number)) == _OK:
            found["temperature"] = float(number.value)
        return found

    def _begin(self) -> None:
        code = self._nvml.nvmlInit_v2()
        if code != _OK:
            raise OSError(f"NVML does not begin: error {code}")

    def _devices(self, visible: Any) -> List[Tuple[int, Any]]:
        count = ctypes.c_uint()
        if self._nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != _OK:
            return []
        found = []
        for number in range(count.value):
            device = ctypes.c_void_p()
            if self._nvml.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(device)) == _OK:
                found.append((number, device))
        if visible is None:
            return found
        wanted = [part.strip() for part in str(visible).split(",") if part.strip()]
        return [(n, one) for n, one in found if str(n) in wanted or self._is_among(one, wanted)]

    def _is_among(self, device: Any, wanted: Sequence[str]) -> bool:
        """Whether one of the ids, which may be cut short, is this GPU's."""
        ids = [name for name in wanted if name.startswith("GPU-")]
        text = ctypes.create_string_buffer(_NAME_BYTES)
        if not ids or self._nvml.nvmlDeviceGetUUID(device, text, _NAME_BYTES) != _OK:
            return False
        own = text.value.decode("ascii", "replace")
        return any(own.startswith(name) for name in ids)
