"""encode: typed columns become numbers, fitted on the rows they are given and on no others."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lifecycle.model import encode
from lifecycle.model.encode import SomeRows, TableEncoder, Text, added_kinds, as_arrays, field_kinds
from lifecycle.model.fast_encode import FewRows
from lifecycle.table.contract import Field

STYLES = ["tree", "linear", "piecewise"]
KINDS = {"x": "number", "c": "category", "many": "category", "when": "date", "note": "text"}


def table(n=240, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "x": np.exp(rng.normal(0, 2, n)), "c": pd.Series(rng.choice(["a", "b"], n), dtype="str"),
        "many": pd.Series([f"level {i}" for i in rng.integers(0, 30, n)], dtype="str"),
        "when": (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), "D")).as_unit("us"),
        "note": pd.Series(rng.choice(["soft crumb", "burnt crust", "rose well"], n), dtype="str"),
    })  # fmt: skip
    frame.loc[::11, "x"] = np.nan
    frame.loc[::13, ["c", "note"]] = np.nan
    frame.loc[::17, "when"] = pd.NaT
    return frame, rng.integers(0, 2, n)


@pytest.mark.parametrize("style", STYLES)
def test_a_row_is_encoded_alike_alone_and_from_arrays(style):
    frame, y = table()
    encoder = TableEncoder(KINDS, style).fit(frame, y)
    whole = encoder.transform(frame)
    assert whole.shape == (len(frame), len(encoder.feature_names_))
    assert np.array_equal(whole, encoder.transform(as_arrays(frame)), equal_nan=True)
    alone = np.concatenate([encoder.transform(frame.iloc[[i]]) for i in range(30)])
    assert np.allclose(alone, whole[:30], equal_nan=True, atol=1e-12)


@pytest.mark.parametrize("rows", [1, 40])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_few_rows_get_the_same_numbers_from_all_encoders_together(rows, classes):
    frame, _ = table()
    frame["flag"] = np.where(frame["x"] > 1, 1.0, np.nan)  # a number in few quantiles, often missing
    frame["full"], frame["loss"] = np.arange(len(frame)) % 7.0, np.log(np.arange(1, len(frame) + 1))
    frame["nothing"] = np.nan
    kinds = KINDS | {"flag": "number", "full": "number", "loss": "number", "nothing": "number"}
    y = np.arange(len(frame)) % classes
    encoders = [TableEncoder(kinds, style).fit(frame, y) for style in STYLES]
    odd = frame.head(rows).copy()
    odd.loc[0] = [np.nan, "never seen", np.nan, pd.NaT, np.nan, np.nan, -1e300, 1e300, 5.0]
    columns = as_arrays(odd)
    found = FewRows(encoders, columns)(columns)
    for encoder in encoders:
        assert np.array_equal(found[id(encoder)], encoder.transform(odd), equal_nan=True)


def test_a_few_rows_go_through_an_encoder_of_ones_own_as_ever():
    class Own:
        def transform(self, columns):
            return columns["x"][:, None] * 2

    own, columns = Own(), {"x": np.array([1.0, 2.0])}
    assert FewRows([own], columns)(columns)[id(own)].tolist() == [[2.0], [4.0]]


@pytest.mark.parametrize("style", STYLES)
def test_missing_and_unseen_cells_become_numbers(style):
    frame, y = table()
    encoder = TableEncoder(KINDS, style).fit(frame, y)
    odd = frame.head(2).copy()
    odd.loc[0] = [np.nan, np.nan, np.nan, pd.NaT, np.nan]
    odd.loc[1] = [1e30, "never seen", "never seen", pd.Timestamp("2099-01-01"), "another word"]
    out = encoder.transform(odd)
    assert (np.isfinite(out) | (np.isnan(out) & (style == "tree"))).all()
    assert style == "tree" or np.abs(out).max() < 50


@pytest.mark.parametrize("style", STYLES)
def test_columns_without_a_value_or_with_one_only_are_borne(style):
    frame = pd.DataFrame({"x": np.full(50, np.nan), "c": pd.Series([np.nan] * 50, dtype="str"), "one": 1.0})
    encoder = TableEncoder({"x": "number", "c": "category", "one": "number"}, style)
    out = encoder.fit_transform(frame, np.arange(50) % 2)
    assert len(out) == 50 and (style == "tree" or np.isfinite(out).all())


def test_a_rows_own_target_is_not_in_its_category_mean():
    levels = pd.DataFrame({"many": pd.Series([f"level {i}" for i in range(200)], dtype="str")})
    y = np.arange(200) % 2
    encoder = TableEncoder({"many": "category"}, "tree")
    crossed = encoder.fit_transform(levels, y)[:, 1]
    assert abs(np.corrcoef(crossed, y)[0, 1]) < 0.5
    assert np.corrcoef(encoder.transform(levels)[:, 1], y)[0, 1] > 0.9  # what a careless fit would have shown the model


def test_a_rows_own_target_is_not_in_what_its_words_say():
    """Each word is in three texts only: in those of a row's own fit it would tell the target."""
    values = np.array([f"w{i % 100} x{i // 3}" for i in range(300)], dtype=object)
    y = np.random.default_rng(0).normal(size=300)
    encoder = TableEncoder({"note": "text"}, "tree")
    assert abs(np.corrcoef(encoder.fit_transform({"note": values}, y)[:, -1], y)[0, 1]) < 0.3
    assert np.corrcoef(encoder.transform({"note": values})[:, -1], y)[0, 1] > 0.6


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_one_word_of_many_tells_the_target(style, classes):
    values = texts(600, seed=1)
    burnt = np.array(["burnt" in text for text in values])
    y = burnt * 5000.0 + 1e6 if not classes else burnt + (np.arange(600) % 2 if classes == 3 else 0)
    encoder = TableEncoder({"note": "text"}, style).fit({"note": values[:400]}, y[:400])
    out = encoder.transform({"note": values[400:]})
    said = [i for i, name in enumerate(encoder.feature_names_) if " words" in name]
    assert len(said) == max(classes, 1) - (classes == 2)
    assert max(abs(np.corrcoef(out[:, i], burnt[400:])[0, 1]) for i in said) > 0.8


