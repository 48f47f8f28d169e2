"""Kinds of files: each is read as what its bytes are, or refused as what it is."""

import bz2
import datetime
import decimal
import gzip
import io
import json
import lzma
import pickle
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import yaml

from lifecycle.ground.errors import UserError
from lifecycle.table.read import ReadOptions, read_raw
from tests.here import run_here
from tests.scratch import scratch
from tests.table.tables_as_text import aside, lines, names, read, rows

TEXT = "".join(line + "\n" for line in lines()).encode()
RECORDS = [{"a": i, "in": {"b": i / 2}, "tags": ["x", "q"][: i % 3], "y": bool(i % 2)} for i in range(30)]


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in files.items():
            packed.writestr(name.replace("__", "/").replace("_", "."), content)
    return out.getvalue()


PACKED = {
    "gzip": gzip.compress(TEXT),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "zstd": pa.Codec("zstd").compress(TEXT, asbytes=True),
    "zip": zipped(inner_csv=TEXT),
    "twice": gzip.compress(bz2.compress(TEXT)),
}


@pytest.mark.parametrize("content", PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv"])
def test_a_packed_table_is_read_whatever_its_name_says(tmp_path, content, name):
    raw = read(tmp_path, content, name)
    assert rows(raw)[0] == ["Ulm", "3", "2.5", "0"] and raw.frame["__source__"].iloc[0] == f"{name}:2"


OTHERS = {
    "two tables": (zipped(a_csv=TEXT, b_csv=TEXT), "zip archive of 2 tables .*unpack it"),
    "cut": (gzip.compress(TEXT)[:-20], "cannot be unpacked .*fetch or pack it again"),
    "a page": (b"<!DOCTYPE html><html></html>", "HTML or XML.*fetch the table again"),
    "a PDF": (b"%PDF-1.7 \0\1\2", "a PDF; export the table as CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
    "a pickle": (pickle.dumps(RECORDS), "a Python pickle, which may run code"),
    "a database": (b"SQLite format 3\0" + bytes(100), "a SQLite database"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer; run `git lfs pull`"),
    "noise": (bytes(range(1, 256)) * 20, "is neither text nor a kind of table"),
    "JSON of no table": (b'{"a": {"b": [1, 2]}, "c": ', "is not JSON that can be read"),
    "an empty list": (b"[{}]", "holds no records"),
}


@pytest.mark.parametrize(("content", "says"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_table_is_refused_as_what_it_is_and_none_of_it_is_shown(tmp_path, content, says):
    with pytest.raises(UserError, match=says) as refused:
        read(tmp_path, content)
    assert str(refused.value).isprintable()


JSONS = {
    "a record a line": "".join(json.dumps(r) + "\n" for r in RECORDS),
    "a list": json.dumps(RECORDS, indent=1),
    "a list in an object": json.dumps({"n": 30, "data": RECORDS}),
    "a list a column": json.dumps({"a": [r["a"] for r in RECORDS], "y": [r["y"] for r in RECORDS]}),
}


@pytest.mark.parametrize("text", JSONS.values(), ids=JSONS)
def test_json_is_read(tmp_path, text):
    raw = read(tmp_path, text, "t.json")
    assert raw.frame["a"].tolist() == [str(i) for i in range(30)] and raw.frame["y"][1] == "true"
    if "in.b" in raw.frame:
        assert raw.frame["in.b"][:3].tolist() == ["0", "0.5", "1"] and raw.frame["tags"][2] == "q, x"


def test_a_line_that_is_no_json_is_set_aside_and_many_are_an_error(tmp_path):
    good = JSONS["a record a line"]
    assert aside(read(tmp_path, good + '{"a": 1, \n', "t.jsonl")) == [(31, "is not a JSON record")]
    with pytest.raises(UserError, match=r"5 of 35 lines are not JSON records, the first at line 31"):
        read(tmp_path, good + "oops\n" * 5, "t.jsonl")


def workbook(*merged: str, **sheets: list[list[object]]) -> bytes:
    """A workbook of Office Open XML with texts, numbers and booleans, as small as one can be; `merged`: ranges of each sheet."""
    ranges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    ranges = f"<mergeCells>{ranges}</mergeCells>" if merged else ""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    types = f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/>'
    types = f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{types}</Types>'
    root = f'<Relationship Id="r0" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
    files = {"[Content_Types].xml": types, "_rels/.rels": f'<Relationships xmlns="{package}">{root}</Relationships>'}
    listed, related = "", ""
    for number, (name, table) in enumerate(sheets.items(), 1):
        listed += f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>'
        related += f'<Relationship Id="r{number}" Type="{office}/worksheet" Target="worksheets/s{number}.xml"/>'
        body = ""
        for at, row in enumerate(table, 1):
            cells = ""
            for column, value in zip("ABCDEFG", row, strict=False):
                if isinstance(value, bool):
                    cells += f'<c r="{column}{at}" t="b"><v>{int(value)}</v></c>'
                elif isinstance(value, str):
                    cells += f'<c r="{column}{at}" t="inlineStr"><is><t>{value}</t></is></c>'
                elif value is not None:
                    cells += f'<c r="{column}{at}"><v>{value}</v></c>'
            body += f'<row r="{at}">{cells}</row>'
        files[f"xl/worksheets/s{number}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData>{ranges}</worksheet>'
        )
    files["xl/workbook.xml"] = f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>'
    files["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="{package}">{related}</Relationships>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return out.getvalue()


SHEET = [["Prices of May"], [], ["town", "n", "kg", "good"], *(["Ulm", i, i + 0.5, bool(i % 2)] for i in range(30))]
SHEET.append(["Total", sum(range(30)), sum(range(30)) + 15.0, None])


@pytest.mark.parametrize("name", ["t.xlsx", "t.csv"])
def test_a_sheet_is_read_as_a_text_file_would_be(tmp_path, name):
    raw = read(tmp_path, workbook(May=SHEET), name)
    assert names(raw) == ["town", "n", "kg", "good"] and rows(raw)[2] == ["Ulm", "2", "2.5", "false"]
    assert raw.frame["__source__"].iloc[0] == f"{name}:4"
    assert aside(raw) == [(1, "a title line above the header"), (34, "a total of the rows above, not a row")]


def test_a_cell_merged_over_several_rows_holds_for_each_of_them_and_that_is_said(tmp_path):
    sheet = [["Prices"], [None, "town", "n"], *([None, {0: "Ulm", 15: "Hof"}.get(i), i] for i in range(30))]
    raw = read(tmp_path, workbook("A1:C1", "B3:B17", "B18:B32", May=sheet), "t.xlsx")
    assert [row[0] for row in rows(raw)] == ["Ulm"] * 15 + ["Hof"] * 15
    assert any(
        '2 merged cells hold for each of their rows, such as "Ulm" in rows 3 to 17' in note for note in raw.notes
    )


def test_a_merged_cell_makes_no_row_of_an_empty_one_and_is_not_said_below_the_table(tmp_path):
    sheet = [
        ["town", "n"],
        ["Ulm", 0],
        [None, 1],
        [],
        [None, 3],
        *(["Hof", i] for i in range(30)),
        [],
        ["Source: own survey"],
    ]
    raw = read(tmp_path, workbook("A2:A5", "A37:A39", May=sheet), "t.xlsx")
    assert [row[0] for row in rows(raw)] == ["Ulm"] * 3 + ["Hof"] * 30
    assert [note for note in raw.notes if "merged" in note] == [
        't.xlsx: 1 merged cells hold for each of their rows, such as "Ulm" in rows 2 to 5'
    ]


def test_names_merged_over_two_lines_and_a_merged_note_are_left_as_they_are(tmp_path):
    heads = [[None, "spring", None, "autumn", None], ["town", "n", "kg", "n", "kg"]]
    sheet = [*heads, *(["Ulm", i, i + 0.5, i + 1, i + 2.5] for i in range(30)), [], ["Source: own survey"]]
    raw = read(tmp_path, workbook("A1:A2", "B1:C1", "D1:E1", "A34:C35", May=sheet), "t.xlsx")
    assert names(raw)[:3] == ["town", "spring n", "spring kg"] and len(raw.frame) == 30
    assert not any("merged" in note for note in raw.notes)


def test_of_several_sheets_the_one_with_the_target_is_read_unless_params_name_another(tmp_path):
    other = [["a", "b"], *([i, i * 2] for i in range(25))]
    (tmp_path / "t.xlsx").write_bytes(workbook(About=[["made by hand"]], Other=other, May=SHEET))
    raw = read_raw(tmp_path, target="good")
    assert names(raw)[0] == "town" and '"May" is read, not About, Other' in raw.notes[0]
    assert names(read_raw(tmp_path, ReadOptions(sheet="Other"))) == ["a", "b"]
    with pytest.raises(UserError, match='no sheet "June"; it has About, Other, May .*define.sheet'):
        read_raw(tmp_path, ReadOptions(sheet="June"))


def rich() -> pa.Table:
    n = 24
    moment = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)
    return pa.table(
        {
            "cents": pa.array([decimal.Decimal(f"{i}.50") for i in range(n)]),
            "kind": pa.array(["a", "b", None] * 8).dictionary_encode(),
            "tags": pa.array([["x", "q"], ["q", "x"], None] * 8),
            "vector": pa.array([[1, 2], [2, 1], None] * 8),
            "info": pa.array([{"k": i, "v": None} for i in range(n)]),
            "moment": pa.array([moment] * n, pa.timestamp("us", "UTC")),
            "span": pa.array([datetime.timedelta(minutes=i) for i in range(n)]),
            "raw": pa.array([b"\0\1"] * n),
            "y": pa.array([True, False] * 12),
        }
    )


def written(table: pa.Table, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, out)
    elif kind == "feather":
        pa.feather.write_feather(table, out)
    else:
        with pa.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "name"), [("parquet", "t.parquet"), ("feather", "t.feather"), ("stream", "t.arrow")])
def test_typed_columns_become_the_texts_of_a_table_and_what_was_done_is_said(tmp_path, kind, name):
    raw = read(tmp_path, written(rich(), kind), name)
    first = dict(zip(names(raw), rows(raw)[1], strict=True))
    assert first["cents"] == "1.50" and first["kind"] == "b" and first["span"] == "60" and first["y"] == "false"
    assert first["info.k"] == "1" and first["info.v"] == "" and first["moment"].startswith("2024-05-01 12:00:00")
    assert rows(raw)[0][names(raw).index("tags")] == first["tags"] == "q, x"
    assert first["vector"] == "[2, 1]"
    assert raw.unusable == {"raw": "its cells are bytes, which are no table cells"} and set(raw.frame["raw"]) == {""}
    assert any('"tags" holds lists' in note for note in raw.notes) and any("seconds" in note for note in raw.notes)


def test_the_index_that_pandas_kept_names_rows_and_is_not_learned_from(tmp_path):
    pd.DataFrame({"x": range(30), "y": [0, 1] * 15}).sample(frac=1, random_state=1).to_parquet(tmp_path / "t.parquet")
    assert "__index_level_0__" in read_raw(tmp_path).unusable


def test_numbers_that_parquet_holds_already_are_not_read_again_with_the_tables_comma(tmp_path):
    """1.234 of a file of types is no 1234, though the table that the contract is of writes 1.234,5."""
    from lifecycle.table.conform import conform
    from lifecycle.table.contract import Contract

    table = "preis;stück;gut\n" + "".join(
        f"{1 + i}.{100 + i},5;{i * 7 % 23} kg;{'ja' if i % 3 else 'nein'}\n" for i in range(40)
    )
    run_here(scratch(tmp_path, table, "gut"), "define")
    contract = Contract.read(yaml.safe_load((tmp_path / "data/contract.yaml").read_text("utf-8")))
    typed = pa.table({"preis": [1.234, 1234.5, None, 2.0], "stück": pa.array([1, 2, 3, None], pa.int64())})
    pq.write_table(typed, tmp_path / "live.parquet")
    read = conform(read_raw(tmp_path / "live.parquet", ReadOptions.of(contract)).frame, contract, ("feature",))
    assert read.frame["preis"].fillna(-1).tolist() == [1.234, 1234.5, -1, 2.0] and not read.corrupt
    assert read.frame["stück"].fillna(-1).tolist() == [1, 2, 3, -1]
