"""Records of tabular datasets: what files become, on every Python that jobs have."""

import io
import time
from datetime import datetime
from typing import Any

import pytest

from runyard.protocol.dataset_definitions import SourceFile, checked, files_of, id_of, tree_digest
from runyard.protocol.dataset_paths import Listed, pattern
from runyard.tables.delimited import FileError
from runyard.tables.inference import converted, inferred
from runyard.tables.partitions import PartitionFormat
from runyard.tables.reading import Reading, joined, types_of


def test_types_are_those_of_the_sample():
    """The rules of the last engine, one each: 0 and 1 are truths, `yes` is a text, …"""
    rows = [
        (["0", "1", None], "bool"),
        (["True", "f"], "bool"),
        (["yes", "no"], "string"),
        (["01234", " -5 "], "int"),
        (["9223372036854775808", "1"], "float"),
        (["1e3", ".5", "1.", "-inf"], "float"),
        (["1,000"], "string"),
        (["10%"], "string"),
        (["1_0"], "string"),
        (["0x10", "1"], "string"),
        (["NA", "1"], "string"),
        (["nan", "1.5"], "string"),
        ([None, None], "string"),
        (["2019-01-02", "2019-01-02 10:00:00.5Z"], {"datetime": ["iso"]}),
        (["2019-01"], "string"),
        (["20190102", "1"], "int"),
        (["13/01/2019", "2/1/2019 10:00"], {"datetime": ["day first"]}),
        (["01-Feb-2019"], {"datetime": ["month by name"]}),
        (["13/01/2019", "01/13/2019"], "string"),
    ]
    for values, kind in rows:
        assert inferred(values).kind == kind, values
    assert inferred(["01/02/2019"]).undecided


def test_values_are_converted_and_what_does_not_fit_is_named():
    """A whole number takes 1.9, a date its zone; a text among numbers is missing and told."""
    assert converted(["1.9", "x", None, ""], "int") == ([1, None, None, None], [1])
    assert converted(["1,5"], {"float": ","}) == ([1.5], [])
    dates = converted(["2019-01-02T03:00:00+01:00", "2019/01/02"], {"datetime": ["iso"]})
    assert dates == ([_day("2019-01-02T02:00:00"), _day("2019-01-02")], [])
    assert converted(["02.01.2019"], {"datetime": ["%d.%m.%Y"]})[0] == [_day("2019-01-02")]


def test_numbers_in_one_go_are_those_of_one_by_one():
    """What is read quickly because it looks plain is what the rules say of each value alone."""
    texts = ["1", " 2 ", "+3", "-4", "05", "1.5", ".5", "1.", "1e3", "1e", "1-2", "1_0", "", "1 2"]
    texts += [
        "9223372036854775807",
        "9223372036854775808",
        "1e400",
        "inf",
        "\u0661",
        "--1",
        "\u00a07",
    ]
    for kind in ("int", "float"):
        for text in texts:
            alone = converted([text, True], kind)[0][0]
            assert converted([text], kind)[0] == [alone], (text, kind)
            assert converted([None, "7", text], kind)[0] == [None, 7, alone], (text, kind)


def test_delimited_records_end_where_they_should():
    """Quotes, line breaks, blank lines, empty fields, short and long records, names."""
    rows = [
        ('a,b\n"x,y",""\n', {}, {"a": ["x,y"], "b": [""]}),
        ('a,b\n"say ""no""",\n', {}, {"a": ['say "no"'], "b": [None]}),
        ('a,b\n"x\ny",1\n', {}, {"a": ['"x', 'y"'], "b": [None, "1"]}),
        ('a,b\n"x\ny",1\n', {"multi_line": True}, {"a": ["x\ny"], "b": ["1"]}),
        ("a,b\r\n\r\n,\r\n1", {}, {"a": [None, "1"], "b": [None, None]}),
        ("\ufeffa, ,a\n1,2,3,4\n", {}, _columns(a=["1"], Column2=["2"], a_1=["3"], Column4=["4"])),
        ("1;2\n", {"separator": ";", "header": "none"}, _columns(Column1=["1"], Column2=["2"])),
        ("a,b\nc\n", {"separator": "\n", "header": "none"}, {"Column1": ["a,b", "c"]}),
        ("a,b\n,1\n", {"empty_as_string": True}, {"a": [""], "b": ["1"]}),
        ("a\n", {}, {"a": []}),
        ("", {}, {}),
    ]
    for text, options, expected in rows:
        assert _read([text], {"format": "delimited", **options}) == expected, text


