"""monitor: is what production sends still what the model was made for, and is the model still as good as at release?

Run: python -m stages.monitor      (reads the released bundle in models/champion, else models/bundle, and data/live;
writes reports/monitoring.json, reports/monitoring.html)

Each check is a row: name, measured, expected, verdict, why. The worst of them, by the rules in params.yaml, is the
verdict: ok, warn or retrain. A changed relation between rows and target (concept drift) is seen only where labels came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.lib.errors import UserError, stage
from stages.lib.files import Block, read_params, read_parquet, read_yaml, write_json, write_text
from stages.lib.live import LIVE, batch_files, digest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from stages.lib.live import Live

BUNDLES = (Path("models/champion/bundle"), Path("models/bundle"))
VERDICTS = ("ok", "warn", "retrain")
# What may raise an alarm by chance, and its share of the false alarms that params.yaml allows: the most goes to what
# happens most often. Where a family cannot be tested, the others have its share.
FAMILIES = {"quality": 2, "columns": 8, "relations": 2, "rows": 3, "predictions": 2, "estimate": 1, "performance": 2}


@dataclass
class Bundle:
    """What live rows are held against. `reference`: held-out typed rows; `answers`: the model's, (n, k) or (n,)."""

    contract: dict[str, Any]
    reference: pd.DataFrame
    answers: np.ndarray


@dataclass
class Finding:
    """One test, before it is judged: an alarm needs p below what its family may have, and an effect of at least `floor`."""

    name: str
    measured: Any
    expected: str
    p: float
    effect: float
    floor: float
    why: str  # what was seen
    column: str = ""
    rule: str = ""  # where it is not the family's


def assess(bundle: Bundle, live: Live, answers: np.ndarray, params: Block) -> dict[str, Any]:
    """All checks and the verdict. `answers`: the model's for the live rows."""
    check_params(params)
    n = len(live.rows)
    labelled = labels_of(live, bundle)
    checks = simple_checks(bundle, live, params)
    found = {"quality": quality(bundle, live, params)}
    enough = n >= params["min_rows"]
    if enough:
        found |= drift(bundle, live, answers, labelled, params)
        found["estimate"] = estimate(bundle, answers, params)
    if labelled.sum() >= params["min_labels"]:
        found["performance"] = performance(bundle, live, answers, labelled, params)
        found["performance"] += biases(bundle, live, answers, labelled, params)
    tested = {family: findings for family, findings in found.items() if findings}
    for family, findings in tested.items():
        alpha = params["false_alarms"] * FAMILIES[family] / sum(FAMILIES[f] for f in tested)
        checks += judged(family, findings, alpha, params["rules"])
    facts = {"live_rows": n, "live_labelled": int(labelled.sum())}
    return verdict(checks, facts, params) | {"batches": live.batches}


def check_params(params: Block) -> None:
    for key, high in (
        ("false_alarms", 0.5),
        ("min_effect", 1),
        ("min_faults", 1),
        ("min_correlation", 1),
        ("min_bias", 10),
        ("min_lost", 10),
    ):
        params.number(key, 0, high)
    for key in ("min_auc", "far_auc", "confidence"):
        params.number(key, 0.5, 1)
    for key, low in (
        ("min_rows", 10),
        ("min_labels", 10),
        ("window_rows", 10),
        ("classifier_rows", 50),
        ("n_bootstrap", 20),
    ):
        params.number(key, low, 1e7)
    params.number("volume_factor", 1, 1e6)
    rules = Block(params["rules"], name="monitor.rules", path=params.path)
    for key in (*FAMILIES, "far_rows", "bias", "volume", "freshness", "if_labels_hold"):
        rules.choice(key, list(VERDICTS))


def labels_of(live: Live, bundle: Bundle) -> np.ndarray:
    from stages.lib.estimate import known_labels

    return known_labels(live.rows[bundle.contract["problem"]["target"]], bundle.contract)


# ---- is the data whole ------------------------------------------------------------------------------------


def row(
    family: str, name: str, measured: Any, expected: str, result: str, why: str, column: str = ""
) -> dict[str, Any]:
    if isinstance(measured, float):
        measured = float(f"{measured:.4g}")
    found = {"family": family, "name": name, "measured": measured, "expected": expected, "verdict": result, "why": why}
    return found | ({"column": column} if column else {})


