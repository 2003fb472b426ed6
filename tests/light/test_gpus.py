"""GPUs, read of a library that answers as NVIDIA's does; no GPU is needed."""

import ctypes
import subprocess

import pytest

from runyard.runtime import gpus
from runyard.runtime.gpus import Gpus

# The names, arguments and structures of nvml.h (NVIDIA, NVML API Reference Guide), which holds the
# caller to what is written there: to begin first, to give as much room as a name may need. GPU 2
# is lost, and GPU 1 tells neither its power nor its temperature, as small ones do. From `fail` on
# every question is answered by that number.
NVML = r"""
#include <stdio.h>
typedef struct { unsigned int gpu, memory; } nvmlUtilization_t;
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
typedef struct device *nvmlDevice_t;
enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID = 2, UNSUPPORTED = 3, LOST = 15 };
static int broken = UNINITIALIZED;
void fail(int code) { broken = code; }
static long of(nvmlDevice_t device) { return (long)device - 100; }
int nvmlInit_v2(void) { broken = INIT; return INIT; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 3; return broken; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
    if (broken) return broken;
    *device = (nvmlDevice_t)(long)(100 + index);
    return index == 2 ? LOST : SUCCESS;
}
int nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
    if (broken) return broken;
    if (length < 96) return INVALID;
    sprintf(name, "Fake %ld", of(device));
    return SUCCESS;
}
int nvmlDeviceGetUUID(nvmlDevice_t device, char *name, unsigned int length) {
    if (broken) return broken;
    if (length < 80) return INVALID;
    sprintf(name, "GPU-%ldabc-def", of(device));
    return SUCCESS;
}
int nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates) {
    if (broken) return broken;
    rates->gpu = 70 + of(device);
    rates->memory = 1;
    return SUCCESS;
}
int nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    if (broken) return broken;
    memory->total = 150000000000ull;
    memory->used = 5000000000ull + of(device);
    memory->free = 0;
    return SUCCESS;
}
int nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *milliwatts) {
    if (broken) return broken;
    *milliwatts = 312500;
    return of(device) == 1 ? UNSUPPORTED : SUCCESS;
}
int nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned int *celsius) {
    if (broken) return broken;
    if (sensor != 0) return INVALID;
    *celsius = 61;
    return of(device) == 1 ? UNSUPPORTED : SUCCESS;
}
"""


def built(folder, text, **macros: int) -> str:
    """A shared library of this source."""
    source, library = folder / "nvml.c", folder / "libnvidia-ml.so.1"
    source.write_text(text)
    given = [f"-D{name}={value}" for name, value in macros.items()]
    command = ["cc", "-shared", "-fPIC", "-Wall", "-Werror", *given, "-o", str(library)]
    subprocess.run([*command, str(source)], check=True)
    return str(library)


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> str:
    """A driver with three GPUs, one of which is lost."""
    return built(tmp_path_factory.mktemp("driver"), NVML, INIT=0)


def test_each_gpu_tells_what_it_can(library) -> None:
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
def test_only_the_gpus_of_the_job(library, visible, numbers) -> None:
    """A job that may use one GPU of eight is not shown what others do on the rest."""
    assert Gpus(visible, library).numbers == numbers


def test_a_driver_that_does_not_answer_is_none(tmp_path) -> None:
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


@pytest.mark.parametrize("code", [1, 15, 17, 999])
def test_a_driver_that_fails_in_between(library, code) -> None:
    """While it does not answer its values are missing; once it does again they go on."""
    found = Gpus(library=library)
    before = found.levels()
    ctypes.CDLL(library).fail(code)
    assert found.levels() == {0: {}, 1: {}}
    assert (found.labels(), found.capacities()) == ({}, {})
    ctypes.CDLL(library).fail(0)
    assert found.levels() == before


def test_the_structures_are_as_large_as_nvidias() -> None:
    """A wrong size would have the library write beyond it."""
    assert (ctypes.sizeof(gpus._Utilization), ctypes.sizeof(gpus._Memory)) == (8, 24)
