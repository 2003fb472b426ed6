"""Files that people wrote are read as their editor meant them, or refused by name."""

import codecs

import pytest

from runyard.client import texts
from runyard.protocol.errors import InvalidRequest

WORDS = "größe\nsecond\n"


@pytest.mark.parametrize(
    "data",
    [
        WORDS.encode("utf-8"),
        WORDS.encode("utf-8-sig"),
        WORDS.encode("utf-16"),
        codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"),
        WORDS.replace("\n", "\r\n").encode("utf-8-sig"),
        WORDS.replace("\n", "\r\n").encode("utf-16"),
        WORDS.replace("\n", "\r").encode("utf-8"),
    ],
)
def test_what_editors_and_shells_save_is_one_text(tmp_path, data):
    """A mark at the beginning is not part of the first line, nor a CR of any."""
    file = tmp_path / "file.txt"
    file.write_bytes(data)
    assert texts.read(file) == WORDS


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("one\ngröße\n".encode("cp1252"), "0xf6 in line 2"),
        (codecs.BOM_UTF8 + "one\ngröße\n".encode("cp1252"), "0xf6 in line 2"),
        (WORDS.encode("utf-16-le"), "UTF-8|NUL"),
        (WORDS.encode("utf-32"), "NUL"),
        (codecs.BOM_UTF16_LE + b"a\0b", "broken at byte"),
        (b"\x7fELF\0\0", "no text file"),
    ],
)
def test_what_would_be_guessed_is_refused_with_name_and_way_out(tmp_path, data, said):
    """Never another text than the one that was written."""
    file = tmp_path / "file.txt"
    file.write_bytes(data)
    with pytest.raises(InvalidRequest, match=said) as error:
        texts.read(file)
    assert str(file) in error.value.message
    assert "save it as UTF-8" in error.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """Not "[Errno 21]" alone."""
    with pytest.raises(InvalidRequest, match=r"folder' cannot be read: Is a directory"):
        (tmp_path / "folder").mkdir()
        texts.read(tmp_path / "folder")