def simple_checks(bundle: Bundle, live: Live, params: Block) -> list[dict]:
    """What needs no test: files, columns, amount, age."""
    import pandas as pd

    from stages.lib.quality import newest, volume

    rules, n, out = params["rules"], len(live.rows), []
    bad = live.unreadable
    why = "; ".join(bad[:3]) if bad else f"{len(live.batches)} files"
    out.append(
        row("quality", "batches can be read", len(bad), "none that cannot", rules["quality"] if bad else "ok", why)
    )
    broken, limit = broken_lines(live), params["min_faults"]
    why = f"{sum(b['broken'] for b in live.batches):,} lines have more or fewer cells than their header"
    out.append(
        row(
            "quality",
            "lines that are no rows",
            broken,
            f"at most {limit:.0%}",
            rules["quality"] if broken > limit else "ok",
            why,
        )
    )
    for column, files in live.absent.items():
        spec = next(f for f in bundle.contract["fields"] if f["name"] == column)
        harm = rules["quality"] if spec["role"] in ("feature", "time") else "ok"
        why = f'"{column}" is not in {", ".join(files[:3])}; the model takes it as missing'
        out.append(
            row("quality", "column is there", f"absent from {len(files)} files", "in each file", harm, why, column)
        )
    few = n < params["min_rows"]
    why = (
        "too few rows to speak of drift: that is not looked for yet" if few else f"the newest {n:,} rows are looked at"
    )
    if live.taken:
        why += f"; {live.taken:,} rows that training has since taken are left out"
    out.append(row("quality", "enough live rows", n, f"at least {params['min_rows']}", "ok", why))
    if live.batches:
        size, usual = volume(live.batches, params["volume_factor"])
        factor = params["volume_factor"]
        odd = usual is not None and not usual / factor <= size <= usual * factor
        why = (
            "fewer than three earlier batches to compare with"
            if usual is None
            else f"the earlier ones have {usual:,.0f} in the middle"
        )
        out.append(
            row(
                "quality",
                "rows in the newest batch",
                size,
                f"within {factor:g} times the usual",
                rules["volume"] if odd else "ok",
                why,
            )
        )
    last, was = newest(live.rows, bundle.contract), newest(bundle.reference, bundle.contract)
    if last is not None and was is not None:
        out.append(freshness(last, was, params, pd.Timestamp(str(params["as_of"])) if params["as_of"] else None))
    return out


def broken_lines(live: Live) -> float:
    """Their share of all lines."""
    broken = sum(b["broken"] for b in live.batches)
    return broken / max(1, broken + sum(b["rows"] for b in live.batches))


def freshness(last: Any, was: Any, params: Block, as_of: Any) -> dict:
    """A stage has no clock: age is measured up to `as_of`, where it is given, else only against the reference."""
    if as_of is not None:
        age = (as_of - last).days
        old = age > params["max_age_days"]
        expected, why = (
            f"at most {params['max_age_days']} days before {as_of:%Y-%m-%d}",
            f"the newest live row is {age} days old",
        )
    else:
        old = last < was
        expected = f"not before {was:%Y-%m-%d}, the reference's newest"
        why = (
            "no row is newer than those the model was tested on"
            if old
            else "monitor.as_of is empty, so its age is not measured"
        )
    return row(
        "quality", "newest row", f"{last:%Y-%m-%d}", expected, params["rules"]["freshness"] if old else "ok", why
    )


def quality(bundle: Bundle, live: Live, params: Block) -> list[Finding]:
    from stages.lib.quality import copies, count_faults

    if not len(live.rows):
        return []
    out = []
    for hit in count_faults(live, bundle.reference, bundle.contract):
        share, was = hit.hits / hit.n, hit.was / hit.n_was
        why = f'"{hit.column}": {hit.hits:,} of {hit.n:,} live cells, {was:.1%} in the reference' + examples(hit, live)
        expected = f"less than {params['min_faults']:.0%} above {was:.1%}"
        out.append(Finding(hit.name, share, expected, hit.p, share - was, params["min_faults"], why, hit.column))
    if len(live.rows) >= params["min_rows"]:
        share, was, p = copies(live.rows, bundle.reference, bundle.contract, params["random_state"])
        why = f"{share:.1%} of rows are copies of another, {was:.1%} in as many reference rows"
        out.append(
            Finding(
                "copied rows",
                share,
                f"less than {params['min_faults']:.0%} above {was:.1%}",
                p,
                share - was,
                params["min_faults"],
                why,
            )
        )
    return out


