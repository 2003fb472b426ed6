"""Returns to the system what the C library keeps, but nobody uses."""

import ctypes


def give_back() -> None:
    """Return free memory; with another library than GNU's, which alone has the call, do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
