"""Every file in tests/tables, and every wrong params.yaml below, through define, clean and split.

Either each source row is accounted for, against the number of records that is known to be in the file, or the stage
ends with one line that names file, fact and cure, exit status 1 and earlier outputs as they were.
"""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.here import run_here
from tests.scratch import ROOT, run_stages, scratch

TABLES = Path(__file__).parent / "tables"
EARLIER = ["data/contract.yaml", "reports/data_profile.json", "data/clean.parquet", "data/quarantine.csv"]
EARLIER += ["reports/cleaning.json", "data/train.parquet", "data/test.parquet"]

# file: (records in it, of these set aside)
ANSWERED = {
    "short_row.csv": (41, 1),
    "long_row.csv": (41, 1),
    "trailing_delimiter.csv": (40, 0),
    "trailing_delimiter_rows_only.csv": (40, 0),
    "duplicate_names.csv": (40, 0),
    "duplicate_target.csv": (40, 0),
    "nul_bytes.csv": (43, 2),  # a target with a NUL in it, and a tail of NULs
    "quote_unclosed_first.csv": (41, 1),
    "quote_unclosed_middle.csv": (41, 1),
    "quote_unclosed_last.csv": (41, 0),  # its own line still has all its cells
    "quote_swallows_rows.csv": (42, 1),  # ten rows between the opening and the closing quote
    "quote_inside_cell.csv": (42, 0),
    "quoted_newlines.csv": (42, 0),
    "cp1252.csv": (40, 0),
    "mixed_encodings.csv": (40, 0),
    "utf16_bom.csv": (40, 0),
    "utf16_le.csv": (40, 0),
    "utf16_be.csv": (40, 0),
    "utf16_cut.csv": (40, 1),  # the last character is half there
    "utf8_bom.csv": (40, 0),
    "utf32.csv": (40, 0),
    "infinite.csv": (43, 0),
    "infinite_target.csv": (43, 3),  # one infinite, one empty, one a word
    "semicolons_decimal_commas.csv": (40, 0),
    "excel_sep_line.csv": (40, 0),
    "blank_lines.csv": (40, 0),
    "empty_cells_line.csv": (41, 1),
    "crlf.csv": (40, 0),
    "cr.csv": (40, 0),
    "no_final_newline.csv": (40, 0),
    "tab.tsv": (40, 0),
    "pipe.csv": (40, 0),
    "question_marks.csv": (40, None),
    "thousands.csv": (40, 0),
    "units.csv": (40, 0),
    "unicode_names.csv": (40, 0),
    "numeric_names.csv": (40, 0),
    "long_name.csv": (40, 0),
    "two_row_class.csv": (42, 0),
    "total_line.csv": (41, 1),
    "all_missing_rows.csv": (42, 2),
    "repeated_header.csv": (41, 1),
    "types.parquet": (40, 0),
    "comment_line.csv": (41, 1),
    "preamble.csv": (42, 2),
    "gzip.csv": (40, 0),
    "reserved_name.csv": (40, 0),
    "duplicate_names.parquet": (40, 0),
}
# file: what the line says, beside the file's name
REFUSED = {
    "empty.csv": "is empty; put a table there",
    "blank.csv": "is empty; put a table there",
    "header_only.csv": "has a header and no rows; put the rows below it",
    "five_rows.csv": "has 5 usable rows; a model needs 20",
    "one_class.csv": "has one class only, 'yes'; .*add rows",
    "target_missing_everywhere.csv": "every cell of the target .* is missing; is it the right column",
    "target_is_names.csv": "120 different texts in 120 rows, .*is it the right column",
    "all_rows_long.csv": "40 of 40 rows do not fit the header's 4 columns .* line 2 .*is each name there",
    "quote_in_header.csv": ":1 is not a line of column names .*mend its quotes",
    "no_header.csv": ":1 looks like a row of data.*add a line of column names",
    "no_header_words.csv": ":1 looks like a row of data.*add a line of column names",
    "colon.csv": "one column under each delimiter tried",
    "one_column.csv": "one column under each delimiter tried",
    "html.csv": "is HTML .*fetch the table again",
    "json.csv": "has 1 usable rows; a model needs 20",
    "git_lfs.csv": "git lfs pull",
    "zip.csv": "cannot be unpacked .*pack it again",
    "noise.csv": "is neither text nor a kind of table .*export it as CSV",
    "cut.parquet": "is not a Parquet file that can be read .*export it again",
    "no_rows.parquet": "has no rows; export it again",
}
TARGETS = {"unicode_names.csv": "gut? ja!", "numeric_names.csv": 2022, "infinite_target.csv": "size"}


