"""Rows of commands: programs that one node of a run has started on another."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from runyard_server.store.schema import commands


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One command; `number` counts within its run, `key` is the asker's."""

    run_key: int
    number: int
    node: int
    attempt: int
    key: str
    command: str
    exit_code: int | None = None


_COLUMNS = [commands.c[name] for name in CommandRow.__slots__]


def add(
    connection: Connection, run_key: int, node: int, attempt: int, key: str, command: str
) -> CommandRow:
    """Write a command down, once for each key.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        node: Number of the node within the run.
        attempt: Which attempt of the run, from 1.
        key: What tells a repeat from another command.
        command: Program and arguments, as JSON.
    """
    this = (commands.c.run_key == run_key, commands.c.key == key)
    found = connection.execute(select(*_COLUMNS).where(*this)).first()
    if found is not None:
        return CommandRow(*found)
    # One thread writes, so the number after the last is still free at the insert.
    last = select(func.max(commands.c.number)).where(commands.c.run_key == run_key)
    number = (connection.execute(last).scalar() or 0) + 1
    values = (run_key, number, node, attempt, key, command)
    names = ("run_key", "number", "node", "attempt", "key", "command")
    connection.execute(insert(commands).values(dict(zip(names, values, strict=True))))
    return CommandRow(*values)


def find(connection: Connection, run_key: int, number: int) -> CommandRow | None:
    """A command, None if there is none of that number.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        number: Its number.
    """
    this = (commands.c.run_key == run_key, commands.c.number == number)
    found = connection.execute(select(*_COLUMNS).where(*this)).first()
    return None if found is None else CommandRow(*found)


def newer(
    connection: Connection, run_key: int, node: int, attempt: int, after: int
) -> list[CommandRow]:
    """The commands for a node in an attempt whose number is above `after`, in order.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        node: Number of the node within the run.
        attempt: Which attempt of the run, from 1.
        after: The number of the last one that is known.
    """
    wanted = select(*_COLUMNS).where(
        commands.c.run_key == run_key,
        commands.c.node == node,
        commands.c.attempt == attempt,
        commands.c.number > after,
    )
    return [CommandRow(*row) for row in connection.execute(wanted.order_by(commands.c.number))]


def end(connection: Connection, run_key: int, number: int, exit_code: int) -> None:
    """Write down how a command ended.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        number: Its number.
        exit_code: Its exit code.
    """
    this = (commands.c.run_key == run_key, commands.c.number == number)
    connection.execute(update(commands).where(*this).values(exit_code=exit_code))
