"""What a cell's text means."""

import pandas as pd

from lifecycle.table import cells


def texts(*values: str) -> pd.Series:
    return pd.Series(values, dtype="str")


def test_spellings_of_one_label_have_one_level():
    assert len({cells.level(v) for v in ("Yes", " yes", "YES.", 'yes"', "'Yes'")}) == 1
    assert cells.level("<=50K.") == cells.level("<=50K")
    assert cells.level("1.0") == cells.level("1") != cells.level("10")
    assert cells.level("e") != cells.level("E")  # codes of one letter
    assert cells.level("Y") == cells.level("y")


def test_missing_is_compared_without_case_and_blanks():
    assert cells.is_token(texts(" ?", "N/A", "na", "nation", "not  known"), {"?", "n/a", "na", "not known"}).tolist() == [
        True, True, True, False, True,
    ]  # fmt: skip


def test_a_word_for_missing_is_told_alike_in_few_cells_and_in_many():
    few = texts(" NA", "not  Known ", "not known", "known", "na na", "", "  ", "12.5", "not\tknown", "nothing known")
    many = pd.concat([few] * (cells.FEW // len(few) + 1), ignore_index=True)
    tokens = {"na", "not known", ""}
    expected = [True, True, True, False, False, True, True, False, True, False]
    assert cells.is_token(few, tokens).tolist() == cells.is_token(many, tokens)[: len(few)].tolist() == expected


def test_a_garbled_cell_is_found_in_few_cells_and_in_many():
    few = texts("a", "b\0", "c\ufffd", "")
    many = pd.concat([few] * cells.FEW, ignore_index=True)
    assert cells.is_garbled(few).tolist() == cells.is_garbled(many)[:4].tolist() == [False, True, True, False]
    assert not cells.is_garbled(many[many == "a"]).any()