def table(folder: Path, name: str, **blocks) -> Path:
    return scratch(folder, (TABLES / name).read_bytes(), TARGETS.get(name, "good"), name=name, **blocks)


def assert_one_line(ran, *facts: str) -> None:
    """Exit status 1, and a single line that starts with "error: " and holds each of the patterns."""
    assert ran.code == 1, ran
    assert re.fullmatch(r"error: [^\n]+\n", ran.err), ran.err
    for fact in facts:
        assert re.search(fact, ran.err), ran.err
    assert ";" in ran.err or ":" in ran.err, f"no cure: {ran.err}"


def test_each_file_in_the_folder_has_its_expectation():
    assert sorted(ANSWERED | REFUSED) == sorted(p.name for p in TABLES.iterdir())


@pytest.mark.parametrize("name", sorted(ANSWERED))
def test_each_row_is_accounted_for(tmp_path, name):
    records, set_aside = ANSWERED[name]
    ran = run_here(table(tmp_path, name), "define", "clean", "split")
    assert ran.code == 0, ran.err
    clean = pd.read_parquet(tmp_path / "data/clean.parquet")
    with (tmp_path / "data/quarantine.csv").open(encoding="utf-8", newline="") as file:
        quarantine = list(csv.DictReader(file))
    counts = json.loads((tmp_path / "reports/cleaning.json").read_text(encoding="utf-8"))
    assert len(clean) + len(quarantine) + counts["duplicates"] == records
    assert counts["rows_in"] == records
    if set_aside is not None:
        assert len(quarantine) == set_aside, quarantine
    assert all(row["reason"] and row["source"].startswith(f"{name}:") for row in quarantine)
    # nothing is counted twice, and each row says where it came from
    sources = [*clean["__source__"], *(row["source"] for row in quarantine)]
    assert len(set(sources)) == len(sources)
    sides = [pd.read_parquet(tmp_path / f"data/{side}.parquet") for side in ("train", "test")]
    assert sorted([*sides[0]["__source__"], *sides[1]["__source__"]]) == sorted(clean["__source__"])


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """What an earlier, good run left."""
    folder = tmp_path_factory.mktemp("earlier")
    assert run_here(table(folder, "crlf.csv"), "define", "clean", "split").code == 0
    return {name: (folder / name).read_bytes() for name in EARLIER}


def put_back(folder: Path, earlier: dict[str, bytes]) -> None:
    for name, content in earlier.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def untouched(folder: Path, earlier: dict[str, bytes], failed: str) -> bool:
    """The outputs of the stage that failed, and of those after it."""
    begin = {"define": 0, "clean": 2, "split": 5}[failed]
    return all((folder / name).read_bytes() == earlier[name] for name in EARLIER[begin:])


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_line_says_what_to_do_and_earlier_outputs_stay(tmp_path, earlier, name):
    put_back(tmp_path, earlier)
    ran = run_here(table(tmp_path, name), "define", "clean", "split")
    assert_one_line(ran, REFUSED[name], r"data/raw")
    assert untouched(tmp_path, earlier, ran.name)
    assert not list(tmp_path.rglob("*.tmp"))


