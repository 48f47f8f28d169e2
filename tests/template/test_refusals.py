"""What cannot work is refused in one line, with exit status 1, and nothing is written."""

import http.server
import shutil
import threading

import pytest

from tests.template.bake import generate


@pytest.fixture
def refuse(template, tmp_path, env):
    """Generate with these answers; the one line with which that is refused."""
    place = tmp_path / "place"
    place.mkdir()

    def refused(**answers):
        before = sorted(tmp_path.rglob("*"))
        done = generate(template, place, env, check=False, **answers)
        lines = [line for line in done.stderr.splitlines() if line.startswith("cannot generate: ")]
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert len(lines) == 1, done.stderr
        left = [p for p in sorted(tmp_path.rglob("*")) if p not in before and "home" not in p.parts]
        assert left == []
        return lines[0]

    refused.place = place
    return refused


def test_a_file_that_is_not_there(refuse):
    (refuse.place / "churn.csv").write_text("a,b\n1,2\n")
    line = refuse(data="chrn.csv", target="b")
    assert "chrn.csv: no such file or folder" in line and 'did you mean "churn.csv"?' in line


def test_a_folder_without_a_table(refuse):
    (refuse.place / "tables").mkdir()
    (refuse.place / "tables" / "notes.md").write_text("no table")
    assert "tables has no table (.csv, .tsv, ...: CSV, TSV, JSON lines, Excel" in refuse(data="tables", target="b")


def test_a_file_of_another_kind(refuse):
    (refuse.place / "churn.sav").write_bytes(b"$FL2")
    assert "churn.sav: .sav is not read; save it as CSV" in refuse(data="churn.sav", target="b")


def test_an_empty_file(refuse):
    (refuse.place / "churn.csv").write_text(" \n\n")
    assert "churn.csv is empty" in refuse(data="churn.csv", target="b")


def test_a_table_without_column_names(refuse):
    (refuse.place / "iris.csv").write_text("5.1,3.5,1.4,setosa\n4.9,3.0,1.4,setosa\n")
    assert (
        "iris.csv:1 looks like a row of data, not column names (its first cells: 5.1, 3.5, 1.4, setosa); add a line"
        in refuse(data="iris.csv", target="species")
    )


def test_no_target(refuse):
    (refuse.place / "churn.csv").write_text("age,Churn\n1,2\n")
    assert "target is empty" in (line := refuse(data="churn.csv")) and "one of: age, Churn" in line


def test_no_target_of_a_parquet_file_that_cannot_be_read_here(refuse):
    (refuse.place / "churn.parquet").write_bytes(b"PAR1, and then nothing")
    assert "churn.parquet is not a Parquet file" in refuse(data="churn.parquet", target="b")


def test_another_target_for_the_example(refuse):
    assert 'target "Churn" needs a table' in refuse(target="Churn")


@pytest.mark.parametrize(
    ("target", "says"),
    [("churn", 'did you mean "Churn"?'), ("Chrun", 'did you mean "Churn"?'), ("x", "it has: age, Churn")],
)
def test_a_target_that_is_not_in_the_header(refuse, target, says):
    (refuse.place / "churn.csv").write_text("age,Churn\n1,2\n")
    line = refuse(data="churn.csv", target=target)
    assert f'churn.csv has no column "{target}" in its header' in line and says in line


def test_a_target_that_one_of_several_tables_lacks(refuse):
    (refuse.place / "months").mkdir()
    (refuse.place / "months" / "1.csv").write_text("age,Churn\n1,2\n")
    (refuse.place / "months" / "2.csv").write_text("age,churned\n1,2\n")
    assert '2.csv has no column "Churn"; did you mean "churned"?' in refuse(data="months", target="Churn")


@pytest.mark.parametrize("name", ["", "  ", "!?", "🥐"])
def test_a_name_without_a_letter(refuse, name):
    assert "has no letter or digit" in refuse(project_name=name)


@pytest.mark.parametrize("project", ["../above", "a b", ".hidden", "-x", "con", "ends."])
def test_a_folder_name_that_no_system_or_package_takes(refuse, project):
    assert f'project "{project}" cannot name a folder and a package' in refuse(project=project)


@pytest.mark.parametrize("address", ["ftp://example.org/churn.csv", "file:///etc/passwd"])
def test_an_address_that_nothing_fetches_from(refuse, address):
    assert "rows come from http(s)://, s3://, gs:// or az://" in refuse(data=address, target="b")


