"""Records of a text file: delimiters, quotes, escapes, line ends; and what is no record."""

import csv
import io
import random

import pytest

from lifecycle.ground.errors import UserError
from lifecycle.table import encoding
from lifecycle.table.read import ReadOptions, read_parts
from tests.table.tables_as_text import aside, lines, names, read, rows

HEAD = ["id", "text", "y"]


@pytest.mark.parametrize("seed", range(30))
def test_what_a_csv_writer_writes_is_read_back_with_its_lines_whatever_the_size_of_a_block(tmp_path, monkeypatch, seed):
    chance = random.Random(seed)
    monkeypatch.setattr(encoding.utf8_blocks, "__defaults__", (chance.choice([64, 200, 1000, 1 << 24]),))
    delimiter, end = chance.choice(",;\t|"), chance.choice(["\n", "\r\n"])
    cells = ["", "7", "red", "ä ö", f"a{delimiter} b", 'say "hi" there', f"one{end}two more", '"q"']
    table = [[f"r{i}", *(chance.choice(cells) for _ in range(4))] for i in range(40)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=chance.choice([0, 1]))
    writer.writerows([["a", "b", "c", "d", "e"], *table])
    raw = read(tmp_path, out.getvalue().encode(chance.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])))
    reader = csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter)
    begins = [0] + [reader.line_num for _ in reader]
    assert rows(raw) == table
    assert [int(s.split(":")[1]) for s in raw.frame["__source__"]] == [line + 1 for line in begins[1:-1]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x01"])
def test_cells_may_be_divided_by(tmp_path, delimiter):
    raw = read(tmp_path, lines(delimiter=delimiter))
    assert names(raw) == ["town", "count", "price", "good"] and len(raw.frame) == 40


def test_runs_of_blanks_divide_where_every_line_agrees(tmp_path):
    raw = read(tmp_path, ["site  depth   ok", *(f' "{i} m"   {i}.5 {i % 2}  ' for i in range(40))])
    assert names(raw) == ["site", "depth", "ok"] and rows(raw)[3] == ["3 m", "3.5", "1"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in(tmp_path, end):
    raw = read(tmp_path, "".join(line + end for line in lines()))
    assert len(raw.frame) == 40 and raw.frame["__source__"].iloc[-1] == "t.csv:41"


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_backslash_before_a_quote_is_an_escape_where_the_rows_need_it(tmp_path, delimiter):
    table = [delimiter.join([str(i), f'"a 6\\" pipe{delimiter} no {i}"', str(i % 2)]) for i in range(40)]
    raw = read(tmp_path, [delimiter.join(HEAD), *table])
    assert rows(raw)[7] == ["7", f'a 6" pipe{delimiter} no 7', "1"] and not raw.broken
    assert any("backslash" in note for note in raw.notes)


def test_a_backslash_before_a_delimiter_is_an_escape_where_the_rows_need_it(tmp_path):
    raw = read(tmp_path, [",".join(HEAD), *(f"{i},one\\, two,{i % 2}" for i in range(40))])
    assert rows(raw)[0] == ["0", "one, two", "0"]


def test_of_other_backslashes_each_is_meant(tmp_path):
    table = [f'{i},"C:\\new\\dir\\",{i % 2}' for i in range(40)]
    assert rows(read(tmp_path, [",".join(HEAD), *table]))[0][1] == "C:\\new\\dir\\"
    mixed = [f'{i},"a \\"b\\"",{i % 2}' for i in range(40)] + ["40,\\N,0", '41,"C:\\new",1']
    assert [row[1] for row in rows(read(tmp_path, [",".join(HEAD), *mixed]))[-2:]] == ["\\N", "C:\\new"]


def test_single_quotes_and_quotes_behind_a_blank_enclose_cells_too(tmp_path):
    assert rows(read(tmp_path, [",".join(HEAD), *(f"{i},'a, b',{i % 2}" for i in range(40))]))[0][1] == "a, b"
    assert rows(read(tmp_path, ["id, text, y", *(f'{i}, "a, b", {i % 2}' for i in range(40))]))[0][1] == "a, b"


def test_texts_of_a_hundred_lines_each_leave_a_table(tmp_path):
    """The first lines hold but a few records, and end within one."""
    story = "\n\n".join(f"Line {k}, of words; and more, of them" for k in range(55))
    raw = read(tmp_path, ["id,title,story,y", *(f'{i},"Line {i}","{story}",{i % 2}' for i in range(30))])
    assert len(raw.frame) == 30 and rows(raw)[29][2] == story and not raw.broken


def test_a_file_of_long_texts_over_many_lines_is_a_table(tmp_path):
    story = "\n".join(f"line {k}, of some words here" for k in range(9))
    raw = read(tmp_path, ["id,title,story,y", *(f'{i},Line {i},"{story}",{i % 2}' for i in range(30))])
    assert len(raw.frame) == 30 and rows(raw)[29][2] == story and not raw.broken


def test_what_is_no_row_says_why(tmp_path):
    table = lines()
    table[30:30] = [
        table[0],
        "<<<<<<< HEAD",
        "=======",
        ">>>>>>> theirs",
        "# by hand",
        "only,two",
        "----,----,----,----",
    ]
    assert aside(read(tmp_path, table)) == [
        (31, "repeats the column names"),
        (32, "a mark of a merge conflict that Git left; resolve it"),
        (33, "a mark of a merge conflict that Git left; resolve it"),
        (34, "a mark of a merge conflict that Git left; resolve it"),
        (35, "a comment line"),
        (36, "has 2 cells where the header has 4"),
        (37, "a ruled line"),
    ]


def test_more_than_a_small_share_of_rows_of_a_wrong_form_is_an_error_that_says_how_to_allow_it(tmp_path):
    table = [line + ",more" if at % 8 == 1 else line for at, line in enumerate(lines())]
    with pytest.raises(UserError, match=r"5 of 40 rows .* at line 2 \(has 5 cells .*define.max_broken"):
        read(tmp_path, table)
    assert len(read(tmp_path, table, options=ReadOptions(max_broken=0.2)).frame) == 35


def test_a_delimiter_at_each_end_and_blank_columns_are_no_columns(tmp_path):
    assert names(read(tmp_path, [line + ",,," for line in lines()])) == ["town", "count", "price", "good"]
    table = [f"{line};;,,,{',' * (at % 4)}" for at, line in enumerate(lines(delimiter=";"))]
    assert names(read(tmp_path, table)) == ["town", "count", "price", "good"]


def test_parts_are_bounded_and_make_the_whole_table(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding.utf8_blocks, "__defaults__", (2_000,))
    raw = read(tmp_path, lines(1_000))
    parts = list(read_parts(tmp_path))
    assert max(len(part.table) for part in parts) < 400 and len(parts) > 5
    assert sum(len(part.table) for part in parts) == len(raw.frame) == 1_000
    assert [s for part in parts for s in part.table["__source__"].to_pylist()] == raw.frame["__source__"].tolist()


@pytest.mark.parametrize("quoted", [True, False])
def test_a_cell_that_is_kept_from_a_spreadsheet_is_the_text_in_it(tmp_path, quoted):
    cell = '"=""{}"""' if quoted else '="{}"'
    table = [f"{cell.format('zip')},n,y", *(f"{cell.format(f'0{i:04d}')},{cell.format(i)},{i % 2}" for i in range(40))]
    raw = read(tmp_path, table)
    assert names(raw) == ["zip", "n", "y"] and rows(raw)[3] == ["00003", "3", "1"]
    assert any("a spreadsheet" in note for note in raw.notes)


def test_an_attribute_within_a_text_is_no_such_cell(tmp_path):
    raw = read(tmp_path, ["a,b", *(f'"<a href=""x{i}"">",{i}' for i in range(30)), '"=""7"" or ""8""",9'])
    assert rows(raw)[0][0] == '<a href="x0">' and rows(raw)[30][0] == '="7" or "8"'
