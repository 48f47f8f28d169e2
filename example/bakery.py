"""The example's data: a bakery's log of 2025. It is simulated; there is no such bakery.

    python -m example.bakery            writes data/raw/bakes.csv and data/later/2025-10.csv, 2025-11.csv, 2025-12.csv
    python -m example.bakery --truth    prints as JSON every defect's place, and the best score a model can reach

Each row is a bake, and `good` says whether it could be sold. January to September are there to train on. In October
nothing changes. In November oven 5 arrives, 25 °C hotter than it shows, and what it bakes mostly burns. In December it
does nearly all the work and the bakers have learned to turn it down: a display that used to mean "too cold" is right.

Since chance_of_good() is known, best_reachable() tells how far a model is from the limit; since the dirt is put in by
written_log(), which keeps a ledger of it, tests can tell how much of it was found.
Standard library only: cookiecutter's hook runs this file where nothing else is installed yet.
"""

import csv
import datetime
import functools
import io
import json
import math
import os
import random
import sys

SEED = 2025
FILES = {"bakes.csv": range(1, 10), "2025-10.csv": [10], "2025-11.csv": [11], "2025-12.csv": [12]}  # months of each
COLUMNS = "order baked_at oven recipe flour temperature minutes humidity baker dough_g note good".split()

# recipe: (share of bakes, ideal °C, ideal minutes, usual grams of dough, flours)
RECIPES = {
    "Sourdough": (0.25, 230, 45, 950, ["wheat 550", "wholemeal", "spelt"]),
    "Rye loaf": (0.15, 230, 45, 1100, ["rye", "wholemeal"]),
    "Spelt loaf": (0.16, 230, 45, 900, ["spelt"]),
    "Brioche": (0.14, 180, 35, 600, ["wheat 405", "wheat 550"]),
    "Sponge cake": (0.12, 180, 35, 800, ["wheat 405", "wheat 550"]),
    "Carrot cake": (0.18, 180, 35, 1200, ["wheat 405", "wholemeal", "spelt"]),
}
OVENS = {"oven 1": 0, "oven 2": 0, "oven 3": -5, "oven 4": 0, "oven 5": 25}  # °C hotter than the display says
# The next three in units of the logit; flour's is for each 10 % of humidity above the usual 55 %.
FLOURS = {"wheat 550": 0.0, "wheat 405": 0.0, "wholemeal": 0.5, "rye": -0.5, "spelt": -0.5}
BAKERS = {"Aino": 0.7, "Bruno": 0.3, "Chiara": 0.1, "Dede": -0.2, "Zoë": -0.9}
TELLING_NOTES = {"dough felt wet": -2.0, "proofed too long": -1.6, "door opened early": -1.2, "lovely rise": 1.2}
IDLE_NOTES = ["shelf {}", "tray {}", "order for table {}", "{} for the school", "batch {}", "sticker {}", "crate {}",
              "radio on", "delivery was late", "rain outside", "crème for the filling is out", "new apron"]  # fmt: skip

# How often a row or a cell is soiled. A row has one of the row's defects or any of the cells': none hides another.
ROW_DEFECTS = {"duplicate": 0.010, "extra delimiter": 0.0012, "cut short": 0.0012, "nearly empty": 0.0003}
CELL_DEFECTS = {
    "oven": {"blank": 0.006, "question mark": 0.004, "spelling": 0.015},
    "recipe": {"spelling": 0.020},
    "flour": {"blank": 0.010, "question mark": 0.006, "spelling": 0.015},
    "temperature": {"blank": 0.006, "question mark": 0.004, "decimal comma": 0.015, "9999": 0.003, "words": 0.0015},
    "minutes": {"blank": 0.005, "words": 0.001},
    "humidity": {"blank": 0.015, "question mark": 0.005, "decimal comma": 0.015},
    "baker": {"blank": 0.010, "spelling": 0.010},
    "dough_g": {"blank": 0.010, "question mark": 0.003},
    "good": {"blank": 0.004},
}


