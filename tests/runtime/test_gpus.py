"""GPUs, read of a library that answers as NVIDIA's does; no GPU is needed."""

import ctypes
import subprocess
from pathlib import Path

import pytest

from runyard.runtime import gpus
from runyard.runtime.gpus import Gpus

# The names, arguments and structures of nvml.h (NVIDIA, NVML API Reference Guide). GPU 2 is lost,
# and GPU 1 tells neither its power nor its temperature, as small ones do.
NVML = r"""
#include <stdio.h>
typedef struct { unsigned int gpu, memory; } nvmlUtilization_t;
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
typedef struct device *nvmlDevice_t;
enum { SUCCESS = 0, INVALID = 2, UNSUPPORTED = 3, LOST = 15 };
static long of(nvmlDevice_t device) { return (long)device - 100; }
int nvmlInit_v2(void) { return INIT; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 3; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
    *device = (nvmlDevice_t)(long)(100 + index);
    return index == 2 ? LOST : SUCCESS;
}
int nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
    if (length < 96) return INVALID;
    sprintf(name, "Fake %ld", of(device));
    return SUCCESS;
}
int nvmlDeviceGetUUID(nvmlDevice_t device, char *name, unsigned int length) {
    if (length < 80) return INVALID;
    sprintf(name, "GPU-%ldabc-def", of(device));
    return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates) {
    rates->gpu = 70 + of(device);
    rates->memory = 1;
    return SUCCESS;
}
int nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    memory->total = 150000000000ull;
    memory->used = 5000000000ull + of(device);
    memory->free = 0;
    return SUCCESS;
}
int nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *milliwatts) {
    *milliwatts = 312500;
    return of(device) == 1 ? UNSUPPORTED : SUCCESS;
}
int nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned int *celsius) {
    if (sensor != 0) return INVALID;
    *celsius = 61;
    return of(device) == 1 ? UNSUPPORTED : SUCCESS;
}
"""


def built(folder: Path, text: str, **macros: int) -> str:
    """A shared library of this source."""
    source, library = folder / "nvml.c", folder / "libnvidia-ml.so.1"
    source.write_text(text)
    given = [f"-D{name}={value}" for name, value in macros.items()]
    command = ["cc", "-shared", "-fPIC", "-Wall", "-Werror", *given, "-o", str(library)]
    subprocess.run([*command, str(source)], check=True)
    return str(library)


@pytest.fixture
def library(tmp_path: Path) -> str:
    """A driver with three GPUs, one of which is lost."""
    return built(tmp_path, NVML, INIT=0)


def test_each_gpu_tells_what_it_can(library: str) -> None:
    """Percent, bytes, watts, degrees; what one does not tell is left out, and so is a lost GPU."""
    found = Gpus(library=library)
    assert found.numbers == [0, 1]
    assert found.labels() == {0: "Fake 0", 1: "Fake 1"}
    assert found.levels() == {
        0: {"utilization": 70, "memory": 5_000_000_000, "power": 312.5, "temperature": 61},
        1: {"utilization": 71, "memory": 5_000_000_001},
    }
    assert found.capacities()[0] == {"memory": 150_000_000_000, "utilization": 100}


@pytest.mark.parametrize(
    ("visible", "numbers"),
    [(None, [0, 1]), ("", []), ("1", [1]), ("1, 0", [0, 1]), ("GPU-1ab", [1]), ("7", [])],
)
def test_only_the_gpus_of_the_job(library: str, visible: str | None, numbers: list[int]) -> None:
    """A job that may use one GPU of eight is not shown what others do on the rest."""
    assert Gpus(visible, library).numbers == numbers


def test_a_driver_that_does_not_answer_is_none(tmp_path: Path) -> None:
    """Neither a broken driver, nor another library of that name, nor a text file ends the job."""
    with pytest.raises(OSError, match="error 9"):
        Gpus(library=built(tmp_path, NVML, INIT=9))
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(OSError, match="not what was expected"):
        Gpus(library=built(other, "int nothing;"))
    (tmp_path / "text").write_text("no library")
    with pytest.raises(OSError, match="text"):
        Gpus(library=str(tmp_path / "text"))


def test_where_there_is_no_driver_nothing_is_loaded(tmp_path: Path) -> None:
    """Most nodes have no GPU: they do not even look for the library."""
    assert not gpus.present([str(tmp_path / "nvidiactl")])
    assert gpus.present([str(tmp_path)])
    assert ctypes.sizeof(gpus._Memory) == 24