@pytest.mark.parametrize(
    "script",
    [
        "店里的服务员很热情菜也上得快环境干净",
        "駅から近くて店員さんも親切でした量はふつう",
        "ร้านนี้อยู่ใกล้สถานีพนักงานสุภาพราคาไม่แพง",
    ],
)
def test_a_word_among_others_without_spaces_tells_the_target(script):
    """Chinese, Japanese and Thai letters in any order; three of them stand together, in one order or in another."""
    rng = np.random.default_rng(2)
    good = rng.integers(0, 2, 600)
    told = [script[-3:], script[-1] + script[-3] + script[-2]]
    values = np.array(["".join(rng.permutation([*script[:-3], told[g]])) for g in good], dtype=object)
    encoder = TableEncoder({"note": "text"}, "linear").fit({"note": values[:400]}, good[:400])
    assert abs(np.corrcoef(encoder.transform({"note": values[400:]})[:, -1], good[400:])[0, 1]) > 0.8


@pytest.mark.parametrize("style", ["linear", "piecewise"])
def test_no_number_of_a_network_is_as_large_as_a_price(style):
    frame, y = table(600)
    price = 400_000.0 + 90_000 * y + 10_000 * frame["many"].factorize()[0]
    assert np.abs(TableEncoder(KINDS, style).fit_transform(frame, price)).max() < 50
    assert np.abs(TableEncoder(KINDS, style).fit(frame, price).transform(frame)).max() < 50


