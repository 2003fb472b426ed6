"""Where rows are that were deleted and may still come back: in a workspace of their own.

Whoever lists, searches or gets asks for a workspace, so what is in the trash of one is seen by
nobody, and no query had to learn of it. The name has a colon, which no workspace's has.
"""

_TRASH = "trash:"


def of(workspace: str) -> str:
    """The workspace that has what was deleted of another one."""
    return _TRASH + workspace


def owner(trash: str) -> str:
    """The workspace whose trash this is; the same where it is none."""
    return trash.removeprefix(_TRASH)


def is_trash(workspace: str) -> bool:
    """Whether a workspace is the trash of another one."""
    return workspace.startswith(_TRASH)