def test_headers_of_several_files_follow_the_rule():
    """By place, by name, of the first alone, or none."""
    both = ["a,b\n1,2\n", "b,c\n3,4\n"]
    rows = {
        "all_same": {"a": ["1", "3"], "b": ["2", "4"]},
        "only_first": {"a": ["1", "b", "3"], "b": ["2", "c", "4"]},
        "combine": {"a": ["1", None], "b": ["2", "3"], "c": [None, "4"]},
    }
    for header, expected in rows.items():
        assert _read(both, {"format": "delimited", "header": header}) == expected
    reading = _reading(both, {"format": "delimited"})
    joined(reading.chunks())
    assert reading.mismatched == ["store/1"]


def test_bytes_that_do_not_fit_are_told_with_their_file():
    """Nobody sees an engine's stack: the file, the place and what to write instead."""
    with pytest.raises(FileError, match=r"store/0: bytes after line 0 .* encoding='windows1252'"):
        _read([b"a\n\xff\n"], {"format": "delimited"})
    assert _read(["a\n\xe9".encode("cp1252")], {"format": "delimited", "encoding": "windows1252"})


def test_json_lines_keep_their_values():
    """Columns by first appearance; absent is missing; bad lines are refused or passed over."""
    text = '{"a": 1}\n{"b": [1], "a": 2.5}\nno\n'
    reader = {"format": "json_lines", "encoding": "utf8", "invalid_lines": "drop"}
    assert _read([text], reader) == {"a": [1, 2.5], "b": [None, [1]]}
    texts = _read([text], reader, types=[["a", "string"]])
    assert texts["a"] == ["1", "2.5"]
    with pytest.raises(FileError, match="line 3 is no JSON object"):
        _read([text], {**reader, "invalid_lines": "error"})


def test_partitions_come_from_the_path_and_wrong_formats_are_named():
    """Dates may span segments, missing parts are 01 or 00; what makes no sense is a ValueError."""
    form = PartitionFormat("weather/{state}/{t:yyyy/MM}/data.parquet")
    found = form.values("raw/weather/ny/2019/02/data.parquet")
    assert list(found.items()) == [("state", "ny"), ("t", _day("2019-02-01"))]
    with pytest.raises(ValueError, match="does not fit"):
        form.values("raw/weather/data.parquet")
    for wrong in ("a/b", "{a:MM}", "{a}/{a}", "{a:yyyy}/{b:yyyy}", "{}", "{a{b}}", "{Path}"):
        with pytest.raises(ValueError, match="partition_format"):
            PartitionFormat(wrong)


def test_steps_select_records_and_columns():
    """By place, by chance that is the same again, by condition, by time."""
    text = "n,at\n" + "".join(f"{n},2020-01-{n + 1:02}\n" for n in range(20))
    types = [["n", "int"], ["at", {"datetime": ["iso"]}]]

    def numbers(*steps: Any):
        return _read([text], {"format": "delimited"}, types=types, steps=list(steps)).get("n")

    assert numbers({"skip": 2}, {"take": 3}) == [2, 3, 4]
    assert numbers({"take": 0}) is None
    split = {"percentage": 0.5, "seed": 7}
    parts = [numbers({"split": {**split, "part": part}}) for part in (0, 1)]
    assert sorted(parts[0] + parts[1]) == list(range(20))
    assert 0 < len(parts[0]) < 20
    assert numbers({"sample": {"probability": 0.5, "seed": 7}}) == parts[0]
    high = {"compare": ["n", ">", 17]}
    assert numbers({"filter": {"or": [high, {"compare": ["n", "==", 0]}]}}) == [0, 18, 19]
    assert numbers({"filter": {"and": [{"not": {"missing": "n"}}, high]}}) == [18, 19]
    told = {"column": "at", "after": "2020-01-19T00:00:00", "before": None, "inclusive": False}
    assert numbers({"time": told}) == [19]
    assert numbers({"time": {**told, "inclusive": True}}) == [18, 19]
    zoned = {**told, "after": "2020-01-19T00:30:00+02:00"}
    assert numbers({"time": zoned}) == [18, 19]
    later = {"compare": ["at", ">=", "2020-01-19T02:00:00+02:00"]}
    assert numbers({"filter": later}) == [18, 19]
    assert numbers({"keep": ["at"]}) is None


def test_a_sample_ends_after_200_records():
    """What the 201st looks like changes no type."""
    reading = _reading(["n\n" + "1\n" * 200 + "x\n"], {"format": "delimited"})
    types, undecided = types_of(reading.sampled())
    assert (types, undecided) == ([("n", "bool")], [])