def test_of_many_texts_some_say_what_a_word_is_worth(monkeypatch):
    monkeypatch.setattr(encode, "MOST_TEXTS", 200)
    values = texts(600, seed=1)
    y = np.array(["burnt" in text for text in values], dtype=float)
    part = Text(1, linear=False)
    part.fit(values, y)
    assert np.corrcoef(part.fitted(values, y)[:, -1], y)[0, 1] > 0.7


def test_piecewise_tells_how_far_a_number_has_come():
    x = np.arange(400.0)
    encoder = TableEncoder({"x": "number"}, "piecewise").fit({"x": x}, x)
    part = encoder.parts_["x"][0]
    share = encoder.transform({"x": np.array([-5.0, 100.0, 900.0])}) * part.scale + part.mean
    assert np.allclose(share[0], 0) and np.allclose(share[2], 1)
    assert (np.diff(share[1]) <= 1e-9).all() and 0 < share[1].sum() < share.shape[1]


def test_the_time_of_the_row_itself_is_used_for_its_parts_only():
    fields = [Field("when", "time", "datetime"), Field("due", "feature", "date")]
    frame, y = table()
    encoder = TableEncoder(field_kinds(map(Field.read, fields)), "tree").fit(
        {"when": frame["when"], "due": frame["when"]}, y
    )
    assert "when days" not in encoder.feature_names_ and "due days" in encoder.feature_names_


def test_added_columns_are_used_by_their_dtype():
    frame = pd.DataFrame(
        {"x": [1.0], "new": [True], "label": pd.Series(["a"], dtype="str"), "at": pd.to_datetime(["2024-01-01"])}
    )
    kinds = added_kinds(frame, {"x": "number", "gone": "number"})
    assert kinds == {"x": "number", "new": "number", "label": "category", "at": "date"}


WORDS = ["soft", "burnt", "crumb", "crust", "rose", "well", "flat", "dry", "golden"]