# what is wrong in params.yaml: (stage that says so, what it says, the wrong blocks)
WRONG_PARAMS = {
    "a target that is not there": ("define", 'no column "god"; did you mean "good"', {"problem": {"target": "god"}}),
    "no target": ("define", "problem.target is empty; name the column", {"problem": {"target": None}}),
    "an unquoted yes": ("define", "problem.target is True, .*put the name in quotes", {"problem": {"target": True}}),
    "exclude as a text": (
        "define",
        r"problem.exclude is 'age'; it takes a list of names, such as \[name",
        {"problem": {"exclude": "age"}},
    ),
    "exclude misspelt": ("define", '"aeg"; did you mean "age".*problem.exclude', {"problem": {"exclude": ["aeg"]}}),
    "exclude the target": ("define", "names the target", {"problem": {"exclude": ["good"]}}),
    "exclude everything": ("define", "no column left", {"problem": {"exclude": ["age", "size", "colour"]}}),
    "a task unknown": ("define", "'guess'; it takes one of binary", {"problem": {"task": "guess"}}),
    "regression of words": ("define", "is not a number in most rows", {"problem": {"task": "regression"}}),
    "a class unknown": ("define", "no class 'yess'; did you mean \"yes\"", {"problem": {"positive": "yess"}}),
    "criteria as a text": (
        "define",
        "problem.criteria is '>0.8'; it takes the form",
        {"problem": {"criteria": ">0.8"}},
    ),
    "a column misspelt": ("define", 'no column "aeg".*columns', {"columns": {"aeg": {"type": "string"}}}),
    "a column as a word": ("define", "columns.age is 'string'; it takes the form", {"columns": {"age": "string"}}),
    "a type unknown": ("define", "columns.age.type is 'str'; it takes one of", {"columns": {"age": {"type": "str"}}}),
    "a role unknown": ("define", "columns.age.role is 'key'; it takes one of", {"columns": {"age": {"role": "key"}}}),
    "a key unknown": ("define", "columns.age has 'typ'; it takes", {"columns": {"age": {"typ": "string"}}}),
    "a type that no cell is of": (
        "define",
        'no cell of "colour" can be read as date',
        {"columns": {"colour": {"type": "date"}}},
    ),
    "tokens as a text": (
        "define",
        "missingValues is 'na'; it takes a list",
        {"columns": {"age": {"missingValues": "na"}}},
    ),
    "a text as the time": ("define", "a time is a date or a number", {"columns": {"colour": {"role": "time"}}}),
    "a share of 5": ("define", "define.min_typed is 5; it takes a number", {"define": {"min_typed": 5}}),
    "duplicates: yes": ("define", "clean.duplicates is True; it takes one of auto", {"clean": {"duplicates": True}}),
    "test_size 2": ("define", "split.test_size is 2; it takes a number from", {"split": {"test_size": 2}}),
    "a negative seed": ("define", "split.random_state is -1; it takes a whole number from 0", {"split": {"seed": -1}}),
    "a negative random_state": (
        "define",
        "split.random_state is -1; it takes a whole number from 0",
        {"split": {"random_state": -1}},
    ),
    "an identity misspelt": (
        "define",
        'no column "aeg"; did you mean "age".*split.identity',
        {"split": {"identity": ["aeg"]}},
    ),
    "an identity as a text": (
        "define",
        r"split.identity is 'age'; it takes a list of names, such as \[name",
        {"split": {"identity": "age"}},
    ),
    "a scheme unknown": ("define", "split.scheme is 'alphabet'; it takes one of", {"split": {"scheme": "alphabet"}}),
    "time without a time": ("split", "has no time column; name it under columns", {"split": {"scheme": "time"}}),
}


@pytest.mark.parametrize("what", WRONG_PARAMS)
def test_a_wrong_parameter_is_named(tmp_path, earlier, what):
    stage, says, blocks = WRONG_PARAMS[what]
    put_back(tmp_path, earlier)
    ran = run_here(table(tmp_path, "crlf.csv", **blocks), "define", "clean", "split")
    assert ran.name == stage
    assert_one_line(ran, says, "params.yaml")
    assert untouched(tmp_path, earlier, stage)


