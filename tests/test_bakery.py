"""The example's simulator: the same bytes everywhere, every defect in its ledger, a limit that is one."""

import ast
import csv
import hashlib
import io
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from example import bakery

LEVELS = {"oven": bakery.OVENS, "recipe": bakery.RECIPES, "flour": bakery.FLOURS, "baker": bakery.BAKERS}
NUMBERS = ["temperature", "minutes", "humidity", "dough_g"]


def count_defects(text):
    """Find the defects in a written log by looking at its text alone: a set of (line, kind, column)."""
    found, seen = set(), set()
    header, *rows = csv.reader(io.StringIO(text))
    for line, cells in enumerate(rows, 2):
        if len(cells) != len(header):
            found.add((line, "extra delimiter" if len(cells) > len(header) else "cut short", None))
        elif tuple(cells) in seen:
            found.add((line, "duplicate", None))
        elif not any(cells[2:]):
            found.add((line, "nearly empty", None))
        else:
            found.update(
                (line, kind, column)
                for column, cell in zip(header, cells, strict=True)
                if (kind := defect(column, cell))
            )
        seen.add(tuple(cells))
    return found


def defect(column, cell):
    if cell in ("", "?"):
        return None if column == "note" else {"": "blank", "?": "question mark"}[cell]
    if column in LEVELS:
        return None if cell in LEVELS[column] else "spelling"
    if column in NUMBERS:
        if cell == "9999":
            return "9999"
        if not cell.replace(",", ".").replace(".", "", 1).isdigit():
            return "words"
        return "decimal comma" if "," in cell else None
    return None


def in_months(*months):
    return [bake for bake in bakery.bakes() if bake["month"] in months]


def degrees_off(bake):
    """What the display says, less the recipe's ideal."""
    return bake["temperature"] - bakery.RECIPES[bake["recipe"]][1]


def share_good(bakes):
    return sum(bake["good"] == "yes" for bake in bakes) / len(bakes)


