"""Azure VM sizes and what a node of each has: CPUs, memory, GPUs.

Scripts written for the hosted service name sizes such as `STANDARD_NC6`. The service and the SDK
map them to local resources through this one table; an unknown size counts as one CPU, and the
caller is told so. Figures are the published ones of each series.
"""

from typing import Dict, Optional, Tuple

from runyard.protocol.records import dataclass
from runyard.protocol.suggestions import nearest


@dataclass(frozen=True)
class VmSize:
    """What one node of a size has; `memory_gb` in GiB."""

    name: str
    cpus: int
    memory_gb: float
    gpus: int = 0


# name, CPUs, memory in GiB, GPUs
_TABLE: Tuple[Tuple[str, int, float, int], ...] = (
    ("STANDARD_A1_V2", 1, 2, 0),
    ("STANDARD_A2_V2", 2, 4, 0),
    ("STANDARD_A4_V2", 4, 8, 0),
    ("STANDARD_A8_V2", 8, 16, 0),
    ("STANDARD_D1", 1, 3.5, 0),
    ("STANDARD_D2", 2, 7, 0),
    ("STANDARD_D3", 4, 14, 0),
    ("STANDARD_D4", 8, 28, 0),
    ("STANDARD_D11", 2, 14, 0),
    ("STANDARD_D12", 4, 28, 0),
    ("STANDARD_D13", 8, 56, 0),
    ("STANDARD_D14", 16, 112, 0),
    ("STANDARD_D1_V2", 1, 3.5, 0),
    ("STANDARD_D2_V2", 2, 7, 0),
    ("STANDARD_D3_V2", 4, 14, 0),
    ("STANDARD_D4_V2", 8, 28, 0),
    ("STANDARD_D5_V2", 16, 56, 0),
    ("STANDARD_D11_V2", 2, 14, 0),
    ("STANDARD_D12_V2", 4, 28, 0),
    ("STANDARD_D13_V2", 8, 56, 0),
    ("STANDARD_D14_V2", 16, 112, 0),
    ("STANDARD_D15_V2", 20, 140, 0),
    ("STANDARD_DS1_V2", 1, 3.5, 0),
    ("STANDARD_DS2_V2", 2, 7, 0),
    ("STANDARD_DS3_V2", 4, 14, 0),
    ("STANDARD_DS4_V2", 8, 28, 0),
    ("STANDARD_DS5_V2", 16, 56, 0),
    ("STANDARD_DS11_V2", 2, 14, 0),
    ("STANDARD_DS12_V2", 4, 28, 0),
    ("STANDARD_DS13_V2", 8, 56, 0),
    ("STANDARD_DS14_V2", 16, 112, 0),
    ("STANDARD_DS15_V2", 20, 140, 0),
    ("STANDARD_D2_V3", 2, 8, 0),
    ("STANDARD_D4_V3", 4, 16, 0),
    ("STANDARD_D8_V3", 8, 32, 0),
    ("STANDARD_D16_V3", 16, 64, 0),
    ("STANDARD_D32_V3", 32, 128, 0),
    ("STANDARD_D64_V3", 64, 256, 0),
    ("STANDARD_D2S_V3", 2, 8, 0),
    ("STANDARD_D4S_V3", 4, 16, 0),
    ("STANDARD_D8S_V3", 8, 32, 0),
    ("STANDARD_D16S_V3", 16, 64, 0),
    ("STANDARD_D32S_V3", 32, 128, 0),
    ("STANDARD_E2S_V3", 2, 16, 0),
    ("STANDARD_E4S_V3", 4, 32, 0),
    ("STANDARD_E8S_V3", 8, 64, 0),
    ("STANDARD_E16S_V3", 16, 128, 0),
    ("STANDARD_F2S_V2", 2, 4, 0),
    ("STANDARD_F4S_V2", 4, 8, 0),
    ("STANDARD_F8S_V2", 8, 16, 0),
    ("STANDARD_F16S_V2", 16, 32, 0),
    ("STANDARD_F32S_V2", 32, 64, 0),
    ("STANDARD_F64S_V2", 64, 128, 0),
    ("STANDARD_F72S_V2", 72, 144, 0),
    ("STANDARD_H8", 8, 56, 0),
    ("STANDARD_H16", 16, 112, 0),
    ("STANDARD_M64MS", 64, 1792, 0),
    ("STANDARD_NC6", 6, 56, 1),
    ("STANDARD_NC12", 12, 112, 2),
    ("STANDARD_NC24", 24, 224, 4),
    ("STANDARD_NC24R", 24, 224, 4),
    ("STANDARD_NC6_PROMO", 6, 56, 1),
    ("STANDARD_NC12_PROMO", 12, 112, 2),
    ("STANDARD_NC24_PROMO", 24, 224, 4),
    ("STANDARD_NC6S_V2", 6, 112, 1),
    ("STANDARD_NC12S_V2", 12, 224, 2),
    ("STANDARD_NC24S_V2", 24, 448, 4),
    ("STANDARD_NC24RS_V2", 24, 448, 4),
    ("STANDARD_NC6S_V3", 6, 112, 1),
    ("STANDARD_NC12S_V3", 12, 224, 2),
    ("STANDARD_NC24S_V3", 24, 448, 4),
    ("STANDARD_NC24RS_V3", 24, 448, 4),
    ("STANDARD_NC4AS_T4_V3", 4, 28, 1),
    ("STANDARD_NC8AS_T4_V3", 8, 56, 1),
    ("STANDARD_NC16AS_T4_V3", 16, 110, 1),
    ("STANDARD_NC64AS_T4_V3", 64, 440, 4),
    ("STANDARD_NC24ADS_A100_V4", 24, 220, 1),
    ("STANDARD_NC48ADS_A100_V4", 48, 440, 2),
    ("STANDARD_NC96ADS_A100_V4", 96, 880, 4),
    ("STANDARD_ND6S", 6, 112, 1),
    ("STANDARD_ND12S", 12, 224, 2),
    ("STANDARD_ND24S", 24, 448, 4),
    ("STANDARD_ND24RS", 24, 448, 4),
    ("STANDARD_ND40RS_V2", 40, 672, 8),
    ("STANDARD_ND96ASR_V4", 96, 900, 8),
    ("STANDARD_NV6", 6, 56, 1),
    ("STANDARD_NV12", 12, 112, 2),
    ("STANDARD_NV24", 24, 224, 4),
    ("STANDARD_NV12S_V3", 12, 112, 1),
    ("STANDARD_NV24S_V3", 24, 224, 2),
    ("STANDARD_NV48S_V3", 48, 448, 4),
)

SIZES: Dict[str, VmSize] = {row[0]: VmSize(*row) for row in _TABLE}


def find(name: str) -> Optional[VmSize]:
    """The size of that name in any case, with or without `Standard_`; None if unknown."""
    upper = name.strip().upper()
    return SIZES.get(upper) or SIZES.get("STANDARD_" + upper)


def resolve(name: str) -> Tuple[VmSize, Optional[str]]:
    """The size of that name and, if it is unknown, one CPU and a warning that says so."""
    size = find(name)
    if size is not None:
        return size, None
    like = nearest(name.strip(), SIZES)
    hint = f" Known sizes like it: {', '.join(like)}." if like else ""
    return (
        VmSize(name, 1, 0.0),
        f"vm_size {name!r} is not in the table of sizes: its nodes count as one CPU each.{hint}",
    )
