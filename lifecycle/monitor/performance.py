"""Is the model still as good as at release? Estimated from its own answers, measured where labels came."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from lifecycle.ground.files import Block
from lifecycle.ground.words import alike, short
from lifecycle.model.model import encode_target
from lifecycle.monitor.batches import Live
from lifecycle.monitor.checks import Bundle, Finding
from lifecycle.monitor.estimate import estimated, known_labels, lost, measured


def labels_of(live: Live, bundle: Bundle) -> np.ndarray:
    """Mask of the live rows whose outcome is known."""
    return known_labels(live.rows[bundle.contract["problem"]["target"]], bundle.contract)


def estimate(bundle: Bundle, answers: np.ndarray, params: Block) -> list[Finding]:
    """Without labels: what the answers themselves lead one to expect."""
    name = bundle.contract["problem"]["metric"]
    how = (int(params["n_bootstrap"]), params["confidence"], params["random_state"])
    was = estimated(name, bundle.answers, bundle.y, bundle.answers, *how, bundle.told)
    now = estimated(name, answers, bundle.y, bundle.answers, *how, bundle.told)
    share, p = lost(name, now, was, bundle.naive)
    value, low, high, before = alike([now.value, now.low, now.high, was.value], 4)
    why = (
        f"{name} {value} is to be expected [{low}, {high}], {before} on the reference; "
        "an estimate: blind to a changed relation with the target"
    )
    return [Finding("estimated performance", now.value, lost_less(params), p, share, params["min_lost"], why)]


def looked_at(live: Live, labelled: np.ndarray, params: Block) -> dict[str, np.ndarray]:
    """Masks: all labelled rows, and those of the newest batch that has enough: what is new is thin among what is old."""
    parts = {"": labelled}
    for file in dict.fromkeys(live.batch[::-1]):  # by their newest rows, which are the last
        here = labelled & (live.batch == file)
        if here.sum() < labelled.sum() and here.sum() >= params["min_labels"]:
            return parts | {", newest batch": here}
    return parts


def performance(bundle: Bundle, live: Live, answers: np.ndarray, labelled: np.ndarray, params: Block) -> list[Finding]:
    """With labels: the score on all of them, and on the newest batch that has enough."""
    problem = bundle.contract["problem"]
    name = problem["metric"]
    how = (int(params["n_bootstrap"]), params["confidence"], params["random_state"])
    was = measured(name, bundle.y, bundle.told(bundle.answers), *how)
    out = []
    for which, rows in looked_at(live, labelled, params).items():
        y = encode_target(live.rows[problem["target"]][rows], bundle.contract)
        now = measured(name, y, bundle.told(answers[rows]), *how)
        share, p = lost(name, now, was, bundle.naive)
        value, low, high, *before = alike([now.value, now.low, now.high, was.value, was.low, was.high], 4)
        why = (
            f"{name} {value} [{low}, {high}] on {rows.sum():,} labelled rows, "
            f"{before[0]} [{before[1]}, {before[2]}] at release"
        )
        out.append(Finding(f"real performance{which}", now.value, lost_less(params), p, share, params["min_lost"], why))
    return out


def biases(bundle: Bundle, live: Live, answers: np.ndarray, labelled: np.ndarray, params: Block) -> list[Finding]:
    """With labels: outcomes on the whole above or below the answers. A score may even rise while that happens."""
    problem, floor, out = bundle.contract["problem"], params["min_bias"], []
    y_ref, expected = bundle.y, f"errors move by less than {floor:g} of their standard deviation"
    for which, rows in looked_at(live, labelled, params).items():
        y, told = encode_target(live.rows[problem["target"]][rows], bundle.contract), answers[rows]
        for at, label in enumerate(problem["classes"] if told.ndim == 2 else [""]):
            if told.ndim == 2 and told.shape[1] == 2 and at == 0:
                continue  # the other class's errors, with the sign turned
            if told.ndim == 2:
                now, was = (y == at) - told[:, at], (y_ref == at) - bundle.answers[:, at]
                seen = f'"{label}" came in {(y == at).mean():.1%} of {len(y):,} labelled rows; the model predicted {told[:, at].mean():.1%}'
            else:
                now, was = y - told, y_ref - bundle.answers
                seen = f"the outcomes of {len(y):,} labelled rows average {short(y.mean())}, the model's predictions {short(told.mean())}"
            error = float(np.sqrt(now.var() / len(now) + was.var() / len(was)))
            moved = float(now.mean() - was.mean())
            p = float(2 * norm.sf(abs(moved) / error)) if error > 0 else 1.0
            share = abs(moved) / max(float(was.std()), 1e-12)
            name = f"outcomes as expected{which}"
            out.append(Finding(name, share, expected, p, share, floor, seen, label, rule="bias"))
    return out


def lost_less(params: Block) -> str:
    return f"less than {params['min_lost']:.0%} of the gain over the naive baseline lost"


def by_batch(bundle: Bundle, live: Live, answers: np.ndarray, params: Block) -> None:
    """Adds to each batch its real score with an interval, where it has labels enough: the course of time, for the page."""
    problem, labelled = bundle.contract["problem"], labels_of(live, bundle)
    for one in live.batches:
        here = labelled & (live.batch == one["file"])
        if here.sum() >= params["min_labels"]:
            y = encode_target(live.rows[problem["target"]][here], bundle.contract)
            s = measured(
                problem["metric"],
                y,
                bundle.told(answers[here]),
                int(params["n_bootstrap"]),
                params["confidence"],
                params["random_state"],
            )
            one |= {"score": s.value, "low": s.low, "high": s.high}