def test_an_object_store_without_a_target(refuse):
    assert "target is empty: name the column of s3://bucket/churn.csv" in refuse(data="s3://bucket/churn.csv")


def test_an_address_that_does_not_answer(refuse):
    assert "cannot be downloaded" in refuse(data="http://127.0.0.1:9/churn.csv", target="b")


@pytest.fixture
def served(tmp_path):
    """A folder, and the address at which its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_address_that_has_no_such_file(refuse, served):
    assert "cannot be downloaded (HTTP Error 404" in refuse(data=f"{served[1]}/churn.csv", target="b")


def test_a_target_that_is_not_in_the_header_behind_an_address(refuse, served):
    (served[0] / "churn.csv").write_text("age,Churn\n1,2\n")
    assert 'no column "chrn"' in refuse(data=f"{served[1]}/churn.csv", target="chrn")


def test_every_reason_has_its_line(template, tmp_path, env):
    done = generate(template, tmp_path / "place", env, check=False, project_name="!", data="none.csv")
    assert done.stderr.count("cannot generate: ") == 2


# ---- what must not be refused -----------------------------------------------------------------------------

# (column names, a row, encoding): 30 of the rows, so that they are enough to learn from
READABLE = {
    "semicolons": ("Größe;ja, nein;x\n", "1,5;a;b\n", "utf-8"),
    "tabs": ("a\tja, nein\tx\n", "1\t2\t3\n", "utf-8"),
    "pipes": ("a|ja, nein|x\n", "1|2|3\n", "utf-8"),
    "carets": ("a^ja, nein^x\n", "1^2^3\n", "utf-8"),
    "blanks": ('a "ja, nein"    x\n', "1  2      3\n", "utf-8"),
    "cp1252": ("Größe;ja, nein\n", "1;ä\n", "cp1252"),
    "utf-8 with a mark": ('"ja, nein",b\n', "1,2\n", "utf-8-sig"),
    "utf-16": ("a;ja, nein\n", "1;2\n", "utf-16"),
    "utf-16 without a mark": ("a;ja, nein\n", "1;2\n", "utf-16-le"),
    "a first line for Excel": ("sep=;\na;ja, nein\n", "1;2\n", "utf-8"),
    "blank lines first": ("\n\n'x;ja, nein\n", "1;2\n", "utf-8"),
    "titles first": ("Report of May\n\na;ja, nein\n", "1;2\n", "utf-8"),
    "a comment first": ("# made by a logger\na;ja, nein\n", "1;2\n", "utf-8"),
    "old Mac line ends": ("a;ja, nein\r", "1;2\r", "utf-8"),
    "a name over two lines": ('a,"ja,\n  nein"\n', "1,2\n", "utf-8"),
    "lines in cells": ('a,"ja, nein",c\n', '1,2,"one\ntwo, three\n"\n', "utf-8"),
    "very many columns": (
        ";".join(f"a long column name {i}" for i in range(5_000)) + ";ja, nein\n",
        ";" * 5_000 + "\n",
        "utf-8",
    ),
}


@pytest.fixture
def only_pre_gen(template, tmp_path):
    """The template with its first hook and no files to generate."""
    alone = tmp_path / "alone"
    (alone / "{{cookiecutter.project}}").mkdir(parents=True)
    (alone / "hooks").mkdir()
    for name in ("cookiecutter.json", "local_extensions.py", "question_extensions.py"):
        shutil.copy(template / name, alone / name)
    for name in ("pre_gen_project.py", "answers.py"):
        shutil.copy(template / "hooks" / name, alone / "hooks" / name)
    for name in ("lifecycle", "actions"):
        shutil.copytree(template / name, alone / name)
    return alone


@pytest.mark.parametrize("content", READABLE.values(), ids=READABLE)
def test_a_header_is_read_in_any_encoding_and_with_any_delimiter(only_pre_gen, tmp_path, env, content):
    header, row, encoding = content
    (tmp_path / "table.csv").write_bytes((header + row * 30).encode(encoding))
    refused = generate(only_pre_gen, tmp_path, env, check=False, data="table.csv", target="Ja, nein")
    assert 'no column "Ja, nein" in its header; did you mean "ja, nein"?' in refused.stderr
    generate(only_pre_gen, tmp_path, env, data="table.csv", target="ja, nein")
