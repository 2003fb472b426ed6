"""Tables: on a narrow terminal what matters is kept, elsewhere everything."""

from runyard_server.cli.tables import Column, fitted

COLUMNS = [
    Column("RUN", least=20),
    Column("TARGET", worth=1),
    Column("STATUS", least=15),
    Column("TIME", worth=2),
    Column("METRICS", wanted=16, least=10),
]
WIDTHS = [28, 10, 9, 8, 40]


def shown(room):
    """The titles that are shown, with their widths."""
    return {COLUMNS[place].title: width for place, width in fitted(COLUMNS, WIDTHS, room)}


def test_without_a_terminal_nothing_is_cut() -> None:
    """`grep` and `cut` see all of it."""
    assert list(shown(None).values()) == WIDTHS


def test_with_room_all_is_shown() -> None:
    """Nothing is left out without need."""
    assert list(shown(200).values()) == WIDTHS


def test_the_least_worthy_goes_first() -> None:
    """The id and the status outlast the target."""
    assert "TARGET" in shown(80)
    assert shown(72) == {"RUN": 28, "STATUS": 9, "TIME": 8, "METRICS": 21}
    assert shown(62) == {"RUN": 28, "STATUS": 9, "METRICS": 21}


def test_then_the_last_shrinks_before_the_first() -> None:
    """The id is whole as long as the others are legible."""
    assert shown(52) == {"RUN": 28, "STATUS": 9, "METRICS": 11}
    assert shown(45) == {"RUN": 22, "STATUS": 9, "METRICS": 10}


def test_what_is_spare_goes_to_those_that_were_cut() -> None:
    """Leaving a column out is not paid for with blanks."""
    for room in range(60, 110):
        used = sum(shown(room).values()) + 2 * (len(shown(room)) - 1)
        assert used <= room
        assert used == room or shown(room)["METRICS"] == 40