def examples(hit: Any, live: Live) -> str:
    masks = {"unseen categories": live.conformed.unseen, "type faults": live.conformed.corrupt}.get(hit.name, {})
    if hit.column not in masks:
        return ""
    cells = live.text[hit.column][masks[hit.column]].unique()[:3]
    return f" (such as {', '.join(repr(str(c)[:40]) for c in cells)})"


# ---- has it changed -------------------------------------------------------------------------------------------


def drift(
    bundle: Bundle, live: Live, answers: np.ndarray, labelled: np.ndarray, params: Block
) -> dict[str, list[Finding]]:
    """Columns one by one, relations between them, whole rows, predictions; and the target, where it is known."""

    from stages.lib.drift import compare, compare_numbers, compare_relations, drift_kinds, tell_apart

    contract, floor = bundle.contract, params["min_effect"]
    kinds = {c: k for c, k in drift_kinds(contract).items() if c not in live.absent}
    target, task = contract["problem"]["target"], contract["problem"]["task"]
    a, b = bundle.reference, live.rows
    expected = f"less than {floor:.0%} of rows lie elsewhere"
    columns = []
    for name, kind in [*kinds.items(), (target, "number" if task == "regression" else "category")]:
        now = b[name]
        if name == target:
            if labelled.sum() < params["min_labels"]:
                continue
            now = now[labelled]
        if test := compare(kind, a[name], now):
            what = "target" if name == target else "column"
            columns.append(
                Finding(
                    f"{what} distribution",
                    test.effect,
                    expected,
                    test.p,
                    test.effect,
                    floor,
                    f'"{name}": {test.what}',
                    name,
                )
            )
    floor_r = params["min_correlation"]
    relations = [
        Finding(
            "relation of columns",
            t.effect,
            f"moves by less than {floor_r:g}",
            t.p,
            t.effect,
            floor_r,
            f'"{one}" with "{other}": {t.what}',
            f"{one} ~ {other}",
        )
        for one, other, t in compare_relations(a, b, {c: k for c, k in kinds.items() if k != "text"})
    ]
    whole = []
    if kinds:
        t = tell_apart(a, b, kinds, int(params["classifier_rows"]), params["random_state"])
        rule = "far_rows" if t.effect >= params["far_auc"] else "rows"
        whole = [
            Finding(
                "whole rows",
                t.effect,
                f"AUC below {params['min_auc']:g}",
                t.p,
                t.effect,
                params["min_auc"],
                t.what,
                rule=rule,
            )
        ]
    predictions = []
    for at, label in enumerate([""] if answers.ndim == 1 else contract["problem"]["classes"]):
        if len(contract["problem"].get("classes") or []) == 2 and at == 0:
            continue  # the other class's probability says the same
        now, was = (x if x.ndim == 1 else x[:, at] for x in (answers, bundle.answers))
        t = compare_numbers(was, now)
        of = f'probability of "{label}"' if label else "answers"
        predictions.append(
            Finding("prediction distribution", t.effect, expected, t.p, t.effect, floor, f"{of}: {t.what}", label)
        )
    return {"columns": columns, "relations": relations, "rows": whole, "predictions": predictions}


# ---- is it still good ---------------------------------------------------------------------------------------------


def reference_scores(bundle: Bundle) -> tuple[np.ndarray, float]:
    """(y of the reference rows, the naive baseline's score on them)."""
    from stages.lib.estimate import naive_answers
    from stages.lib.metrics import score
    from stages.lib.model import encode_target

    problem = bundle.contract["problem"]
    y = encode_target(bundle.reference[problem["target"]], bundle.contract)
    return y, score(problem["metric"], y, naive_answers(y, bundle.answers))


def estimate(bundle: Bundle, answers: np.ndarray, params: Block) -> list[Finding]:
    """Without labels: what the answers themselves lead one to expect."""
    from stages.lib.estimate import estimated, lost

    name = bundle.contract["problem"]["metric"]
    y, naive = reference_scores(bundle)
    how = (int(params["n_bootstrap"]), params["confidence"], params["random_state"])
    was = estimated(name, bundle.answers, y, bundle.answers, *how)
    now = estimated(name, answers, y, bundle.answers, *how)
    share, p = lost(name, now, was, naive)
    why = (
        f"{name} {now.value:.4g} is to be expected [{now.low:.4g}, {now.high:.4g}], {was.value:.4g} on the reference; "
        "an estimate: blind to a changed relation with the target"
    )
    return [Finding("estimated performance", now.value, lost_less(params), p, share, params["min_lost"], why)]