def normal(rng, mean, deviation):
    """A nearly normal number, from random() alone: what Python promises to repeat in every version."""
    return mean + deviation * (math.fsum(rng.random() for _ in range(12)) - 6)


def pick(rng, choices):
    """One of a list, all alike, or of {choice: share}; what the shares leave of 1 is None."""
    if not isinstance(choices, dict):
        return choices[int(rng.random() * len(choices))]
    left = rng.random()
    for choice, share in choices.items():
        left -= share
        if left < 0:
            return choice
    return None


def pick_oven(rng, day):
    """Oven 5's share is 0 until October, grows to 45 % through November, and is 85 % in December."""
    share = {11: 0.45 * day.day / 30, 12: 0.85}.get(day.month, 0)
    return "oven 5" if rng.random() < share else pick(rng, ["oven 1", "oven 2", "oven 3", "oven 4"])


def write_note(rng):
    """Four bakes of five have a note; one note of four says something of how the bake will turn out."""
    if rng.random() < 0.2:
        return ""
    phrases = [pick(rng, IDLE_NOTES).format(1 + int(rng.random() * 200)) for _ in range(2)]
    if rng.random() < 0.25:
        phrases[int(rng.random() * 2)] = pick(rng, list(TELLING_NOTES))
    return ", ".join(phrases)


def chance_of_good(bake):
    """The true probability that a bake is good: nothing in its row can tell more."""
    _, ideal_temperature, ideal_minutes, usual_g, _ = RECIPES[bake["recipe"]]
    heat = (bake["temperature"] + OVENS[bake["oven"]] - ideal_temperature) / 10
    time = (bake["minutes"] / ideal_minutes - 1) * 10 - (bake["dough_g"] / usual_g - 1) * 5  # heavy dough needs longer
    logit = 2.3 - 0.45 * heat**2 - 0.2 * time**2 - 0.2 * heat * time  # hotter needs shorter
    logit += FLOURS[bake["flour"]] * (bake["humidity"] - 55) / 10 + BAKERS[bake["baker"]]
    logit += sum(weight for phrase, weight in TELLING_NOTES.items() if phrase in bake["note"])
    return 1 / (1 + math.exp(-logit))


@functools.cache
def bakes():
    """Every bake of the year in order of time, clean: a dict by COLUMNS, and beside them `month` and `chance`."""
    rng = random.Random(SEED)
    recipe_shares = {name: share for name, (share, *_) in RECIPES.items()}
    days = [datetime.date(2025, 1, 1) + datetime.timedelta(number) for number in range(365)]
    log = []
    for day in days:
        for minute in sorted(240 + int(rng.random() * 600) for _ in range(20 + int(rng.random() * 6))):
            recipe = pick(rng, recipe_shares)
            _, ideal_temperature, ideal_minutes, usual_g, flours = RECIPES[recipe]
            oven = pick_oven(rng, day)
            turned_down = 20 if oven == "oven 5" and day.month == 12 else 0
            haste = 1 if rng.random() < 0.7 else 5  # on a bad morning nobody looks at the clock
            bake = {
                "order": f"B-{len(log) + 1:05d}",
                "baked_at": f"{day} {minute // 60:02d}:{minute % 60:02d}",
                "oven": oven,
                "recipe": recipe,
                "flour": pick(rng, flours),
                "temperature": round(normal(rng, ideal_temperature - turned_down, 5 * haste), 1),
                "minutes": round(ideal_minutes * normal(rng, 1, 0.04 * haste)),
                "humidity": round(min(95, max(20, normal(rng, 55, 12))), 1),
                "baker": pick(rng, list(BAKERS)),
                "dough_g": round(usual_g * normal(rng, 1, 0.05)),
                "note": write_note(rng),
                "month": day.month,
            }
            bake["chance"] = chance_of_good(bake)
            bake["good"] = "yes" if rng.random() < bake["chance"] else "no"
            log.append(bake)
    return log