FILES = ["a.csv", "a.csv.gz", "data/1.csv", "data/deep/2.csv", "data/deep/3.txt", "database/x"]


def test_paths_mean_files():
    """A file, a folder without its namesakes, patterns within and across segments."""
    rows = [
        ("a.csv", ["a.csv"]),
        ("data", ["1.csv", "deep/2.csv", "deep/3.txt"]),
        ("./data/", ["1.csv", "deep/2.csv", "deep/3.txt"]),
        ("data/*", ["1.csv"]),
        ("data/**", ["1.csv", "deep/2.csv", "deep/3.txt"]),
        ("**/*.csv", ["a.csv", "data/1.csv", "data/deep/2.csv"]),
        ("data/de?p/[23].*", ["deep/2.csv", "deep/3.txt"]),
        ("data/deep/[!2]*", ["3.txt"]),
        ("", FILES),
    ]
    for path, expected in rows:
        found = files_of(_files({"datastore": "s", "path": path}), _listed)
        assert [file.name for file in found] == expected, path
    several = _files({"datastore": "s", "path": "a.csv"}, {"url": "https://h:1/d/x?y"})
    assert [file.name for file in files_of(several, _listed)] == [
        "s/a.csv",
        "https%3A/%2Fh%3A1/d/x",
    ]


def test_patterns_take_no_time_and_a_wrong_one_is_refused():
    """A pattern of many stars, which nobody writes by mistake, cannot keep a service busy."""
    began = time.process_time()
    assert not pattern("*a" * 40 + "*c")("a" * 200 + "b")
    assert not pattern("**/a/" * 30 + "c")("a/" * 100 + "b")
    assert time.process_time() - began < 1
    rows = [
        ("**", "a/b"),
        ("a/**/b", "a/b"),
        ("a/**/b", "a/x/y/b"),
        ("*a*b*", "xxaxabx"),
        ("[]a-]x", "]x"),
        ("[!]]", "a"),
        ("[!]", "[!]"),
        ("[a", "[a"),
        ("a?b", "a\nb"),
        ("[a-c-]", "-"),
    ]
    for path, file in rows:
        assert pattern(path)(file), path
    for path, file in [("a/**", "a"), ("a?b", "a/b"), ("a[!x]b", "a/b"), ("[!]]", "]")]:
        assert not pattern(path)(file), path
    with pytest.raises(ValueError, match="range z-a"):
        checked(_files({"datastore": "s", "path": "data/[z-a]*"}))


def test_addresses_that_differ_in_their_queries_are_several_files():
    """The second would else be brought onto the first; the same address is the same file."""
    urls = ["h/d?a=1", "h/d?a=2/3", "h/d?a=1", "h/d#x", "h/d#y"]
    found = files_of(_files(*({"url": f"https://{url}"} for url in urls)), _listed)
    ends = ["", "%3Fa%3D2%2F3", "", "~2", "~3"]
    assert [file.name for file in found] == [f"https%3A/%2Fh/d{end}" for end in ends]


@pytest.mark.parametrize("path", ["a/../b", "./b", "a/%2e%2e", "..%2Fb", ".."])
def test_addresses_with_dots_are_refused(path):
    """What names a file below a folder must not lead out of it."""
    with pytest.raises(ValueError, match="a segment"):
        checked(_files({"url": f"https://h/{path}"}))


def test_ids_and_digests_follow_from_what_they_are_of():
    """Equal definitions are one dataset; a digest says whether it is of bytes or of times."""
    one = _files({"datastore": "s", "path": "data"})
    assert id_of("w", one) == id_of("w", dict(reversed(list(one.items())))) != id_of("v", one)
    files = files_of(one, _listed)
    assert tree_digest(files, ["a", "b", "c"]).startswith("sha256:")
    assert tree_digest(files, ["a", "b", ""]).startswith("times:")


def _files(*sources: Any):
    return {"kind": "file", "sources": list(sources)}


def _listed(datastore, prefix):
    del datastore
    return (Listed(path, 1, "") for path in FILES if path.startswith(prefix))


def _columns(**columns: Any):
    return columns


def _day(text):
    return datetime.fromisoformat(text)


def _reading(texts, reader, **more: Any):
    files = [SourceFile(str(n), "store", str(n), "", 0, "") for n in range(len(texts))]
    contents = [text if isinstance(text, bytes) else text.encode() for text in texts]
    definition = {"kind": "tabular", "reader": reader, **more}
    return Reading(definition, files, lambda file: io.BytesIO(contents[int(file.path)]))


def _read(texts, reader, **more: Any):
    return joined(_reading(texts, reader, **more).chunks())
