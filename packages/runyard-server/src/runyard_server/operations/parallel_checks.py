"""What is checked of a run that works batch by batch, before anything of it is written down."""

import re

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.parallel import ACTIONS, APPEND_ROW, LEVELS, ParallelSpec
from runyard.protocol.runs import RunSpec

_FILE_NAME = re.compile(r'[^~"#%&*:<>?/\\{|}\0]+')


def check(spec: RunSpec) -> None:
    """Refuse what no processes could work on.

    Raises:
        InvalidRequest: What stands against it.
    """
    batches, each = spec.launcher.parallel, spec.launcher.process_count_per_node
    if batches is None:
        raise InvalidRequest("the launcher 'parallel' needs what says how its input is cut up")
    if spec.command:
        raise InvalidRequest("a command has no batches: name the script with init() and run()")
    if each < 0:
        raise InvalidRequest(
            f"process_count_per_node is {each}; use 1 or more, or leave it out for one per core"
        )
    if not batches.inputs:
        raise InvalidRequest("no input is named that could be cut up into batches")
    if len({*batches.partition_keys}) < len(batches.partition_keys):
        raise InvalidRequest("partition_keys has a key twice")
    _check_action(batches)
    _check_numbers(batches)


def _check_action(batches: ParallelSpec) -> None:
    if batches.action not in ACTIONS:
        raise InvalidRequest(f"output_action is {batches.action!r}; use {' or '.join(ACTIONS)}")
    if batches.action == APPEND_ROW and not batches.output:
        raise InvalidRequest("append_row needs an output to append to; or use summary_only")
    name = batches.file_name
    if _FILE_NAME.fullmatch(name) is None or name in (".", ".."):
        raise InvalidRequest(f"append_row_file_name is {name!r}, which can name no file")
    if batches.logging_level not in LEVELS:
        raise InvalidRequest(f"logging_level is {batches.logging_level!r}; use {', '.join(LEVELS)}")


def _check_numbers(batches: ParallelSpec) -> None:
    least = {
        "mini_batch_size": (batches.batch_size, 1),
        "run_invocation_timeout": (batches.timeout_seconds, 1),
        "run_max_try": (batches.most_tries, 1),
        "error_threshold": (batches.error_threshold, -1),
        "allowed_failed_count": (batches.allowed_failed_count, 0),
        "allowed_failed_percent": (batches.allowed_failed_percent, 0),
    }
    for name, (value, bound) in least.items():
        if value is not None and value < bound:
            raise InvalidRequest(f"{name} is {value}; use {bound} or more")
    percent = batches.allowed_failed_percent
    if percent is not None and percent > 100:  # noqa: PLR2004 - all of them
        raise InvalidRequest(f"allowed_failed_percent is {percent:g}; use 0 to 100")