def best_reachable(orders):
    """Score the true probabilities on the bakes with these order numbers: {rows, good, log_loss, roc_auc}.

    log_loss (nats) and roc_auc on the outcomes as they fell, as a model's are; roc_auc None if only one class is there.
    """
    by_order = {bake["order"]: bake for bake in bakes()}
    scored = sorted((by_order[order]["chance"], by_order[order]["good"] == "yes") for order in orders)
    n_good = sum(good for _, good in scored)
    n_pairs = n_good * (len(scored) - n_good)
    loss = -math.fsum(math.log(chance if good else 1 - chance) for chance, good in scored) / len(scored)
    # Mann and Whitney's U; only a bake named twice ties with another, and then in its own class, where ranks may swap
    wins = sum(rank for rank, (_, good) in enumerate(scored, 1) if good) - n_good * (n_good + 1) / 2
    auc = wins / n_pairs if n_pairs else None
    return {"rows": len(scored), "good": n_good / len(scored), "log_loss": loss, "roc_auc": auc}


def soiled(rng, kind, column, cell):
    if kind == "spelling":
        return pick(rng, [other for other in (" " + cell, cell + " ", cell.upper(), cell.lower()) if other != cell])
    if kind == "words":
        return pick(rng, [f"ca. {float(cell):.0f}", {"temperature": "hot", "minutes": "long"}[column]])
    return {"blank": "", "question mark": "?", "decimal comma": cell.replace(".", ","), "9999": "9999"}[kind]


@functools.cache
def written_log(name):
    """One of FILES as it is written: (its text, the ledger of its defects).

    A ledger's entry is {line, kind, column}: line 1 is the header, column is None where the whole row is concerned, a
    duplicate's line is the copy's.
    """
    rng = random.Random(f"{SEED} {name}")
    rows, ledger = [COLUMNS], []
    for bake in bakes():
        if bake["month"] not in FILES[name]:
            continue
        cells = [str(bake[column]) for column in COLUMNS]
        whole_row = pick(rng, ROW_DEFECTS)
        if whole_row is None:
            for at, column in enumerate(COLUMNS):
                kind = pick(rng, CELL_DEFECTS.get(column, {}))
                if kind:
                    cells[at] = soiled(rng, kind, column, cells[at])
                    ledger.append({"line": len(rows) + 1, "kind": kind, "column": column})
        elif whole_row == "duplicate":
            rows.append(cells)
        elif whole_row == "extra delimiter":
            cells.insert(4 + int(rng.random() * 8), "")
        elif whole_row == "cut short":
            cells = cells[: 4 + int(rng.random() * 6)]
        elif whole_row == "nearly empty":
            cells = cells[:2] + [""] * (len(COLUMNS) - 2)
        rows.append(cells)
        if whole_row:
            ledger.append({"line": len(rows), "kind": whole_row, "column": None})
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue(), ledger


def write(raw_dir="data/raw", later_dir="data/later"):
    """Write the four files; each beside its place and then renamed, so that nobody reads half of one."""
    for name in FILES:
        folder = raw_dir if name == "bakes.csv" else later_dir
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        with open(path + ".part", "w", encoding="utf-8", newline="") as file:  # newline="": LF on Windows too
            file.write(written_log(name)[0])
        os.replace(path + ".part", path)


def truth():
    """What only the simulator knows, by file: the best reachable score of all its bakes, and the ledger."""
    return {
        name: {
            "best_reachable": best_reachable(bake["order"] for bake in bakes() if bake["month"] in months),
            "defects": written_log(name)[1],
        }
        for name, months in FILES.items()
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--truth"]:
        print(json.dumps(truth(), indent=1))
    else:
        write()
        print("bakery:", "; ".join(f"{n} {written_log(n)[0].count(chr(10))} lines, {len(t['defects'])} defects, "
              f"AUC up to {t['best_reachable']['roc_auc']:.3f}" for n, t in truth().items()))  # fmt: skip
