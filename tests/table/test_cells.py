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