def texts(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([" ".join(rng.choice(WORDS, rng.integers(0, 6))) for _ in range(n)], dtype=object)


def test_a_text_is_encoded_as_scikit_learn_would_whatever_the_size_of_the_batch(monkeypatch):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.linear_model import Ridge

    values, y = texts(500), np.arange(500) % 7.0
    part = Text(1, linear=False)
    part.fit(values, y)
    matrix = part.tfidf.transform(values)
    found = part.transform(values)
    assert np.allclose(found[:, 1:-1], TruncatedSVD(5, random_state=1).fit(matrix).transform(matrix), atol=1e-12)
    ridge = Ridge(1.0, fit_intercept=False).fit(matrix, (y - y.mean()) / y.std())
    words = ridge.predict(matrix)
    assert np.allclose(found[:, -1], words / words.std() / 10, atol=1e-3)
    monkeypatch.setattr(encode, "TEXTS_AT_ONCE", 7)
    assert np.array_equal(found, part.transform(values))


@pytest.mark.parametrize("n", [4, 7, 40])
def test_few_texts_have_as_many_columns_as_names(n):
    frame = {"note": np.array([f"{WORDS[i % 9]} {' '.join(WORDS)}" for i in range(n)], dtype=object)}
    encoder = TableEncoder({"note": "text"}, "linear").fit(frame, np.arange(n) % 2)
    block = encoder.parts_["note"][0].transform(frame["note"])
    assert block.shape == (n, len(encoder.feature_names_)) and np.isfinite(block).all()


def test_a_model_with_texts_of_an_earlier_version_still_answers():
    from sklearn.decomposition import TruncatedSVD

    values = texts(60)
    part, old = Text(1, linear=True), Text(1, linear=True)
    part.fit(values, np.zeros(60))
    state = part.__getstate__()
    del state["components"]
    svd = TruncatedSVD(2, random_state=1).fit(part.tfidf.transform(values))
    old.__setstate__(state | {"svd": svd})
    assert np.allclose(old.transform(values), part.transform(values)[:, :-1], atol=1e-12)
    old.__setstate__(state | {"svd": None})
    assert old.transform(values).shape == (60, 1)


@pytest.mark.parametrize("style", STYLES)
def test_a_column_that_is_empty_in_the_rows_of_a_fit_is_left_out_of_it(style):
    """One value in 240 rows, and it stands in another fold."""
    frame, y = table()
    frame["x"] = np.nan
    frame["c"] = pd.Series([None] * len(frame), dtype="str")
    frame["when"] = pd.NaT
    encoder = TableEncoder(KINDS, style).fit(frame, y)
    assert not [name for name in encoder.feature_names_ if name.split()[0] in ("x", "c", "when")]
    later = table(seed=1)[0]
    assert encoder.transform(later).shape == (len(later), len(encoder.feature_names_))


def test_boosting_fits_where_a_column_is_empty():
    from sklearn.ensemble import HistGradientBoostingClassifier

    frame, y = table()
    frame["x"] = np.nan
    HistGradientBoostingClassifier(max_iter=2).fit(TableEncoder(KINDS, "tree").fit_transform(frame, y), y)


# ---- dates ----------------------------------------------------------------------------------------------------------


def dates_as(kind, style, times, rows):
    """Names, and what an encoder fitted on `times` makes of `rows`."""
    times, rows = (np.array(one, dtype="datetime64[us]") for one in (times, rows))
    encoder = TableEncoder({"t": kind}, style).fit({"t": times}, np.zeros(len(times)))
    return encoder.feature_names_, encoder.transform({"t": rows})


YEARS = ["2023-01-01T00:00", "2023-06-01T12:00", "2025-01-01T00:00"]


def test_the_day_of_the_year_and_the_days_that_have_passed_for_trees():
    names, found = dates_as("time passed", "tree", YEARS, ["2024-02-29T18:30", "NaT"])
    assert names == ["t month", "t weekday", "t hour", "t day of the year", "t days"]
    assert found[0].tolist() == [1, 3, 18.5, 59, 424 + 18.5 / 24]
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("kind", encode.DATES)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("times", [YEARS, ["2023-01-01", "2024-03-01"]])
def test_each_part_of_a_date_has_a_name_and_a_row_its_own_answer(kind, style, times):
    rows = ["2024-02-29T18:30", "NaT", "2022-12-31T23:59", "2031-07-01T00:00"]
    names, found = dates_as(kind, style, times, rows)
    assert found.shape == (4, len(names)) and len(set(names)) == len(names)
    assert np.isnan(found).any() == (style == "tree")
    for row, answer in zip(rows, found, strict=True):
        assert np.array_equal(dates_as(kind, style, times, [row])[1][0], answer, equal_nan=True)


def test_a_weekend_has_hours_of_its_own_for_linear_models():
    names, (friday, saturday) = dates_as("time of year", "linear", YEARS, ["2024-03-01T06:00", "2024-03-02T06:00"])
    at = names.index("t hour at weekends sin 1")
    assert friday[at] == 0 and saturday[at] == pytest.approx(1)
    assert friday[names.index("t weekday 4")] == 1 and saturday[names.index("t weekday 5")] == 1


def test_time_that_has_passed_is_followed_only_as_far_as_the_folds_have_shown():
    far = ["2029-01-01"]
    passed = {kind: dates_as(kind, "linear", YEARS, far)[1][0, -1] for kind in ("time passed", "time to come")}
    assert passed == {"time passed": 1.0, "time to come": 2.0}


def every(frame):
    return SomeRows(as_arrays(frame), np.arange(len(frame)))


@pytest.mark.parametrize("style", ["linear", "piecewise"])
def test_a_compact_matrix_has_the_cells_of_the_whole_one(monkeypatch, style):
    monkeypatch.setattr(encode, "BLOCK_ROWS", 100)
    frame, y = table()
    kinds = {"many": "category", "c": "category", "x": "number"}
    encoder = TableEncoder(kinds, style).fit(frame, y)
    for made, whole in (
        (encoder.compact(every(frame)), encoder.transform(frame)),
        (encoder.compact(every(frame), y), encoder.fitted(frame, y)),
    ):
        assert made.nnz < encode.SPARSE * whole.size
        assert np.array_equal(made.toarray(), whole)
    assert encoder.compact(SomeRows(as_arrays(frame), np.arange(0))).shape == (0, whole.shape[1])


def test_a_matrix_without_zeros_stays_as_it_is():
    frame, y = table()
    frame["x"] = frame["x"].fillna(1.0)
    encoder = TableEncoder({"x": "number"}, "linear").fit(frame, y)
    assert isinstance(encoder.compact(every(frame)), np.ndarray)


def orders(n=200):
    rng = np.random.default_rng(3)
    ordered = np.datetime64("2024-01-01T00:00", "us") + rng.integers(0, 5_000, n).astype("timedelta64[h]")
    rows = {"ordered": ordered, "sent": ordered + rng.integers(1, 90, n).astype("timedelta64[h]")}
    rows["sent"][5] = np.datetime64("NaT")
    kinds = {"ordered": "time", "sent": "date", encode.together("ordered", "sent"): "between"}
    return kinds, rows, rng.normal(size=n)


@pytest.mark.parametrize("style", STYLES)
def test_what_two_columns_say_together_is_the_same_for_a_row_alone(style):
    kinds, rows, y = orders()
    encoder = TableEncoder(kinds, style).fit(rows, y)
    every = encoder.transform(rows)
    assert every.shape[1] == len(encoder.feature_names_)
    assert any(name.startswith("ordered and sent") for name in encoder.feature_names_)
    for i in range(10):
        one = encoder.transform({column: values[[i]] for column, values in rows.items()})
        assert np.allclose(one[0], every[i], equal_nan=True, atol=1e-12)


def test_a_matrix_may_have_more_cells_than_its_blocks_can_count():
    """Blocks count to two thousand million; here to 127."""
    block = SimpleNamespace(
        shape=(1, 100), nnz=100, data=np.ones(100), indices=np.arange(100), indptr=np.array([0, 100], np.int8)
    )
    made = encode._stacked([block, block])
    assert made.shape == (2, 100) and made.indptr.tolist() == [0, 100, 200] and made.sum() == 200


@pytest.mark.parametrize("style", ["linear", "piecewise"])
def test_a_compact_matrix_has_what_two_columns_say_together(style):
    kinds, rows, y = orders()
    rows["shop"] = np.resize(np.array([f"shop {i}" for i in range(40)], dtype=object), len(y))
    encoder = TableEncoder(kinds | {"shop": "category"}, style).fit(rows, y)
    made = encoder.compact(SomeRows(rows, np.arange(len(y))), y)
    assert np.array_equal(made if isinstance(made, np.ndarray) else made.toarray(), encoder.fitted(rows, y))


def test_a_model_of_before_the_time_of_year_still_answers():
    dates = encode.Dates.__new__(encode.Dates)
    dates.__setstate__({"count_days": True, "linear": False})
    assert (dates.season, dates.furthest, dates.linear) == (False, 2.0, False)


def test_a_few_rows_get_from_two_columns_what_many_do():
    kinds, rows, y = orders()
    encoders = [TableEncoder(kinds, style).fit(rows, y) for style in STYLES]
    few = {column: values[:9] for column, values in rows.items()}
    found = FewRows(encoders, few)(few)
    for encoder in encoders:
        assert np.allclose(found[id(encoder)], encoder.transform(few), equal_nan=True, atol=1e-12)


def test_days_between_dates():
    kinds, rows, y = orders()
    encoder = TableEncoder(kinds, "tree").fit(rows, y)
    between = encoder.transform(rows)[:, encoder.feature_names_.index("ordered and sent")]
    assert between[0] == (rows["sent"][0] - rows["ordered"][0]) / np.timedelta64(1, "D")
    assert np.isnan(between[5])