def performance(bundle: Bundle, live: Live, answers: np.ndarray, labelled: np.ndarray, params: Block) -> list[Finding]:
    """With labels: the score on all of them, and on the newest batch that has enough."""
    from stages.lib.estimate import lost, measured
    from stages.lib.model import encode_target

    problem = bundle.contract["problem"]
    name = problem["metric"]
    y_ref, naive = reference_scores(bundle)
    how = (int(params["n_bootstrap"]), params["confidence"], params["random_state"])
    was = measured(name, y_ref, bundle.answers, *how)
    parts = {"real performance": labelled}
    for one in reversed(live.batches):
        here = labelled & (live.batch == one["file"])
        if here.sum() < labelled.sum() and here.sum() >= params["min_labels"]:
            parts["real performance, newest batch"] = here
            break
    out = []
    for title, rows in parts.items():
        now = measured(name, encode_target(live.rows[problem["target"]][rows], bundle.contract), answers[rows], *how)
        share, p = lost(name, now, was, naive)
        why = (
            f"{name} {now.value:.4g} [{now.low:.4g}, {now.high:.4g}] on {rows.sum():,} labelled rows, "
            f"{was.value:.4g} [{was.low:.4g}, {was.high:.4g}] at release"
        )
        out.append(Finding(title, now.value, lost_less(params), p, share, params["min_lost"], why))
    return out


def biases(bundle: Bundle, live: Live, answers: np.ndarray, labelled: np.ndarray, params: Block) -> list[Finding]:
    """With labels: outcomes on the whole above or below the answers. A score may even rise while that happens."""
    import numpy as np
    from scipy.stats import norm

    from stages.lib.model import encode_target

    problem, floor = bundle.contract["problem"], params["min_bias"]
    y, y_ref = (
        encode_target(v, bundle.contract)
        for v in (live.rows[problem["target"]][labelled], bundle.reference[problem["target"]])
    )
    told, out = answers[labelled], []
    for at, label in enumerate(problem["classes"] if told.ndim == 2 else [""]):
        if told.ndim == 2 and told.shape[1] == 2 and at == 0:
            continue  # the other class's errors, with the sign turned
        if told.ndim == 2:
            now, was = (y == at) - told[:, at], (y_ref == at) - bundle.answers[:, at]
            seen = f'"{label}" came in {(y == at).mean():.1%} of {len(y):,} labelled rows and was expected in {told[:, at].mean():.1%}'
        else:
            now, was = y - told, y_ref - bundle.answers
            seen = f"the outcome of {len(y):,} labelled rows is {y.mean():.4g} in the mean and was expected at {told.mean():.4g}"
        error = float(np.sqrt(now.var() / len(now) + was.var() / len(was)))
        moved = float(now.mean() - was.mean())
        p = float(2 * norm.sf(abs(moved) / error)) if error > 0 else 1.0
        share = abs(moved) / max(float(was.std()), 1e-12)
        expected = f"errors move by less than {floor:g} of their standard deviation"
        out.append(Finding("outcomes as expected", share, expected, p, share, floor, seen, label, rule="bias"))
    return out


def lost_less(params: Block) -> str:
    return f"less than {params['min_lost']:.0%} of the gain over the naive baseline lost"


def by_batch(bundle: Bundle, live: Live, answers: np.ndarray, params: Block) -> None:
    """Adds to each batch its real score with an interval, where it has labels enough: the course of time, for the page."""
    from stages.lib.estimate import measured
    from stages.lib.model import encode_target

    problem, labelled = bundle.contract["problem"], labels_of(live, bundle)
    for one in live.batches:
        here = labelled & (live.batch == one["file"])
        if here.sum() >= params["min_labels"]:
            y = encode_target(live.rows[problem["target"]][here], bundle.contract)
            s = measured(
                problem["metric"],
                y,
                answers[here],
                int(params["n_bootstrap"]),
                params["confidence"],
                params["random_state"],
            )
            one |= {"score": s.value, "low": s.low, "high": s.high}


# ---- verdict ----------------------------------------------------------------------------------------------------


def judged(family: str, findings: Sequence[Finding], alpha: float, rules: dict[str, str]) -> list[dict]:
    from stages.lib.drift import adjust

    out = []
    for f, q in zip(findings, adjust([f.p for f in findings]), strict=True):
        alarm, result, why = q <= alpha and f.effect >= f.floor, "ok", f.why
        if alarm:
            result = rules[f.rule or family]
        elif q <= alpha:
            why += "; more than chance, but too little to matter"
        out.append(row(family, f.name, f.measured, f.expected, result, why, f.column))
    return out