@pytest.mark.parametrize(
    ("text", "says"),
    {
        "problem: [unclosed\n": r"params.yaml:\d+ cannot be read as YAML .*mend that line",
        "problem: {target: good}\n": "has no problem.statement, problem.decision, .*; add them: params.schema.json",
        "- a list\n": "holds no blocks of parameters; restore it",
        "": "holds no blocks of parameters; restore it",
        "define: {min_typed: 0.95, max_levels: 0.5}\n": 'no block "problem:"; restore it',
        "\ttab: 1\n": "cannot be read as YAML",
    }.items(),
)
def test_a_broken_params_file_is_named(tmp_path, text, says):
    table(tmp_path, "crlf.csv")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    assert_one_line(run_here(tmp_path, "define"), says)


def test_a_params_file_that_is_not_there_or_not_utf8_is_named(tmp_path):
    table(tmp_path, "crlf.csv")
    (tmp_path / "params.yaml").write_bytes(b"problem: {target: g\xf6d}\n")
    assert_one_line(run_here(tmp_path, "define"), "params.yaml is not UTF-8 .*save it as UTF-8")
    (tmp_path / "params.yaml").unlink()
    assert_one_line(run_here(tmp_path, "define"), "params.yaml is missing")


def test_no_table_at_all_is_said(tmp_path):
    table(tmp_path, "crlf.csv")
    (tmp_path / "data/raw/crlf.csv").rename(tmp_path / "data/raw/crlf.docx")
    assert_one_line(run_here(tmp_path, "define"), r"data/raw has no table \(.csv")


def test_a_file_that_is_not_a_table_is_passed_over_aloud(tmp_path):
    table(tmp_path, "crlf.csv")
    (tmp_path / "data/raw/more.docx").write_bytes(b"PK")
    ran = run_here(tmp_path, "define")
    assert ran.code == 0 and "more.docx is not read" in ran.out


def test_a_dangling_link_is_named(tmp_path):
    table(tmp_path, "crlf.csv")
    (tmp_path / "data/raw/gone.csv").symlink_to(tmp_path / "nowhere.csv")
    assert_one_line(run_here(tmp_path, "define"), "data/raw/gone.csv cannot be read")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path):
    (table(tmp_path, "crlf.csv") / "data/raw/crlf.csv").chmod(0)
    assert_one_line(run_here(tmp_path, "define"), "data/raw/crlf.csv cannot be read .*mend its permissions")


def test_files_of_other_columns_are_one_table_and_what_each_lacks_is_said(tmp_path):
    table(tmp_path, "crlf.csv")
    table(tmp_path, "duplicate_names.csv")
    ran = run_here(tmp_path, "define", "clean")
    assert ran.code == 0
    assert '"age" is in 1 of 2 files; missing in duplicate_names.csv' in ran.out
    assert '"size_2" is in 1 of 2 files; missing in crlf.csv' in ran.out


def test_two_files_in_another_order_of_columns_are_one_table(tmp_path):
    table(tmp_path, "crlf.csv")
    rows = [line.split(",") for line in (TABLES / "no_final_newline.csv").read_text().splitlines()]
    (tmp_path / "data/raw/turned.csv").write_text("\n".join(",".join(row[::-1]) for row in rows))
    assert run_here(tmp_path, "define", "clean").code == 0
    clean = pd.read_parquet(tmp_path / "data/clean.parquet").drop(columns="__source__")
    assert clean[:40].equals(clean[40:].reset_index(drop=True))


