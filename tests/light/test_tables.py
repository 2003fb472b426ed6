"""Records of tabular datasets: what files become, on every Python that jobs have."""

import io
import time
from datetime import datetime
from typing import Any

import pytest

from runyard.protocol.dataset_definitions import (
    SourceFile,
    checked,
    files_of,
    id_of,
    of_version,
    tree_digest,
    whole_folder,
)
from runyard.protocol.dataset_paths import Listed, pattern
from runyard.protocol.datasets import DatasetFile
from runyard.tables import delimited
from runyard.tables.delimited import FileError
from runyard.tables.inference import converted, inferred
from runyard.tables.partitions import PartitionFormat, segment, spelt
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
    exact = converted(["2019-01-02 00:00:00.000249"], {"datetime": ["iso"]})[0]
    assert exact[0].microsecond == 249
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


def test_a_place_that_is_no_text_is_told_by_its_byte_and_by_how_the_file_begins():
    """The offset is the file's, not that of what was read last; a mark tells the encoding."""
    far = b"a\n" + b"1\n" * 50_000 + b"\xe9\n"
    with pytest.raises(FileError, match=r"after line \d+ are not utf8 \(at byte 100002, invalid"):
        _read([far], {"format": "delimited"})
    with pytest.raises(FileError, match="encoding='utf16'"):
        _read(["a,b\n1,2\n".encode("utf-16")], {"format": "delimited"})
    with pytest.raises(FileError, match=r"bytes of zero, .*encoding='utf16'"):
        _read(["a,b\n1,2\n".encode("utf-16-le")], {"format": "delimited"})
    wide = {"format": "delimited", "encoding": "utf16"}
    assert _read(["a,b\n1,ü\n".encode("utf-16")], wide) == {"a": ["1"], "b": ["ü"]}
    kept = _read([b"a,b\n1,x\0y\n"], {"format": "delimited"})
    assert kept == {"a": ["1"], "b": ["x\0y"]}


def test_records_end_at_every_line_break_and_quotes_stay_where_they_are():
    """Files of three systems in one, quotes within fields, behind them and never closed."""
    rows = [
        (b"a\n1\r\n2\r3\n\r\n4", {}, {"a": ["1", "2", "3", "4"]}),
        (b'a,b\nx"y,"z"w\n', {}, {"a": ['x"y'], "b": ["zw"]}),
        (b'a,b\n"x,1\n2,3\n', {}, {"a": ['"x', "2"], "b": ["1", "3"]}),
        (b'a,b\n"x\r\ny",1\r\n2,3', {"multi_line": True}, {"a": ["x\r\ny", "2"], "b": ["1", "3"]}),
        (b"a||b\n1||2\n", {"separator": "||"}, {"a": ["1"], "b": ["2"]}),
    ]
    for text, options, expected in rows:
        assert _read([text], {"format": "delimited", **options}) == expected, text


@pytest.mark.parametrize("multi_line", [False, True])
def test_a_record_without_an_end_is_refused_in_time_and_memory(monkeypatch, multi_line):
    """Gigabytes without a line break, or behind a stray quote, are no record."""
    monkeypatch.setattr(delimited, "LONGEST", 1 << 16)
    reader = {"format": "delimited", "multi_line": multi_line}
    text = b'a\n"' + (b"1,2\n" * 50_000 if multi_line else b"x" * 200_000)
    with pytest.raises(FileError, match=r"record 2 is longer than 0 MiB: it is no such text"):
        _read([text], reader)
    lines = [b"x" * 40_000 + b"\n", b"y" * 65_000 + b"\n"]
    assert len(_read([b"a\n" + b"".join(lines)], reader)["a"]) == 2


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
    # A star that may stand for folders, too, leaves the keys where they are next to the file.
    star = PartitionFormat("{user}/{season}/*.txt").values("raw/in/anna/winter/0.txt")
    assert star == {"user": "anna", "season": "winter"}
    for wrong in ("a/b", "{a:MM}", "{a}/{a}", "{a:yyyy}/{b:yyyy}", "{}", "{a{b}}", "{Path}"):
        with pytest.raises(ValueError, match="partition_format"):
            PartitionFormat(wrong)


def test_any_value_is_the_name_of_a_folder_and_comes_back():
    """No value leads out of the folder, or is another one's."""
    values = ["north", "a/b", "..", "1.5", "100%", "a b", "ü", None]
    folders = [segment(each) for each in values]
    assert [each for each in folders if set("./\\") & {*each}] == []
    assert [spelt(each) for each in folders] == values
    form = PartitionFormat("{shop}/part-0.jsonl")
    assert [form.values(f"x/{each}/part-0.jsonl")["shop"] for each in folders] == folders
    assert spelt(_day("2019-02-01")) == "2019-02-01 00:00:00"


