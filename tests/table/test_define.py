"""The problem and the columns: what a user at nine in the morning expects of a table that nobody explained."""

import numpy as np
import pandas as pd
import pytest
import yaml

from lifecycle.ground.errors import UserError
from lifecycle.ground.params import SplitParams
from lifecycle.table.contract import MODEL, Contract
from lifecycle.table.define import build_contract, changes, kind_of
from lifecycle.table.read import SOURCE, RawTable
from lifecycle.table.targets import odd_numbers
from tests.scratch import ROOT

N = 120
RNG = np.random.default_rng(0)


def contract(target="good", columns=None, problem=None, split=None, **cells) -> dict:
    """The contract of a table of `cells`, a good number `x` and a target `good`."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    table = {"x": RNG.normal(size=N).round(3), "good": np.where(RNG.random(N) < 0.4, "yes", "no"), **cells}
    frame = pd.DataFrame({name: pd.Series(values).map(str) for name, values in table.items()}, dtype="str")
    raw = RawTable(
        frame.assign(**{SOURCE: "t.csv:2"}), facts=[{"file": "t.csv", "encoding": "utf-8", "delimiter": ","}]
    )
    asked = {**params["problem"], "target": target, **(problem or {})}
    drawn = SplitParams.read(params["split"] | (split or {}))
    made, _ = build_contract(raw, asked, columns or {}, params["define"], drawn)
    return made


def field(name="c", **kwargs) -> dict:
    return next(f for f in contract(**kwargs)["fields"] if f["name"] == name)


def said(word: str, **kwargs) -> bool:
    return any(word in note for note in contract(**kwargs)["notes"])


def choose(*values, p=None):
    return RNG.choice(values, N, p=p)


# ---- types ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (RNG.integers(0, 99, N), "integer"),
        (RNG.normal(size=N), "number"),
        ([f"{v:.2f}".replace(".", ",") for v in RNG.normal(size=N)], "number"),
        ([f"$ {v:,}" for v in RNG.integers(1000, 99999, N)], "integer"),
        ([f"{v} GB" for v in choose(4, 8, 16)], "integer"),
        ([f"{v:.1f}%" for v in RNG.uniform(0, 100, N)], "number"),
        ([v if i % 25 else "oops" for i, v in enumerate(RNG.normal(size=N))], "number"),
        ([v if i % 5 else "unknown" for i, v in enumerate(RNG.normal(size=N))], "number"),
        (choose("8 GB", "512 MB"), "number"),
        (choose("00123", "04567", "99999"), "string"),
        (choose("oven 1", "oven 2"), "string"),
        ([f"{k} {s} St" for k, s in zip(RNG.integers(1, 99, N), choose("Turner", "Charles"), strict=True)], "text"),
        ([f"the bake number {i} was a little too dark" for i in range(N)], "text"),
        (choose("Yes", "no", " YES"), "boolean"),
        (choose("t", "f"), "boolean"),
        (choose("ja", "nein"), "boolean"),
        (choose("0", "1"), "integer"),
        ([f"{d}/03/2024" for d in RNG.integers(1, 29, N)], "date"),
        ([f"3/{d}/2024 10:05" for d in RNG.integers(1, 29, N)], "datetime"),
        ([f"{h}:{m:02}" for h, m in zip(RNG.integers(0, 24, N), RNG.integers(0, 60, N), strict=True)], "datetime"),
    ],
)
def test_a_columns_type_is_what_its_cells_are(cells, expected):
    assert kind_of(field(c=cells)) == expected


def test_a_code_is_a_category_though_it_is_made_of_digits():
    assert field("zip_code", zip_code=choose(8001, 8002, 10115))["type"] == "string"
    assert field("Postcode", Postcode=choose("3067.0", "3042.0"))["levels"] == ["3042", "3067"]


def test_a_day_that_could_be_a_month_is_said_aloud():
    days = [f"{1 + i % 9:02}/{1 + i % 12:02}/2024" for i in range(N)]
    assert field(c=days)["format"] == "%d/%m/%Y" and said("would fit %m/%d/%Y as well", c=days)
    assert not said("would fit", c=[*days[1:], "25/12/2024"])


@pytest.mark.parametrize("code", [-999, -200, 9999, 99999])
def test_an_impossible_number_that_many_share_is_missing(code):
    found = field(c=np.where(np.arange(N) % 9 == 0, code, RNG.integers(5, 30, N)))
    assert str(code) in found["missingValues"] and found["constraints"] == {"minimum": 5, "maximum": 29}


@pytest.mark.parametrize(
    "cells",
    [
        choose(-1, 1),
        choose(-1, 0, 1),
        choose(0, 999),
        np.where(RNG.random(N) < 0.8, -1, RNG.integers(1, 800, N)),  # days since the last call: -1 is none yet
        np.where(RNG.random(N) < 0.1, 0, RNG.integers(1480, 1510, N)),  # a motor that stands still
        RNG.lognormal(0, 2, N).round(),
    ],
    ids=["two signs", "three signs", "two codes", "mostly -1", "zero or fast", "a long tail"],
)
def test_a_number_that_means_something_is_not_taken_for_missing(cells):
    assert field(c=cells)["missingValues"] == [""]


def test_rare_zeros_among_measures_are_missing():
    assert "0.0" in field(c=[0.0, *RNG.uniform(3, 9, N - 1).round(2)])["missingValues"]


# ---- roles ------------------------------------------------------------------------------------------------


def test_what_only_names_a_row_is_an_id_and_stays_a_text():
    for name, cells in {
        "n": range(N),
        "email": [f"u{i}@x.org" for i in range(N)],
        "user_id": 10**17 + np.arange(N)[::-1],
    }.items():
        assert (field(name, **{name: cells})["role"], field(name, **{name: cells})["type"]) == ("id", "string"), name


@pytest.mark.parametrize(
    "parts",
    [
        "服务员 很热情 上菜快 环境干净 价格中等 味道一般 周末人多 下次再来",
        "店員さん が親切 駅から近く 量はふつう 値段も手ごろ また来ます 味は濃い 静かでした",
        "อาหารอร่อย พนักงานสุภาพ ราคาไม่แพง ใกล้สถานี ร้านเล็ก คนเยอะ จะกลับมาอีก รอนาน",
    ],
)
def test_a_sentence_without_spaces_is_a_text_to_learn_from(parts):
    found = field(c=["".join(RNG.permutation(parts.split())[:4]) for _ in range(N)])
    assert (found["role"], found.get("kind")) == ("feature", "text")


def test_a_name_of_a_few_letters_is_an_id_in_any_script():
    family, given = "王李张刘陈杨黄赵周吴徐", "伟芳娜敏静丽强磊军洋勇"
    names = [a + b + c for a in family for b in given for c in "一"][:N]
    full = [f"田中{a}{b}" for a in "太次三四五六七八九十正健" for b in "郎一二助夫雄男彦人樹"][:N]
    plates = [f"京A{i:05}" for i in range(N)]
    assert [field(c=cells)["role"] for cells in (names, full, plates)] == ["id", "id", "id"]


def test_a_customer_with_several_rows_is_a_group_and_an_order_within_is_left_out():
    customer, order = np.arange(N) // 8, np.arange(N) // 2 + 500
    made = {f["name"]: f["role"] for f in contract(customer_id=customer, order_no=order)["fields"]}
    assert (made["customer_id"], made["order_no"]) == ("group", "ignored")


def test_a_time_of_day_is_neither_an_id_nor_the_time_of_the_row():
    assert field("at", at=[f"{i % 24:02}:{i * 7 % 60:02}:{i * 11 % 60:02}" for i in range(N)])["role"] == "feature"


def test_a_count_of_people_is_no_group():
    assert field("households", households=RNG.integers(1, 60, N))["role"] == "feature"


def test_a_constant_is_left_out_but_a_tick_among_blanks_is_not():
    assert field(c=["a"] * N)["role"] == "ignored" and field(c=["?"] * N)["role"] == "ignored"
    assert field(c=np.where(np.arange(N) % 3, "", "x"))["role"] == "feature"


def test_the_users_word_wins():
    columns = {"c": {"role": "feature", "type": "string"}}
    assert (
        field(c=range(N), columns=columns)["type"] == "string"
        and field(c=range(N), columns=columns)["role"] == "feature"
    )
    assert field(c=choose("a", "b"), problem={"exclude": ["c"]})["reason"] == "params.yaml: problem.exclude"


# ---- the target -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "task", "positive"),
    [
        (choose("no", "yes", p=[0.3, 0.7]), "binary", "yes"),
        (choose("0", "1", p=[0.3, 0.7]), "binary", "1"),
        (choose("1.0", "0.0"), "binary", "1"),
        (choose("-1", "1", p=[0.3, 0.7]), "binary", "1"),
        (choose("1", "2", p=[0.7, 0.3]), "binary", "2"),  # a bad credit: of 1 and 2 neither says yes
        (choose(">50K", "<=50K", p=[0.25, 0.75]), "binary", ">50K"),
        (choose(">50K", "<=50K", ">50K.", "<=50K."), "binary", None),  # two files, two spellings
        (choose("True", "False"), "binary", "True"),
        (choose("none", "mild", "severe"), "multiclass", ""),
        (choose("1", "2", "3", "4"), "multiclass", ""),
        (RNG.integers(0, 900, N), "regression", None),
        ([f"Rs. {v:,}" for v in RNG.integers(9, 99, N) * 1000], "regression", None),
    ],
)
def test_the_task_is_what_the_target_holds(cells, task, positive):
    problem = contract(good=cells)["problem"]
    assert problem["task"] == task
    if positive is not None:
        assert problem["positive"] == positive and (not positive or problem["classes"][-1] == positive)


def test_a_garbled_or_quoted_label_is_no_class_of_its_own():
    labels = ["y\0es", 'yes"', "ye\ufffds", *choose("yes", "no")[3:]]
    assert contract(good=labels)["problem"]["classes"] == ["no", "yes"]


def test_a_number_of_few_values_says_how_to_have_it_the_other_way():
    assert said("or set problem.task: regression", good=choose(3, 4, 5, 6))


def test_a_class_of_two_rows_is_said_aloud():
    assert said('"rare" (2)', good=["rare", "rare", *choose("yes", "no")[2:]])


def test_a_target_that_names_each_row_is_refused():
    with pytest.raises(UserError, match="is it the right column"):
        contract(good=[f"bake {i}" for i in range(N)])


# ---- leaks ------------------------------------------------------------------------------------------------


def test_what_gives_the_target_away_is_left_out_unless_the_user_says_so():
    good = choose("yes", "no")
    alive = np.where(good == "yes", "1", "0")
    assert "gives the target away" in field("alive", good=good, alive=alive)["reason"]
    assert field("alive", good=good, alive=alive, columns={"alive": {"role": "feature"}})["role"] == "feature"


def test_what_may_give_the_target_away_is_named_in_the_contract_until_the_user_confirms_it():
    good = choose("yes", "no")
    called = np.where(good == "yes", RNG.integers(1, 99, N).astype(str), "")
    assert "filled only where" in field("called", good=good, called=called)["suspicion"]
    assert said("the gate fails", good=good, called=called)
    assert "suspicion" not in field("called", good=good, called=called, columns={"called": {"role": "feature"}})


@pytest.mark.parametrize("name", ["ID", "Id", "LOAN_ID", "SUBJID", "pidnum"])
def test_an_id_is_one_however_its_name_is_written(name):
    assert field(name, **{name: RNG.permutation(N) + 1000})["role"] == "id"
    assert field(name, **{name: np.repeat(np.arange(N // 2), 2)})["role"] in ("group", "id")


@pytest.mark.parametrize("name", ["humid", "paid", "acid"])
def test_a_word_that_ends_in_id_is_no_id(name):
    assert field(name, **{name: RNG.choice(9000, N, replace=False)})["role"] == "feature"


def test_an_index_that_starts_again_in_each_file_is_no_feature():
    assert field("unnamed_1", unnamed_1=np.tile(np.arange(N // 2), 2))["role"] == "id"


def test_a_number_that_differs_in_each_row_is_said_aloud():
    assert said('"c": a different whole number in each row', c=RNG.choice(9000, N, replace=False))


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ({"costs": {"fp": 1}}, "it takes false_positive, false_negative, true_positive"),
        ({"metric": "auc"}, "roc_auc"),
        ({"metric": "rmse"}, "binary"),
        ({"criteria": {"rok_auc": ">= 0.8"}}, 'did you mean "roc_auc"'),
        ({"criteria": {"recall": "high"}}, 'write it like ">= 0.8"'),
        ({"criteria": {"log_loss": "~ 0.4"}}, 'write it like "<= 0.8"'),
        ({"criteria": {"four_fifths": ">= 0.8"}}, "needs problem.protected, which is empty"),
        ({"costs": {"false_positive": "high"}}, "takes a number from 0 up"),
        ({"capacity": "500 people"}, "write it like 10%, 500 of 7000, or 500"),
        ({"capacity": "120%"}, "up to all rows"),
        ({"tolerance": "10%"}, "is for a regression"),
    ],
)
def test_a_misspelt_measure_is_found_before_the_fit(problem, told):
    with pytest.raises(UserError, match=told):
        contract(problem=problem)


def test_a_criterion_may_be_a_share_of_percent():
    assert contract(problem={"criteria": {"recall": ">= 80%"}})["problem"]["criteria"] == {"recall": ">= 80%"}


@pytest.mark.parametrize(
    ("given", "share"), [("10%", 0.1), (0.25, 0.25), ("50 of 2,000", 0.025), ("30/60", 0.5), (N // 4, 0.25)]
)
def test_a_capacity_is_a_share_or_so_many_of_so_many(given, share):
    capacity = contract(problem={"capacity": given})["problem"]["capacity"]
    assert capacity["rows"] / capacity["of"] == pytest.approx(share)


def test_a_bare_capacity_is_said_to_be_of_the_table_s_rows():
    assert any(
        f"is read as {N // 4} of the {N} rows" in note for note in contract(problem={"capacity": N // 4})["notes"]
    )


@pytest.mark.parametrize(
    ("given", "tolerance"), [("10%", {"share": 0.1}), (5000, {"error": 5000.0}), ("1e3", {"error": 1000.0})]
)
def test_a_tolerance_is_a_share_or_in_the_target_s_unit(given, tolerance):
    terms = contract(problem={"tolerance": given}, good=RNG.normal(size=N))
    assert terms["problem"]["tolerance"] == tolerance


def test_a_protected_column_that_is_excluded_is_kept_and_not_learned_from():
    terms = contract(problem={"protected": ["sex"], "exclude": ["sex"]}, sex=choose("f", "m"))
    roles = {f["name"]: f["role"] for f in terms["fields"]}
    assert roles["sex"] == "protected"
    assert "sex" not in Contract.read(terms).names(MODEL)
    learned = contract(problem={"protected": ["sex"]}, sex=choose("f", "m"))
    assert {f["name"]: f["role"] for f in learned["fields"]}["sex"] == "feature"


def test_the_absence_of_something_is_not_what_is_predicted():
    rare_none = np.where(RNG.random(N) < 0.4, "none", "relapse")
    assert contract(good=rare_none)["problem"]["positive"] == "relapse"


def test_spellings_of_the_target_that_are_taken_together_are_said_aloud():
    assert said("4 spellings are read as 2 classes", good=choose("Yes", "yes", "no", "NO"))


def test_columns_that_changed_since_the_last_contract_are_said_aloud():
    before, after = (
        contract(c=choose("a", "b"), d=RNG.normal(size=N)),
        contract(c=RNG.normal(size=N), e=choose("a", "b")),
    )
    told = changes(before, after)
    assert [s.split(": ", 1)[1] for s in told[:-1]] == [
        '"d" is gone',
        '"e" is new',
        '"c" was feature string, and is feature number',
    ]
    assert "a row is known no longer by d; a row is known now also by e" in told[-1], (
        "there is no id: all cells name it"
    )
    assert changes(before, before) == []


# ---- targets that are not what they seem --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (choose("Y", "Yes", "N", "No"), ["No", "Yes"]),
        (choose("oui", "non", "O", "N"), ["non", "oui"]),
        (choose("true", "FALSE", "1", "0", "yes"), ["FALSE", "true"]),
        (choose("m", "male", "f", "female"), ["female", "male"]),
    ],
    ids=["English", "French", "mixed", "letters of two words"],
)
def test_spellings_of_two_words_are_two_classes(cells, classes):
    made = contract(good=cells)
    assert made["problem"]["task"] == "binary" and sorted(made["problem"]["classes"]) == sorted(classes)
    assert any("to keep them apart: columns: {good: {type: string}}" in note for note in made["notes"])


@pytest.mark.parametrize("cells", [choose("A", "B", "AB", "O"), choose("Y", "N", "maybe"), choose("s", "m", "l", "xl")])
def test_labels_of_their_own_are_left_apart(cells):
    assert len(contract(good=cells)["problem"]["classes"]) == len(set(cells))


def test_a_target_of_dates_is_refused_with_what_to_predict_instead():
    days = pd.Timestamp("2023-03-01") + pd.to_timedelta(RNG.integers(0, 90, N), "D")
    booked = (pd.Timestamp("2023-01-01") + pd.to_timedelta(RNG.integers(0, 50, N), "D")).strftime("%d.%m.%Y")
    with pytest.raises(UserError, match='the target "good" is a date .* days since "booked"'):
        contract(good=days.strftime("%d.%m.%Y"), booked=booked)


def test_several_labels_in_a_cell_are_said_or_refused_where_they_are_many():
    few = choose("sweet", "sour", "sweet; sour", "sweet; hot", "hot", "sour; hot", "sweet; sour; hot")
    assert said("several labels stand in a cell", good=few)
    many = [", ".join(v for v in "abcdef" if RNG.random() < 0.5) or "a" for _ in range(N)]
    with pytest.raises(UserError, match="several labels stand in a cell .*a column for each that says yes or no"):
        contract(good=many)


@pytest.mark.parametrize("cells", [choose("oil, refined", "oil, raw", "gas"), choose("1/2", "3/4", "5/6", "7/8")])
def test_a_mark_within_a_label_is_not_several_labels(cells):
    assert not said("several labels", good=cells)


def test_a_lone_number_far_out_a_cap_and_counts_are_said():
    ratings = np.append(choose(1, 2, 3, 4, 5)[1:], 19)
    assert said("1 row holds 19, where all others are between 1 and 5", good=ratings)
    value = np.minimum(RNG.normal(90, 20, N).round(1), 100)
    assert said("hold exactly 100, the highest value: is it a cap", good=value)
    assert said('"good" are counts', good=RNG.poisson(1.3, N))


def test_the_cure_of_numbers_far_out_names_each_as_the_file_has_it():
    ratings = np.resize([1.0, 2.0, 3.0, 4.0, 5.0], 600)
    for far in ([12345678], [12345678, 12345679]):
        (line,) = odd_numbers("good", np.append(ratings, far))
        assert line.endswith(f"columns: {{good: {{missingValues: {[str(value) for value in far]}}}}}")


@pytest.mark.parametrize(
    "cells", [RNG.lognormal(0, 2, N), RNG.normal(0, 1, N), RNG.integers(1, 6, N), RNG.pareto(1, N)]
)
def test_an_ordinary_number_has_nothing_odd(cells):
    assert not any(said(word, good=cells) for word in ("where all others", "cap", "are counts"))


# ---- how rows are built ----------------------------------------------------------------------------------------


def made_of_things(n=90, most=3):
    """(the thing of each row, how good it is): rows of one thing have mostly one answer."""
    things = np.repeat(RNG.permutation(7000)[:n] + 2000, RNG.integers(1, most + 1, n))
    kind = dict(zip(np.unique(things), RNG.random(n) < 0.5, strict=True))
    same = np.array([kind[t] for t in things]) ^ (RNG.random(len(things)) < 0.08)
    order = RNG.permutation(len(things))
    return things[order], np.where(same, "yes", "no")[order]


def of_things(name, things, good, **more):
    rows = RNG.normal(size=len(things)).round(3)
    return contract(**{name: things, "x": rows, "good": good, **more})


@pytest.mark.parametrize("name", ["holder", "q7", "Vertragsnr", "N° dossier"])
def test_rows_that_are_alike_by_the_value_of_a_number_are_of_one_thing_whatever_its_name(name):
    things, good = made_of_things(150)
    made = of_things(name, things, good)
    assert made["identity"]["group"] == name


@pytest.mark.parametrize("mark", [".", ","])
def test_rows_are_compared_by_measures_whatever_their_decimal_mark(mark):
    things = RNG.permutation(np.repeat(RNG.permutation(7000)[:100] + 2000, 3))
    levels = dict(zip(np.unique(things), RNG.normal(50, 20, 100), strict=True))
    near = [f"{levels[t] + RNG.normal():.2f}".replace(".", mark) for t in things]
    far = [f"{levels[t] * 3 + RNG.normal():.2f}".replace(".", mark) for t in things]
    made = contract(x=far, y=near, q7=things, good=RNG.choice(["yes", "no"], 300))
    assert made["identity"]["group"] == "q7"


def test_of_a_measure_the_neighbouring_values_are_as_alike_as_equal_ones():
    size = RNG.integers(20, 90, 400)
    made = contract(size=size, x=RNG.normal(size=400), good=np.where(size + RNG.normal(0, 5, 400) > 55, "yes", "no"))
    assert "group" not in made["identity"]


@pytest.mark.parametrize("kind", ["deaths", "budget"])
def test_a_count_or_a_round_sum_by_whose_value_rows_are_alike_stays_a_feature(kind):
    """Small countries have no deaths and are alike; films of one budget are of one time."""
    place = np.repeat(np.arange(60), 8)
    size = np.repeat(np.where(np.arange(60) < 25, 0, RNG.integers(1, 900, 60)), 8)
    values = size + (size > 0) * RNG.integers(0, 3, 480) if kind == "deaths" else place * 37_000 + 1_000
    level = np.repeat(RNG.normal(size=60), 8)
    made = contract(x=level.round(3), **{kind: values, "good": (level + RNG.normal(0, 0.1, 480)).round(3)})
    assert next(f for f in made["fields"] if f["name"] == kind)["role"] == "feature"


def test_a_rate_that_many_places_share_stays_a_feature():
    """The tax of a town, the power of an engine: equal cells are of one kind, and a few values have most of the rows."""
    own = RNG.permutation(300)[:60] + 200
    rate = np.repeat(np.where(np.arange(60) % 5 < 2, 666, own), 8)
    level = np.repeat(np.where(np.arange(60) % 5 < 2, 3.0, RNG.normal(size=60)), 8)
    more = level.round(3) + np.repeat([0.0, 0.001], 240)
    made = contract(x=more, rate=rate, good=(level + RNG.normal(0, 0.1, 480)).round(3))
    assert next(f for f in made["fields"] if f["name"] == "rate")["role"] == "feature"


def test_words_by_whose_value_rows_are_alike_are_only_said_to_be_a_group_with_the_share_of_siblings():
    things, good = made_of_things(150)
    names = np.array(["".join(RNG.choice(list("abcdefgh"), 9)) for _ in range(10_000)])
    made = of_things("village", names[things], good)
    line = next(note for note in made["notes"] if "may say which rows are of one thing" in note)
    assert "% of the test rows have such a sibling in train; columns: {village: {role: group}}" in line
    assert "group" not in made["identity"]


def test_of_a_column_that_names_rows_it_is_not_said_that_it_may():
    ids = [f"{750 + i}-67-{8000 + 7 * i}" for i in range(N)]
    assert field("paper", paper=ids)["role"] == "id" and not said("role: id", paper=ids)


def test_of_many_columns_that_may_say_which_rows_are_of_one_thing_two_have_a_line_of_their_own():
    things, good = made_of_things(150)
    names = {f"village{k}": np.char.add("abcdefghij"[k], things.astype(str)) for k in range(4)}
    words = {
        name: np.array([t.translate(str.maketrans("0123456789", "klmnopqrst")) for t in v]) for name, v in names.items()
    }
    notes = contract(x=RNG.normal(size=len(things)).round(3), good=good, **words)["notes"]
    assert sum("may say which rows" in note for note in notes) == 2
    assert any(note == 'the same may be said of "village2", "village3"' for note in notes)


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_block_of_rows_in_which_a_counter_rises_is_one_thing(shuffled):
    lengths = RNG.integers(4, 30, 25)
    pump = np.repeat(np.arange(25) + 1, lengths)
    tick = np.concatenate([np.arange(n) for n in lengths])
    order = RNG.permutation(len(pump)) if shuffled else np.arange(len(pump))
    made = contract(good=RNG.normal(size=len(pump)), x=RNG.normal(size=len(pump)), Pumpe=pump[order], Takt=tick[order])
    assert made["identity"]["group"] == "Pumpe"


def test_the_hours_of_a_day_are_no_things_of_a_block():
    day, hour = np.repeat(np.arange(20) + 1, 24), np.tile(np.arange(24), 20)
    made = contract(good=RNG.normal(size=480), x=RNG.normal(size=480), block=day, beat=hour)
    assert "group" not in made["identity"]


@pytest.mark.parametrize("form", ["{:04}-{}", "B{:03}/{:02}", "{:05}{}", "{1}#H{0:04}"], ids=str)
def test_the_part_of_an_id_that_several_rows_share_keeps_them_together(form):
    sizes = RNG.integers(1, 5, 80)
    letters = form == "{:05}{}"
    ids = [form.format(i, "abcd"[k] if letters else k + 1) for i, n in enumerate(sizes) for k in range(n)]
    made = contract(good=RNG.choice(["yes", "no"], len(ids)), x=RNG.normal(size=len(ids)), berth=ids)
    assert made["identity"]["group"] == "berth" and made["identity"]["part"]
    assert next(f for f in made["fields"] if f["name"] == "berth")["role"] == "id"


@pytest.mark.parametrize("form", ["2024-{:04}", "INV-{:05}", "{:04}-XK"])
def test_a_year_or_a_mark_before_a_number_is_no_shared_part(form):
    assert "group" not in contract(ref=[form.format(i) for i in range(N)])["identity"]


@pytest.mark.parametrize(("head", "role"), [("A", "group"), ("", "feature")])
def test_a_thing_of_which_there_are_many_rows_beside_others_of_few_is_told(head, role):
    """A customer who buys every day: a code of letters is a thing, and of a bare number it is said that it may be one."""
    rng = np.random.default_rng(3)
    things = rng.permutation(np.repeat(rng.permutation(np.arange(1000, 5000))[:90], [40] * 6 + [3] * 84))
    known, at = np.unique(things, return_inverse=True)
    alike = {
        name: (rng.normal(size=len(known))[at] + rng.normal(0, 0.05, len(at))).round(3)
        for name in ("x", "z", "w", "good")
    }
    made = contract(k=[f"{head}{thing}" for thing in things], **alike)
    assert next(f for f in made["fields"] if f["name"] == "k")["role"] == role
    assert role == "group" or any('"k" may say which rows are of one thing' in note for note in made["notes"])


def test_a_counter_that_is_called_the_id_of_a_year_is_an_id():
    assert field("model_year_id", model_year_id=np.arange(N) + 1900)["role"] == "id"


@pytest.mark.parametrize("name", ["YEAR", "Jahr", "crop_year"])
def test_a_year_of_its_own_in_each_row_is_a_feature(name):
    year = field(name, **{name: np.arange(N) + 1900})
    assert (year["role"], year["type"]) == ("feature", "integer")
    assert said("another year in each row", **{name: np.arange(N) + 1900})


def test_why_no_column_is_left_is_said_each_reason_once():
    with pytest.raises(
        UserError, match=r'left to predict "good" from \("x" and 1 more: .*problem.exclude\); set a role'
    ):
        contract(n=RNG.integers(0, 9, N), problem={"exclude": ["x", "n"]})


def test_a_counter_with_gaps_or_out_of_order_names_the_row():
    gaps = np.flatnonzero(RNG.random(400) < 0.4)[:N]
    assert len(gaps) == N and field("nth", nth=gaps)["role"] == "id"
    assert field("__index_level_0__", __index_level_0__=RNG.permutation(N))["role"] == "id"
    assert field("nth", nth=RNG.permutation(N))["role"] == "id"


def test_numbers_of_many_digits_name_the_row_and_what_a_spreadsheet_made_of_them_is_said_to_be_lost():
    digits = [str(RNG.integers(10**17, 9 * 10**17)) for _ in range(N)]
    assert field("konto", konto=digits)["role"] == "id"
    lost = field("konto", konto=[f"{float(v):.2E}" for v in digits])
    assert lost["role"] == "id" and "rows now share their value with another" in lost["reason"]


def test_powers_of_ten_of_a_measure_are_a_measure():
    assert field("flux", flux=[f"{10 ** RNG.uniform(3, 19):.2E}" for _ in range(N)])["role"] == "feature"


def test_a_text_that_differs_in_each_row_and_is_often_empty_is_used_for_whether_it_is_there():
    link = [f"http://a.example/{i}" if i % 3 == 0 else "" for i in range(N)]
    assert field("link", link=link)["role"] == "feature" and said("only whether it is filled", link=link)


@pytest.mark.parametrize("form", ["{}k-{}k", "{}h {}m", "{} x {} cm"])
def test_the_only_telling_column_is_not_dropped_for_its_notation(form):
    cells = [form.format(a, b) for a, b in zip(RNG.integers(2, 99, N), RNG.integers(100, 9999, N), strict=True)]
    assert field("span", span=cells)["role"] == "feature"


# ---- which row is which ------------------------------------------------------------------------------------


def test_what_names_a_row_does_not_hang_on_roles_and_types():
    code = [f"k{i:03}" for i in RNG.permutation(N)]
    plain = contract(code=code, c=choose("a", "b"))["identity"]
    assert plain["columns"] == ["code"]
    for columns in ({"code": {"role": "ignored"}}, {"code": {"type": "text"}}, {"c": {"role": "id"}}):
        assert contract(code=code, c=choose("a", "b"), columns=columns)["identity"]["columns"] == ["code"]
    excluded = contract(code=code, c=choose("a", "b"), problem={"exclude": ["code"]})["identity"]
    assert excluded["columns"] == ["code"]


def test_without_an_id_all_cells_name_a_row_and_what_to_write_down_is_said():
    made = contract(c=choose("a", "b"))
    assert made["identity"]["columns"] == ["x", "good", "c"]
    assert any("split.identity: [x, good, c]" in note for note in made["notes"])
    assert contract(c=choose("a", "b"), split={"identity": ["c", "x"]})["identity"]["columns"] == ["c", "x"]


def test_the_old_name_of_the_draw_is_read_and_named():
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["split"]
    del params["random_state"]
    read = SplitParams.read(params | {"seed": 7})
    assert read.random_state == 7 and "split.random_state now" in read.notes[0]


def test_whole_numbers_with_marks_of_thousands_are_judged_as_numbers_and_not_as_a_counter():
    cells = [f"{v:,}".replace(",", ".") for v in RNG.permutation(np.arange(1000, 99000, 97))[:N]]
    assert field(c=cells)["role"] == "feature"


def test_two_measures_in_a_cell_are_no_id_though_no_two_cells_are_alike():
    pairs = [f"{a}/{b}" for a, b in zip(RNG.integers(90, 170, N), RNG.integers(55, 110, N), strict=True)]
    assert field(c=list(dict.fromkeys(pairs)) + pairs[: N - len(set(pairs))])["role"] == "feature"
    assert field(c=[f"{i:03}-{9 * i:04}" for i in range(N)])["role"] == "id"


def test_a_rectangle_of_a_numbered_thing_and_its_cycles_is_grouped_by_the_thing():
    table = {"Anlagen-Nr": [1 + i // 20 for i in range(N)], "Takt": [1 + i % 20 for i in range(N)]}
    assert field("Anlagen-Nr", **table)["role"] == "group"


def test_of_a_wide_table_it_is_said_what_is_looked_at(monkeypatch):
    from lifecycle.table import texts

    assert not any("different texts" in note for note in contract()["notes"])
    monkeypatch.setattr(texts, "ALL_ODD", 600)
    (note,) = (note for note in contract()["notes"] if "different texts" in note)
    assert note.startswith("2 columns") and "from 300 of its different texts" in note


# ---- words and names that mean something else, too -------------------------------------------------------------


@pytest.mark.parametrize("levels", ["J N T F", "Y J N", "da no ja", "da no", "J F"])
def test_codes_that_are_words_of_several_languages_are_levels_and_no_booleans(levels):
    assert field(c=choose(*levels.split()))["type"] == "string"


@pytest.mark.parametrize(
    "levels",
    [
        "J N",
        "ja nei",
        "ja nej",
        "ja nee",
        "sì no",
        "da nu",
        "так ні",
        "tak nie",
        "да нет",
        "sim não",
        "vero falso",
        "evet hayır",
        "是 否",
        "T F",
    ],
)
def test_yes_and_no_of_one_language_are_a_boolean(levels):
    assert field(c=choose(*levels.split()))["type"] == "boolean"


@pytest.mark.parametrize("name", ["postcode", "sku", "zip"])
def test_codes_that_look_like_years_stay_codes(name):
    assert field(name, **{name: choose(2000, 2018, 2020, 2050, 2060)})["type"] == "string"


@pytest.mark.parametrize("name", ["code_coverage", "cod_catch", "code_churn"])
def test_a_measure_of_code_or_of_cod_is_a_number(name):
    made = field(name, **{name: RNG.uniform(1, 90, N).round(2)})
    assert (made["type"], made["role"]) == ("number", "feature")


def test_rooms_and_stations_are_no_money():
    assert field(c=[f"RM {i}" for i in choose(101, 102, 144, 213)])["type"] == "string"
    assert field(c=[f"RP{i}" for i in choose(11, 38, 40)])["type"] == "string"
    assert field(c=[f"Rp {i:,}".replace(",", ".") for i in RNG.integers(1_000_000, 9_000_000, N)])["type"] == "number"


@pytest.mark.parametrize("levels", ["1s 2s 2p 3d 4f", "1080i 1080p 720p 4k", "6c 7c 8b 9"])
def test_letters_behind_numbers_that_tell_levels_apart_are_kept(levels):
    assert field(c=choose(*levels.split()))["type"] == "string"


def test_once_is_no_eleven_and_due_no_two():
    numbers = list(RNG.integers(1, 99, N - 5))
    for word in ("once", "due", "UN"):
        assert not said("in words", c=numbers + [word] * 5)
    assert said('"six" (6)', c=numbers + ["six"] * 5)


def test_one_lap_of_68_seconds_makes_no_column_of_heights():
    laps = [f"{m}m{s:02d}" for m, s in zip(RNG.integers(4, 19, N - 1), RNG.integers(0, 60, N - 1), strict=True)]
    assert field(c=[*laps, "1m68"])["constraints"]["maximum"] > 200


def test_a_ship_date_that_is_pending_is_missing_and_not_corrupt():
    days = [str(d) for d in pd.date_range("2024-01-01", periods=N)]
    days[::7] = ["pending"] * len(days[::7])
    made = field("ship_date", ship_date=days)
    assert made["type"] == "date" and "pending" in made["missingValues"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("sign", choose("<", ">", "=", "~")),
        ("ward", [f"ward {i}" for i in choose(1, 2, 3, 4)]),
        ("revenue_year_to_date", RNG.integers(20_000, 20_050, N)),
        ("price", choose("1.1", "1.10", "2.05", "1.7", "2.5")),
    ],
)
def test_no_note_puzzles_over_what_is_plain(name, cells):
    assert [note for note in contract(**{name: cells})["notes"] if f'"{name}"' in note] == []


@pytest.mark.parametrize("form", ["{:04}_{:02}.jpg", "P{}-scan{}", "{}/visit{:02}.dcm", "ear{:03} v{}"])
def test_the_part_of_a_files_name_that_several_rows_share_keeps_them_together(form):
    rng = np.random.default_rng(5)
    ids = [form.format(i, k + 1) for i, n in enumerate(rng.integers(1, 6, 60)) for k in range(n)]
    made = contract(good=rng.choice(["yes", "no"], len(ids)), x=rng.normal(size=len(ids)), file=ids)
    assert made["identity"]["group"] == "file" and made["identity"]["part"]


@pytest.mark.parametrize("name", ["Maszyna", "machine", "Patient"])
def test_in_a_rectangle_of_a_thing_and_its_cycles_the_thing_is_the_group_by_its_name(name):
    rng = np.random.default_rng(6)
    things, cycle = np.repeat([f"M{k}" for k in range(12)], 20), np.tile(np.arange(1, 21), 12)
    made = contract(good=rng.normal(size=240), x=rng.normal(size=240), cycle=cycle, **{name: things})
    assert made["identity"]["group"] == name
    other = contract(good=rng.normal(size=240), x=rng.normal(size=240), cycle=cycle, region=things)
    assert "group" not in other["identity"]


@pytest.mark.parametrize(
    ("name", "is_group"), [("HEIGHT", False), ("Wysokość", False), ("X.coord", False), ("crown", True)]
)
def test_a_measure_by_whose_value_rows_are_alike_is_said_to_be_a_group_and_stays_a_feature(name, is_group):
    rng = np.random.default_rng(7)
    trees = np.repeat(np.arange(60), 4)
    sizes = rng.permutation(np.arange(140, 200))[:60]
    near, far = rng.normal(size=60).round(3), rng.normal(size=60).round(3)
    made = contract(good=rng.normal(size=240), x=near[trees], z=far[trees], **{name: sizes[trees]})
    assert (made["identity"].get("group") == name) == is_group
    assert is_group or any("may say which rows are of one thing" in note for note in made["notes"])


def test_several_labels_in_the_cells_of_a_feature_are_said():
    rng = np.random.default_rng(8)
    sets = [";".join(sorted(rng.permutation(["rot", "blau", "grün", "gelb"])[: 1 + i % 3])) for i in range(N)]
    assert said("4 labels in", tags=sets)
    pairs = [f"{'Ana Bo Cy Di'.split()[i % 4]}, {'Lima Quito Sucre'.split()[i % 3]}" for i in range(N)]
    assert not said("several labels", who=pairs)


def test_numbers_of_nineteen_digits_are_moments_by_their_name_and_else_lose_no_digit():
    rng = np.random.default_rng(9)
    cells = [str(1_152_921_504_606_846_976 + int(k)) for k in rng.integers(0, 10**15, N)]
    assert field("post", post=cells)["role"] == "id" and not said("epoch_ns", post=cells)
    assert field("seen_at", seen_at=cells)["type"] == "datetime"


def test_decimals_are_no_part_of_an_id_that_rows_share():
    made = contract(
        price=[f"{k / 100:.2f}" for k in range(160)], x=[k % 7 for k in range(160)], good=["yes", "no"] * 80
    )
    assert "group" not in made["identity"]
    assert next(f for f in made["fields"] if f["name"] == "price")["role"] == "feature"


def test_rows_whose_answer_is_a_word_for_missing_are_said_to_be_set_aside():
    """NA may be North America."""
    assert said('say "NA" are read as without an answer', good=np.resize(["NA", "EU", "APAC"], N))
    assert not said("without an answer", good=np.resize(["", "EU", "APAC"], N))


@pytest.mark.parametrize(
    ("answers", "code"), [(["0", "1", "9"], "9"), (["1", "2", "99"], "99"), (["-9", "0", "1"], "-9")]
)
def test_a_code_for_no_answer_beside_two_classes_is_said_with_the_cure(answers, code):
    assert said(f"rows hold {code} beside two classes", good=np.resize(answers, N))


@pytest.mark.parametrize("answers", [["-1", "0", "1"], ["1", "2", "3"], ["0", "1", "5"], ["8", "9", "10"]])
def test_three_classes_of_which_each_is_meant_are_left_alone(answers):
    assert not said("beside two classes", good=np.resize(answers, N))


@pytest.mark.parametrize(
    "twin", ["caf\u00e9\u200b", "cafe\u0301", "\u200fcaf\u00e9"], ids=["blank", "accent", "direction"]
)
def test_what_cannot_be_seen_makes_no_class_of_its_own(twin):
    made = contract(good=np.resize(["caf\u00e9", twin, "bar"], N))
    assert made["problem"]["classes"] == ["caf\u00e9", "bar"] or made["problem"]["classes"] == ["bar", "caf\u00e9"]


def test_of_a_lowest_value_that_many_hold_it_is_asked_whether_it_stands_for_less():
    value = np.maximum(RNG.normal(90, 20, N).round(1), 80)
    assert said("the lowest value: is it a cap, of what is less", good=value)


@pytest.mark.parametrize(("name", "is_thing"), [("patient_code", True), ("Kundencode", True), ("article code", False)])
def test_the_code_of_a_thing_is_its_name_and_that_of_an_article_is_not(name, is_thing):
    things = np.tile(np.arange(60), 3)
    level = things * 37 % 60
    near, far = level + np.arange(180) % 7 / 10, level * 3 + np.arange(180) % 5 / 10
    made = contract(**{name: [f"P-{t:04d}" for t in things]}, x=near, y=far, good=np.where(level > 30, "yes", "no"))
    assert (made["identity"].get("group") == name) == is_thing


@pytest.mark.parametrize(
    "name",
    [
        "number_customer_service_calls",
        "num_llamadas_cliente",
        "num_user_for_reviews",
        "Num_Credit_Card",
        "num_person",
        "Vehicle_Reference",
    ],
)
def test_how_many_there_are_is_learned_from_and_no_group(name):
    counts = np.minimum(np.random.default_rng(1).geometric(0.3, 600), 14)
    made = contract(**{name: counts}, x=RNG.normal(size=600), good=np.where(counts > 3, "yes", "no"))
    assert "group" not in made["identity"]
    assert next(f for f in made["fields"] if f["name"] == name)["role"] == "feature"


@pytest.mark.parametrize("name", ["num_person", "numero_cliente", "customer_number"])
def test_the_number_of_somebody_is_a_group(name):
    numbers = 1 + np.random.default_rng(1).permutation(600) % 30
    made = contract(**{name: numbers}, x=RNG.normal(size=600), good=np.where(numbers % 7 > 3, "yes", "no"))
    assert made["identity"]["group"] == name


def test_rows_belong_to_a_patient_and_not_to_the_month_in_which_each_stopped():
    """Each patient has a first row of another month; a site holds whole patients."""
    draw = np.random.default_rng(1)
    patient, month = np.repeat(np.arange(100), 4), draw.permutation(100) % 25
    level = draw.normal(size=25)[month]
    stop = np.where(np.arange(400) % 4 > 0, 3 * month[patient], draw.integers(0, 75, 400))
    rows = {
        "id": patient,
        "stop": stop,
        "x": (level[patient] + draw.normal(size=400) / 100).round(3),
        "size": (10 * level[patient]).round(2),
        "good": np.where(level[patient] > 0, "yes", "no"),
    }
    assert contract(**rows)["identity"]["group"] == "id"
    assert contract(**rows | {"stop": 3 * month[patient]})["identity"]["group"] == "stop"


@pytest.mark.parametrize(("name", "is_group"), [("price", False), ("dose", True)])
def test_rows_of_one_price_are_of_no_one_thing(name, is_group):
    draw = np.random.default_rng(1)
    codes = draw.permutation(np.repeat(draw.permutation(2000)[:60], 4))
    near = np.unique(codes, return_inverse=True)[1]
    level, other = draw.normal(size=(2, 60))
    made = contract(
        **{name: codes}, x=level[near].round(3), z=other[near].round(3), good=np.where(level[near] > 0, "yes", "no")
    )
    assert (made["identity"].get("group") == name) == is_group


def test_a_subject_is_a_topic_or_somebody():
    topics = "Math Biology Chemistry Physics History Geography Art Music Latin French Law".split()
    at = np.random.default_rng(1).integers(0, len(topics), 600)
    others = {"x": RNG.normal(size=600), "good": np.where(at % 3 == 0, "yes", "no")}
    assert field("subject", subject=[topics[i] for i in at], **others)["role"] == "feature"
    assert field("subject", subject=[f"S{i:02d}" for i in at], **others)["role"] == "group"


def test_a_place_or_three_numbers_in_a_cell_are_no_id_though_no_two_cells_are_alike():
    near = RNG.uniform(40, 60, N)
    assert field(c=[f"{a:.5f}, {a / 3:.5f}" for a in near])["role"] == "feature"
    assert field(c=[f"({a:.4f} {-a / 7:.4f})" for a in near])["role"] == "feature"
    wins = [f"{5 + i % 13}-{3 + i * 7 % 19}-{i % 9}" for i in range(N)]
    assert (
        field(c=wins)["role"] == "feature"
        and field(c=[f"978-{i:03d}-{i * 7919 % 100000:05d}" for i in range(N)])["role"] == "id"
    )


def test_codes_that_look_like_spans_powers_or_measures_stay_codes():
    assert field(c=[f"P{1 + i * 7 % 400}M" for i in range(N)])["type"] == "string"
    assert field(c=[f"P{(3, 6, 12)[i % 3]}M" for i in range(N)])["type"] == "number"
    assert field(c=[f"{10 + i % 89}.D-{10 + i * 7 % 80}" for i in range(N)])["type"] == "string"
    assert field(c=[f"{1 + i // 40}-{98 + i // 8 % 5}-{8 + i % 8}" for i in range(N)])["role"] == "id"