def verdict(checks: list[dict], facts: dict[str, Any], params: Block) -> dict[str, Any]:
    """The worst check's verdict; drift counts for no more than `if_labels_hold` where labels show that the model is as good."""
    real = [c for c in checks if c["family"] == "performance"]
    holds = bool(real) and all(c["verdict"] == "ok" for c in real)
    cap = VERDICTS.index(params["rules"]["if_labels_hold"])
    for c in checks:
        # an estimate is no label: it never lowers another check's verdict
        if holds and c["family"] not in ("quality", "performance") and VERDICTS.index(c["verdict"]) > cap:
            c["verdict"] = VERDICTS[cap]
            c["why"] += "; labels show that the model is as good as at release"
    worst = max((VERDICTS.index(c["verdict"]) for c in checks), default=0)
    alarms = sorted((c for c in checks if c["verdict"] != "ok"), key=lambda c: -VERDICTS.index(c["verdict"]))
    reasons = [f"{c['name']}: {c['why']}" for c in alarms]
    if not reasons:
        few = facts["live_rows"] < params["min_rows"]
        reasons = [
            f"only {facts['live_rows']} live rows: too few to speak of drift"
            if few
            else f"{len(checks)} checks on {facts['live_rows']:,} live rows found nothing beyond chance"
        ]
    drifted = sum(c["family"] == "columns" and c["verdict"] != "ok" for c in checks)
    first = {"verdict": VERDICTS[worst], **facts, "alarms": len(alarms), "drifted_columns": drifted}
    for key, family in (("live_auc", "rows"), ("live_estimated", "estimate"), ("live_measured", "performance")):
        values = [c["measured"] for c in checks if c["family"] == family]
        first |= {key: values[0]} if values else {}
    return first | {"reasons": reasons, "checks": checks}


def nothing(reason: str) -> dict[str, Any]:
    zero = dict.fromkeys(("live_rows", "live_labelled", "alarms", "drifted_columns"), 0)
    return {"verdict": "ok", **zero, "reasons": [reason], "checks": [], "batches": []}


def find_bundle() -> Path | None:
    """The released bundle, else the newest that passed the gate."""
    return next((b for b in BUNDLES if (b / "model.joblib").exists()), None)


def read_bundle(folder: Path) -> Bundle:
    contract, reference = read_yaml(folder / "contract.yaml"), read_parquet(folder / "reference.parquet")
    names = [c for c in reference.columns if c == "__answer__" or c.startswith("__p_")]
    if not names:
        raise UserError(f"{folder}/reference.parquet has no answers of the model; `dvc repro deploy` makes it anew")
    answers = reference[names].to_numpy(float)
    return Bundle(contract, reference, answers[:, 0] if names == ["__answer__"] else answers)


def watch(folder: Path, params: Block) -> dict[str, Any]:
    from stages.lib.live import read_live
    from stages.lib.metrics import score
    from stages.lib.model import load_model

    bundle = read_bundle(folder)
    live = read_live(bundle.contract, int(params["window_rows"]))
    answers = load_model(folder).answers(live.rows) if len(live.rows) else bundle.answers[:0]
    result = assess(bundle, live, answers, params)
    by_batch(bundle, live, answers, params)
    problem = bundle.contract["problem"]
    y, naive = reference_scores(bundle)
    facts = {k: problem[k] for k in ("metric", "target")} | {
        "released": score(problem["metric"], y, bundle.answers),
        "naive": naive,
    }
    return result | {"about": [facts]}  # a list: what is no list, DVC shows as metrics


def main() -> None:
    from stages.lib.monitor_page import page_of

    params = read_params("monitor")
    folder = find_bundle()
    if folder is None:
        result = nothing("there is no bundle yet: the gate refused the candidate, so there is no model to watch")
    elif not batch_files():
        result = nothing(f"no live data: {LIVE} has no batch yet, so there is nothing to compare")
    else:
        result = watch(folder, params)
    about = {"bundle": folder.as_posix() if folder else "", "live": digest()}
    result["about"] = [about | fact for fact in result.get("about", [{}])]
    write_json("reports/monitoring.json", result)
    write_text("reports/monitoring.html", page_of(result))
    for reason in result["reasons"][:8]:
        print(f"  {reason}")
    print(
        f"monitor: verdict {result['verdict']}; {result['live_rows']} live rows, {result['live_labelled']} labelled, {result['alarms']} of {len(result['checks'])} checks raise an alarm"
    )


if __name__ == "__main__":
    stage(main)