def test_files_that_a_step_drops_whole_are_not_opened():
    """Times and keys that a path tells are asked before its file is fetched, but for the first."""
    names = [f"{shop}/2020/{month:02}/x.csv" for shop in ("a", "b") for month in (1, 2, 3)]
    types = [["at", {"datetime": ["iso"]}]]
    times = {"timestamp": "at", "partition_timestamp": "month"}

    def opened(*found: Any, properties=times, text="at\n2020-{}-31\n", header="all_same"):
        seen = []

        def opens(file):
            seen.append(file.path)
            return io.BytesIO(text.format(file.path[7:9].replace("02", "03")).encode())

        definition = {
            "reader": {"format": "delimited", "header": header},
            "partition": "{shop}/{month:yyyy/MM}/x.csv",
            "types": types,
            "steps": list(found),
            "properties": properties,
        }
        files = [SourceFile(name, "store", name, "", 0, "") for name in names]
        return joined(Reading(definition, files, opens).chunks()), seen

    late = {"column": "at", "after": "2020-01-31T00:00:00", "before": None, "inclusive": True}
    read, seen = opened({"time": late})
    assert (len(read["at"]), seen) == (6, names)
    early = {**late, "after": None, "before": "2020-02-01T00:00:00"}
    read, seen = opened({"time": early})
    assert (read["shop"], seen) == (["a", "b"], [names[0], names[1], names[3], names[4]])
    second = {**late, "after": "2020-02-01T00:00:00"}
    assert opened({"time": second})[1] == [names[0], *names[1:3], *names[4:]]
    shop = {"filter": {"compare": ["shop", "==", "b"]}}
    assert opened(shop)[1] == [names[0], *names[3:]]
    either = {"filter": {"or": [shop["filter"], {"compare": ["at", ">", "2020-03-01T00:00:00"]}]}}
    assert opened(either)[1] == names
    both = {"filter": {"and": [shop["filter"], {"not": {"missing": "at"}}]}}
    assert (opened(both)[0]["shop"], opened(both)[1]) == (["b"] * 3, [names[0], *names[3:]])
    by_date = {**late, "column": "month", "after": "2020-03-01T00:00:00"}
    assert opened({"time": by_date})[1] == [names[0], names[2], names[5]]
    # What counts records needs them all, and so does what asks for a column that is gone.
    assert opened({"skip": 1}, shop)[1] == names
    gone = {"filter": {"missing": "shop"}}
    assert (len(opened({"drop": ["shop"]}, gone)[0]["at"]), opened(gone)[1]) == (6, names[:1])
    assert opened(shop, text="shop,at\nb,2020-{}-31\n")[1] == names
    assert opened(shop, header="combine")[1] == names


def test_steps_that_leave_no_column_are_refused():
    """An empty table would be no answer: the message has what is there."""
    text = ["a,b\n1,2\n"]
    with pytest.raises(FileError, match=r"keep_columns\(\['c'\]\) leaves none of a, b"):
        _read(text, {"format": "delimited"}, steps=[{"keep": ["c"]}])
    with pytest.raises(FileError, match=r"drop_columns\(\['a', 'b'\]\)"):
        _read(text, {"format": "delimited"}, steps=[{"drop": ["a", "b"]}])


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
        found = files_of(_files({"datastore": "s", "path": path}), _listed, _none)
        assert [file.name for file in found] == expected, path
    several = _files({"datastore": "s", "path": "a.csv"}, {"url": "https://h:1/d/x?y"})
    assert [file.name for file in files_of(several, _listed, _none)] == [
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
    found = files_of(_files(*({"url": f"https://{url}"} for url in urls)), _listed, _none)
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
    files = files_of(one, _listed, _none)
    assert tree_digest(files, ["a", "b", "c"]).startswith("sha256:")
    assert tree_digest(files, ["a", "b", ""]).startswith("times:")


def test_a_pinned_version_means_the_files_that_it_keeps():
    """By the same names and patterns, but of its list, and with the contents to read."""
    listing = [
        DatasetFile("1.csv", 5, "s", "data/1.csv", digest="one"),
        DatasetFile("deep/2.csv", 7, "s", "data/deep/2.csv", digest="two"),
        DatasetFile("w", 9, url="https://h/w", digest="web"),
    ]
    for path, expected in [("data", ["one", "two"]), ("data/**/2*", ["two"]), ("other", [])]:
        definition = of_version(_files({"datastore": "s", "path": path}), "d:1")
        found = files_of(definition, _nowhere, {"d:1": listing}.__getitem__)
        assert [file.digest for file in found] == expected, path
        assert whole_folder(definition) == ""
    web = of_version(_files({"url": "https://h/w"}), "d:1")
    (one,) = files_of(web, _nowhere, lambda _: listing)
    assert (one.name, one.size, one.digest) == ("w", 9, "web")


def test_a_pinned_version_of_some_files_means_those_alone():
    """Its list has what the steps left: taken once more they would leave others."""
    for step in ({"skip": 1}, {"sample": {"probability": 0.0, "seed": 1}}):
        some = {**_files({"datastore": "s", "path": "data"}), "steps": [step]}
        listing = [DatasetFile("2.csv", 7, "s", "data/2.csv", digest="two")]
        definition = of_version(some, "d:1")
        found = files_of(definition, _nowhere, lambda _, kept=listing: kept)
        assert [file.digest for file in found] == ["two"], step
        further = {**definition, "steps": [*definition["steps"], {"skip": 1}]}
        assert files_of(further, _nowhere, lambda _, kept=listing: kept) == []


def _files(*sources: Any):
    return {"kind": "file", "sources": list(sources)}


def _listed(datastore, prefix):
    del datastore
    return (Listed(path, 1, "") for path in FILES if path.startswith(prefix))


def _none(version):
    raise AssertionError(version)


def _nowhere(datastore, prefix):
    raise AssertionError((datastore, prefix))


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
