"""Texts of others on a terminal: shown, never obeyed."""

import json
import random
import unicodedata

import pytest

from runyard_server.cli import texts

EVIL = "a\x1b[2J\x1b]0;title\x07b\u202ec\x9b31md\u2028e\x7f\0f"


def steering(text: str) -> list[str]:
    """The letters of a text that a terminal would obey, apart from the ends of lines."""
    return [c for c in text if unicodedata.category(c) in ("Cc", "Zl", "Zp") and c != "\n"]


@pytest.mark.parametrize("made_safe", [texts.line, texts.multiline, texts.log])
def test_nothing_steers_the_terminal(made_safe) -> None:
    """No escape sequence and no turning mark is left, and what there was can be seen."""
    safe = made_safe(EVIL)
    assert steering(safe) == []
    assert not set(safe) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert r"\x1b[2J" in safe
    assert r"\u202e" in safe


def test_every_letter_of_any_text_is_safe() -> None:
    """Whatever comes: the same holds for random letters of the whole of Unicode."""
    draw = random.Random(7)
    for _ in range(300):
        text = "".join(
            chr(draw.choice((draw.randrange(0x250), draw.randrange(0x110000)))) for _ in range(40)
        )
        assert steering(texts.line(text)) == []
        assert "\n" not in texts.line(text)


def test_a_line_stays_a_line_and_lines_stay_lines() -> None:
    """A name with a newline fakes no second row; an error keeps its lines."""
    assert texts.line("a\nb\tc") == r"a\nb\tc"
    assert texts.multiline("a\r\nb\rc\td") == "a\nb\nc\td"


def test_progress_bars_go_on_working_in_logs() -> None:
    """A bar redraws its own line."""
    assert texts.log("10%\r20%\n") == "10%\r20%\n"


def test_json_has_the_same_values_and_nothing_that_steers() -> None:
    """A program reads what was stored, a terminal obeys nothing, every encoding will do."""
    value = {"name": EVIL, "cut": "emoji \ud83d", "plain": "Größe 汉 🙂"}
    written = texts.in_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(written) == value
    assert steering(written) == []
    assert "Größe 汉 🙂" in written
    written.encode("utf-8")


def test_widths_are_those_of_the_terminal() -> None:
    """Wide letters take two columns, combining ones none."""
    assert [texts.width(text) for text in ("abc", "汉字", "e\u0301")] == [3, 4, 1]
    assert texts.width(texts.cut("汉字汉字", 5)) <= 5


def test_ids_are_cut_in_the_middle() -> None:
    """Runs of one experiment differ at the end of their ids, so both ends are kept."""
    cut = texts.cut_middle("an-experiment-of-long-name_1764325876_ab12cd34", 20)
    assert len(cut) == 20
    assert cut.startswith("an-exp")
    assert cut.endswith("ab12cd34")