def test_it_imports_nothing_but_the_standard_library():
    tree = ast.parse(Path(bakery.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported and imported <= sys.stdlib_module_names


def test_another_process_without_any_package_writes_the_same_bytes(tmp_path):
    bakery.write(tmp_path / "raw", tmp_path / "later")
    done = subprocess.run(
        [sys.executable, "-I", "-S", bakery.__file__], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout.count("\n") == 1 and "bakes.csv" in done.stdout
    for name in ["raw/bakes.csv", "later/2025-10.csv", "later/2025-11.csv", "later/2025-12.csv"]:
        assert (tmp_path / name).read_bytes() == (tmp_path / "data" / name).read_bytes()


def test_the_bytes_are_those_of_every_other_machine():
    # Reports, dvc.lock and the README's figures hang on them: change the simulator and this line together.
    written = "".join(bakery.written_log(name)[0] for name in bakery.FILES).encode()
    assert hashlib.sha256(written).hexdigest() == "e6a19882fc88ef509e810b3a849431addfb00581ff3416e418cc3e8fee662186"


def test_another_seed_gives_another_log(monkeypatch):
    usual = bakery.bakes()  # which is kept for all tests of this process, so it is made with the usual seed
    monkeypatch.setattr(bakery, "SEED", bakery.SEED + 1)
    assert bakery.bakes.__wrapped__() != usual


def test_lines_end_in_lf_and_text_is_utf8(tmp_path):
    bakery.write(tmp_path, tmp_path)
    written = (tmp_path / "bakes.csv").read_bytes()
    assert b"\r" not in written and written.endswith(b"\n") and "Zoë" in written.decode("utf-8")


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "bakes.csv").write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: pytest.fail("killed here"))
    with pytest.raises(pytest.fail.Exception):
        bakery.write(tmp_path, tmp_path)
    assert (tmp_path / "bakes.csv").read_text() == "old"


@pytest.mark.parametrize("name", bakery.FILES)
def test_the_ledger_holds_every_defect_that_the_text_shows_and_no_other(name):
    text, ledger = bakery.written_log(name)
    noted = [(entry["line"], entry["kind"], entry["column"]) for entry in ledger]
    assert len(noted) == len(set(noted))
    found = count_defects(text)
    assert found - set(noted) == set() and set(noted) - found == set()


def test_the_log_to_train_on_has_every_kind_of_dirt():
    kinds = {entry["kind"] for entry in bakery.written_log("bakes.csv")[1]}
    in_cells = {kind for kinds in bakery.CELL_DEFECTS.values() for kind in kinds}
    assert kinds == in_cells | set(bakery.ROW_DEFECTS)


@pytest.mark.parametrize(("name", "rows"), [("bakes.csv", 6000), ("2025-10.csv", 680), ("2025-11.csv", 680), ("2025-12.csv", 680)])  # fmt: skip
def test_a_file_holds_its_months_and_no_other(name, rows):
    lines = list(csv.DictReader(io.StringIO(bakery.written_log(name)[0])))
    assert {line["baked_at"][:7] for line in lines} == {f"2025-{month:02d}" for month in bakery.FILES[name]}
    assert [line["baked_at"] for line in lines] == sorted(line["baked_at"] for line in lines)
    assert abs(len(lines) / rows - 1) < 0.05


def test_all_files_have_the_same_columns_and_no_order_number_twice():
    texts = [bakery.written_log(name)[0] for name in bakery.FILES]
    assert {text.splitlines()[0] for text in texts} == {",".join(bakery.COLUMNS)}
    lines = {line for text in texts for line in text.splitlines()[1:]}  # a set: copies of a line fall together
    assert len({line.split(",")[0] for line in lines}) == len(lines) == len(bakery.bakes())


def test_best_reachable_is_scikit_learns_score_of_the_true_chances():
    from sklearn import metrics

    for bakes in (in_months(1, 2, 3), in_months(12), bakery.bakes()[::7]):
        outcome, chance = [bake["good"] == "yes" for bake in bakes], [bake["chance"] for bake in bakes]
        best = bakery.best_reachable(bake["order"] for bake in bakes)
        assert best["rows"] == len(bakes) and best["good"] == pytest.approx(share_good(bakes))
        assert best["log_loss"] == pytest.approx(metrics.log_loss(outcome, chance))
        assert best["roc_auc"] == pytest.approx(metrics.roc_auc_score(outcome, chance))


def test_best_reachable_on_one_class_has_no_auc():
    good = [bake["order"] for bake in bakery.bakes() if bake["good"] == "yes"][:5]
    assert bakery.best_reachable(good)["roc_auc"] is None
    with pytest.raises(KeyError):
        bakery.best_reachable(["B-99999"])


def test_the_limit_leaves_something_to_learn_and_something_to_chance():
    best = bakery.best_reachable(bake["order"] for bake in in_months(*range(1, 10)))
    assert 0.84 < best["roc_auc"] < 0.9 and 0.7 < best["good"] < 0.8


@pytest.mark.parametrize("months", [range(1, 10), [10], [11], [12]])
def test_no_distortion_of_the_true_chances_scores_better(months):
    # Only outcomes that were drawn by these chances have them as their best forecast.
    bakes = in_months(*months)

    def log_loss(distort):
        logits = [distort(math.log(bake["chance"] / (1 - bake["chance"]))) for bake in bakes]
        signs = [1 if bake["good"] == "yes" else -1 for bake in bakes]
        return sum(math.log1p(math.exp(-sign * logit)) for sign, logit in zip(signs, logits, strict=True)) / len(bakes)

    limit = bakery.best_reachable(bake["order"] for bake in bakes)["log_loss"]
    assert log_loss(lambda logit: logit) == pytest.approx(limit)
    for distort in (lambda z: z * 0.7, lambda z: z * 1.4, lambda z: z - 0.5, lambda z: z + 0.5):
        assert log_loss(distort) > limit


def test_what_is_hotter_needs_shorter():
    bake = {**bakery.bakes()[0], "oven": "oven 1", "recipe": "Sourdough", "dough_g": 950, "note": "", "baker": "Aino"}
    chance = {
        (warmer, longer): bakery.chance_of_good({**bake, "temperature": 230 + warmer, "minutes": 45 + longer})
        for warmer in (0, 15)
        for longer in (-6, 0, 6)
    }
    assert chance[15, -6] > chance[15, 0] > chance[15, 6] and chance[0, 0] > chance[0, 6]


def test_in_october_the_world_is_the_same():
    before, october = in_months(*range(1, 10)), in_months(10)
    assert {bake["oven"] for bake in october} == {bake["oven"] for bake in before}
    assert abs(share_good(october) - share_good(before)) < 0.05
    assert abs(sum(map(degrees_off, october)) / len(october) - sum(map(degrees_off, before)) / len(before)) < 2


def test_oven_5_arrives_in_november_grows_and_takes_over():
    def share(bakes):
        return sum(bake["oven"] == "oven 5" for bake in bakes) / len(bakes)

    november = in_months(11)
    early, late = share(november[: len(november) // 2]), share(november[len(november) // 2 :])
    assert share(in_months(*range(1, 11))) == 0
    assert 0 < 2 * early < late < share(in_months(12)) / 2
    assert share(in_months(12)) > 0.8


def test_in_december_a_cold_display_means_good_where_it_meant_bad():
    old = [b for b in in_months(*range(1, 10)) if -30 < degrees_off(b) < -20]
    new = [b for b in in_months(12) if -30 < degrees_off(b) < -20 and b["oven"] == "oven 5"]
    assert len(old) > 100 and len(new) > 100
    assert share_good(new) > share_good(old) + 0.25


def test_pick_keeps_to_the_shares():
    rng = random.Random(1)
    picked = [bakery.pick(rng, {"a": 0.2, "b": 0.3}) for _ in range(5000)]
    assert [round(picked.count(choice) / 5000, 1) for choice in ("a", "b", None)] == [0.2, 0.3, 0.5]
