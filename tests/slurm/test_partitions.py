"""Which partition takes which size, read from what sinfo prints; no Slurm is needed."""

from pathlib import Path

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sizes import VmSize, resolve
from runyard_server.compute.base import Need
from runyard_server.compute.slurm import partitions, words
from runyard_server.compute.slurm.commands import Commands
from runyard_server.compute.slurm.partitions import Partitions

SINFO = """\
cpu|up|7-00:00:00|1-00:00:00|40|32|128000|(null)
gpu*|up|2:00:00|30:00|2|16|64000|gpu:a100:4(S:0-1)
gpu*|up|2:00:00|30:00|6|8|62000|gpu:1
open|up|infinite|n/a|3|8|1|(null)
"""


def known(folder: Path, only: str = "", **named: str) -> Partitions:
    """The partitions of a cluster whose programs print always the same."""
    for name in ("sbatch", "squeue", "sinfo", "scontrol", "scancel"):
        (folder / name).write_text(f"#!/bin/sh\ncat <<'E'\n{SINFO}E\n")
        (folder / name).chmod(0o755)
    made = Partitions(Commands(folder, None), only, named)
    assert made.wait()
    return made


def test_sinfo_is_read() -> None:
    """Slurm's default comes first, with limits in seconds and all kinds of its nodes."""
    gpu, cpu, free = partitions.parse(SINFO)
    assert (gpu.name, gpu.default, gpu.seconds, gpu.usual) == ("gpu", True, 7200, 1800)
    assert [(kind.count, kind.gpus) for kind in gpu.kinds] == [(2, 4), (6, 1)]
    assert (cpu.seconds, cpu.usual, cpu.count) == (604_800, 86_400, 40)
    # A node whose memory was never configured counts as one megabyte: it is not known.
    assert (free.seconds, free.usual, free.largest.memory) == (None, None, 0)


@pytest.mark.parametrize(
    ("size", "nodes", "where"),
    [
        ("STANDARD_NC6", 6, "gpu"),
        ("STANDARD_NC6", 9, None),
        ("STANDARD_NC24", 1, None),
        ("STANDARD_D32_V3", 12, "cpu"),
        # 64 GB are what nodes with 62,000 MB are sold with.
        ("STANDARD_D5_V2", 3, "cpu"),
        ("STANDARD_E8S_V3", 8, "gpu"),
        ("STANDARD_D2_V2", 8, "gpu"),
        ("open", 3, "open"),
        ("open", 4, None),
    ],
)
def test_a_size_finds_its_partition(
    tmp_path: Path, size: str, nodes: int, where: str | None
) -> None:
    """The default comes first, then whichever has as many nodes with all that a size promises."""
    found = known(tmp_path).of(resolve(size)[0], nodes)
    assert (found.name if found else None) == where


def test_nodes_of_a_cluster_share_machines(tmp_path: Path) -> None:
    """A cluster has as many nodes as jobs fit beside one another; one run needs machines apart."""
    made = known(tmp_path)
    size = resolve("STANDARD_NC4AS_T4_V3")[0]
    assert made.could_run(Need(9, size)).refusal
    assert made.could_run(Need(10, size, apart=False)).refusal == ""
    assert made.could_run(Need(11, size, apart=False)).refusal


def test_settings_say_which_partition(tmp_path: Path) -> None:
    """One that is set takes all, unless a size has one of its own; what does not fit is refused."""
    made = known(tmp_path, "open", STANDARD_NC6="gpu")
    assert made.could_run(Need(3, resolve("STANDARD_D2_V2")[0])).refusal == ""
    assert made.of(resolve("STANDARD_NC6")[0], 1) == partitions.parse(SINFO)[0]
    refusal = made.could_run(Need(4, resolve("STANDARD_D2_V2")[0])).refusal
    assert refusal == (
        "4 nodes of size STANDARD_D2_V2 (2 CPUs, 7 GB) cannot be had from partition 'open' "
        "(3 nodes of up to 8 CPUs); take fewer or smaller nodes"
    )
    lost = known(tmp_path, "gone").could_run(Need(1)).refusal
    assert lost.startswith("Slurm has no partition 'gone'; there are 'gpu' (8 nodes of up to 16")


def test_a_partition_as_a_size_gives_whole_nodes(tmp_path: Path) -> None:
    """Such a node has all CPUs, memory and GPUs of the partition's nodes."""
    made = known(tmp_path)
    size = VmSize("gpu", 1, 0.0)
    partition = made.of(size, 1)
    assert partition is not None
    whole = made.whole(size, partition)
    assert whole is not None
    assert (whole.cpus, whole.gpus) == (16, 4)
    answer = made.could_run(Need(1, size))
    assert (answer.gpus, answer.names_size) == (4, True)


def test_memory_is_what_nodes_have(tmp_path: Path) -> None:
    """A node keeps some of what it is sold with, so no more is asked for than there is."""
    size = resolve("STANDARD_E8S_V3")[0]
    assert partitions.memory(size, known(tmp_path).of(size, 1)) == 62_000
    assert partitions.memory(VmSize("open", 8, 4.0), partitions.parse(SINFO)[2]) == 0


def test_programs_that_are_missing_are_named(tmp_path: Path) -> None:
    """Without Slurm's client programs the site is refused, and it says which are missing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(InvalidRequest, match=r"sbatch and squeue and sinfo .*cannot be found"):
            Commands(None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (words.waits("PENDING", "Priority", "gpu", 3, "2026-11-29 13:00"), "gpu' behind jobs of"),
        (
            words.waits("PENDING", "(QOSMaxJobsPerUserLimit)", "gpu", 0, ""),
            "a limit of its account",
        ),
        (
            words.waits("PENDING", "Licenses", "gpu", 1, ""),
            "for a licence (Licenses); 1 job before",
        ),
        (words.waits("CONFIGURING", "None", "gpu", 0, ""), "are being started"),
        (words.ended("7", "TIMEOUT", "n1", "gpu", "02:00:00"), "limit of 02:00:00 in partition"),
        (words.ended("7", "CANCELLED by 1000", "n1", "gpu", ""), "with scancel by user 1000"),
        (
            words.ended("7", "OUT_OF_MEMORY", "n1", "gpu", ""),
            "out of the memory it was given on n1",
        ),
        (words.ended("7", "PREEMPTED", "n1", "gpu", ""), "make room for one of higher priority"),
        (words.span(7200), "2 h"),
        (words.span(5400), "90 min"),
        (words.span(60), "1 min"),
    ],
)
def test_slurms_words_are_told_in_ours(text: str, said: str) -> None:
    """Reasons and ends are sentences, with Slurm's own word where it helps."""
    assert said in text