def test_files_of_one_name_in_two_folders_keep_their_rows_apart(tmp_path):
    for folder in ("2023", "2024"):
        (tmp_path / "data/raw" / folder).mkdir(parents=True)
        (tmp_path / f"data/raw/{folder}/t.csv").write_bytes((TABLES / "crlf.csv").read_bytes())
    table(tmp_path, "crlf.csv")
    assert run_here(tmp_path, "define", "clean").code == 0
    assert pd.read_parquet(tmp_path / "data/clean.parquet")["__source__"].is_unique


def test_columns_that_changed_since_the_contract_are_named(tmp_path, earlier):
    assert run_here(table(tmp_path, "crlf.csv"), "define", "clean", "split").code == 0
    (tmp_path / "data/raw/crlf.csv").write_bytes((TABLES / "duplicate_target.csv").read_bytes())
    put_back(tmp_path, earlier)
    assert_one_line(
        run_here(tmp_path, "clean"), 'has the new column "good_2" compared with data/contract.yaml; `dvc repro`'
    )
    assert untouched(tmp_path, earlier, "clean")


def test_a_cell_of_two_million_characters_and_one_of_half_a_million(tmp_path):
    lines = (TABLES / "no_final_newline.csv").read_text().splitlines()
    lines[5:5] = [f"33,1.5,{'x' * n},yes" for n in (2_000_000, 500_000)]
    ran = run_here(scratch(tmp_path, "\n".join(lines), "good"), "define", "clean")
    counts = json.loads((tmp_path / "reports/cleaning.json").read_text())
    assert ran.code == 0 and counts["rows_in"] == 42 and counts["reasons"] == {"a cell too long": 1}


def test_three_hundred_columns(tmp_path):
    names = [f"x{i}" for i in range(300)]
    rows = [[str((i * 7919 + j * j) % 997) for i in range(300)] + ["yes" if j % 3 else "no"] for j in range(60)]
    text = "\n".join(",".join(row) for row in [[*names, "good"], *rows])
    assert run_here(scratch(tmp_path, text, "good"), "define", "clean", "split").code == 0
    assert len(yaml.safe_load((tmp_path / "data/contract.yaml").read_text())["fields"]) == 301


def test_the_same_holds_in_a_process_of_its_own(tmp_path):
    """As DVC calls it: status 1, nothing on stdout, one line on stderr; with LIFECYCLE_DEBUG=1 the traceback."""
    table(tmp_path, "header_only.csv")
    done = run_stages(tmp_path, "define", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: data/raw/header_only.csv has a header and no rows; put the rows below it\n"
    os.environ["LIFECYCLE_DEBUG"] = "1"
    try:
        assert "Traceback" in run_stages(tmp_path, "define", check=False).stderr
    finally:
        del os.environ["LIFECYCLE_DEBUG"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["two_row_class.csv", "types.parquet", "unicode_names.csv", "infinite_target.csv", "units.csv", "cp1252.csv"],
)
def test_an_odd_table_becomes_a_validated_model(tmp_path, name):
    table(tmp_path, name, train={"folds": 3, "repeats": 1, "time_budget": 5})
    run_stages(tmp_path, "define", "clean", "split", "train", "evaluate", "validate")
    assert (tmp_path / "reports/validation.json").exists()


@pytest.mark.slow
def test_a_bad_table_under_dvc_leaves_earlier_outputs(tmp_path):
    table(tmp_path, "crlf.csv")
    for name in ("dvc.yaml", "pyproject.toml", "requirements.txt", "stages", "lifecycle", "custom"):
        (tmp_path / name).symlink_to(ROOT / name)
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}

    def dvc(*command: str) -> int:
        return subprocess.run(["dvc", *command, "-q"], cwd=tmp_path, env=env).returncode

    assert dvc("init", "--no-scm") == 0 and dvc("repro", "split") == 0
    before = {name: (tmp_path / name).read_bytes() for name in EARLIER}
    (tmp_path / "data/raw/crlf.csv").write_bytes((TABLES / "header_only.csv").read_bytes())
    assert dvc("repro", "split") != 0
    assert {name: (tmp_path / name).read_bytes() for name in EARLIER} == before
