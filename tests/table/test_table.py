"""What read_raw makes of files: encodings, delimiters, quotes, headers, Parquet."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.ground.errors import UserError
from lifecycle.table.dialect import sniff
from lifecycle.table.encoding import decode
from lifecycle.table.header import looks_like_data
from lifecycle.table.read import read_raw


def read(folder, content: str | bytes, name: str = "t.csv"):
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_raw(folder)


def rows(raw) -> list[list[str]]:
    return raw.frame.drop(columns="__source__").values.tolist()


def test_each_row_says_its_file_and_line(tmp_path):
    raw = read(tmp_path, '\na,b\n1,2\n3,"4\n5"\n6\n7,8\n')
    assert raw.frame["__source__"].tolist() == ["t.csv:3", "t.csv:4", "t.csv:7"]
    assert [(b.source, b.reason, b.record) for b in raw.broken] == [
        ("t.csv:6", "has 1 cells where the header has 2", "6")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_a_text_reads_the_same_in_every_encoding(encoding):
    text = "straße,größe\n" + "zürich,5\n" * 20
    assert decode(text.encode(encoding))[0] == text


def test_lines_in_two_encodings_are_read_line_by_line():
    text, encoding, odd = decode("é\n".encode() + "é\n".encode("cp1252"))
    assert (text, encoding, odd) == ("é\né\n", "utf-8", 1)


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["a;b;c", "1,5;2,5;3", "1,5;2,5;3"], ";"),
        (["a\tb", "1,5\t2,5"], "\t"),
        (["a|b", "x, y, z|2"], "|"),
        (["Title of it, all", "a;b;c", "1;2;3", "4;5;6"], ";"),
        (['a,"b;c;d"', '1,"2;3;4"'], ","),
        (["a;b", "1,5;2", "2,5;3", "3,5;4"], ";"),
    ],
)
def test_the_delimiter_is_the_one_under_which_lines_agree(lines, delimiter):
    assert sniff(lines).delimiter == delimiter


def test_an_unclosed_quote_costs_its_own_line_only(tmp_path):
    raw = read(tmp_path, "a,b,c\n1,2,3\n" + '4,"5,6\n' + "7,8,9\n" * 9)
    assert len(raw.frame) == 10 and [b.source for b in raw.broken] == ["t.csv:3"]


def test_a_quote_that_closes_ten_rows_on_does_not_swallow_them(tmp_path):
    raw = read(tmp_path, 'a,b,c\n4,"5,6\n' + "7,8,9\n" * 9 + '1,2",3\n')
    assert len(raw.frame) + len(raw.broken) == 11


def test_prose_of_several_lines_in_quotes_is_one_cell(tmp_path):
    letter = "Dear all,\n\nwe came, saw, and left.\nYours, Ada"
    assert rows(read(tmp_path, f'a,b,c\n1,"{letter}",3\n1,2,3\n'))[0] == ["1", letter, "3"]


def test_numbers_in_the_first_line_are_a_row_unless_they_name_columns():
    rows = [["1", "2.5", "red"], ["2", "3.5", "blue"]]
    assert looks_like_data(["0", "1.5", "red"], rows)
    assert not looks_like_data(["2019", "2020", "colour"], rows)
    assert not looks_like_data(["0", "1", "2"], rows)
    assert not looks_like_data([f"{n}" for n in range(1100, 1120, 2)], [["0.5"] * 10])  # wavelengths


def test_a_cell_of_parquet_is_the_text_it_would_have_in_a_csv(tmp_path):
    pq.write_table(pa.table({"n": [1, None], "x": [1.5, 2.0], "t": [True, None]}), tmp_path / "t.parquet")
    assert rows(read_raw(tmp_path)) == [["1", "1.5", "true"], ["", "2", ""]]


def test_one_file_is_read_as_well_as_a_folder(tmp_path):
    read(tmp_path, "a,b\n1,2\n")
    assert read_raw(tmp_path / "t.csv").frame["__source__"].tolist() == ["t.csv:2"]


@pytest.mark.parametrize("lines", ["\x01\n\x01\n\x00\n", "~\n~\n~\n?\n", ";;\n;;\n;;\nx\n"])
def test_lines_of_nothing_but_a_mark_are_no_columns(tmp_path, lines):
    with pytest.raises(UserError, match="has one column under each delimiter"):
        read(tmp_path, "a,b\n" + lines)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")), max_size=12))
def test_any_bytes_are_accounted_for_or_refused_in_one_line(tmp_path, lines):
    """Lines of any bytes below a header: as many rows and broken lines as there are lines with something in them,
    unless a quote joins lines, which only ever makes fewer."""
    content = b"a,b\n" + b"".join(line + b"\n" for line in lines)
    try:
        raw = read(tmp_path, content)
    except UserError as error:
        assert "\n" not in str(error)
        return
    if b'"' not in content and not content.count(b"\0") > 3:
        text = decode(content)[0]
        names = raw.forms[0].dialect.get("headerRows", [1])  # a line below the first may name the columns
        numbered = enumerate(text.split("\n"), 1)
        filled = [c for line, c in numbered if line > 1 and line not in names and c.strip() and c != "a,b"]
        assert len(raw.frame) + sum(b.record != "a,b" for b in raw.broken) == len(filled)
    assert isinstance(raw.frame, pd.DataFrame)
