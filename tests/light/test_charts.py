"""Pictures of sweeps in text: what they must show whatever the numbers are."""

import io

from runyard.sdk import charts


def test_the_best_so_far_rises_to_the_top_line():
    """The first column stands at the lowest value, the last at the highest, each with its label."""
    lines = charts.best_so_far([3, 4, 9], [None, 1.0, 2.0], height=3)
    assert lines == [
        "2 ┤    ████",
        "  ┤    ████",
        "1 ┤▁▁▁▁████",
        "   trial 4 9",
    ]


def test_a_chart_is_plain_where_blocks_are_not_shown(monkeypatch):
    """NO_COLOR and other encodings than UTF-8 get `#`."""
    lines = charts.best_so_far([0, 1], [1.0, 2.0], plain=True, height=2)
    assert lines[:2] == ["2 |    ####", "1 |########"]
    assert all(line.isascii() for line in charts.bars([("lr", 0.5)], plain=True))
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert charts.plain_for(io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert not charts.plain_for(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    monkeypatch.setenv("NO_COLOR", "1")
    assert charts.plain_for(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))


def test_many_trials_fit_and_huge_first_values_hide_nothing():
    """A chart is never wider than asked, and falls visibly although it began at a million."""
    values = [1e6, *(10.0 / n for n in range(1, 1000))]
    lines = charts.best_so_far(range(1000), values, width=40)
    assert max(map(len, lines)) <= 40 + len("0.01001 ┤")
    assert lines[0].lstrip().startswith("1e+06 ┤")
    assert len({line.count("█") for line in lines[:-1]}) > 1
    assert charts.best_so_far([0, 1], [-1e308, 1e308])[0].endswith("████")
    assert charts.best_so_far([0, 1], [None, None]) == []
    assert charts.best_so_far([0], [0.5])


def test_a_value_that_never_changed_has_its_label_where_it_ends():
    """A flat line is read as the value that it is, not as something below it."""
    lines = charts.best_so_far([0, 1], [0.5, 0.5], height=4)
    labelled = [line for line in lines if line.lstrip().startswith("0.5 ┤")]
    drawn = next(line for line in lines if set(line) & set(charts.BLOCKS[1:]))
    assert labelled == [drawn]


def test_bars_are_as_long_as_their_parts():
    """The whole is as wide as asked, half of it half as wide."""
    lines = charts.bars([("lr", 1.0), ("opt", 0.5), ("x", 0.0)], width=10)
    assert lines == ["lr   1.00 ██████████", "opt  0.50 █████", "x    0.00"]
