"""Is the model still as good as at release? Estimated from its own predictions, measured where labels came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from lifecycle.ground.params import MonitorParams
from lifecycle.ground.words import as_scores, short
from lifecycle.monitor.batches import Live
from lifecycle.monitor.estimate import Known, Score, estimated, known_labels, lost, measured
from lifecycle.monitor.finding import Finding
from lifecycle.monitor.reference import Reference


def labels_of(live: Live, reference: Reference) -> np.ndarray:
    """Mask of the live rows whose outcome is known."""
    return known_labels(live.rows[reference.contract.problem.target], reference.contract)


def estimate(reference: Reference, live: Live, prediction: np.ndarray, params: MonitorParams) -> list[Finding]:
    """Without labels: what the predictions themselves lead one to expect."""
    name, known = reference.metric, Known(reference.y_true, reference.prediction)
    before = estimated(name, reference.prediction, known, params.draw, reference.judged, reference.weight)
    now = estimated(name, prediction, known, params.draw, reference.judged, reference.weights_of(live.rows))
    value, low, high, was = as_scores([now.value, now.low, now.high, before.value])
    why = (
        f"{name} {value} is to be expected [{low}, {high}], {was} on the reference; "
        "an estimate: blind to a changed relation with the target"
    )
    return [_as_good("estimated performance", reference, now, before, params, why)]


def _as_good(check: str, reference: Reference, now: Score, before: Score, params: MonitorParams, why: str) -> Finding:
    """Little of what the model gains over the naive baseline is lost."""
    share, p = lost(reference.metric, now, before, reference.baseline)
    expected = f"less than {params.min_lost:.0%} of the gain over the naive baseline lost"
    return Finding(check, now.value, expected, p, share, params.min_lost, why)


# ---- where labels came --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Labelled:
    """Live rows whose outcome is known; `which` of them, as a check's name ends; `weight` of each, where there is one."""

    which: str
    y_true: np.ndarray
    prediction: np.ndarray
    weight: np.ndarray | None = None


def labelled_rows(
    reference: Reference, live: Live, prediction: np.ndarray, labelled: np.ndarray, params: MonitorParams
) -> list[Labelled]:
    """All of them, and those of the newest batch that has enough: what is new is thin among what is old."""

    def part(which: str, mask: np.ndarray) -> Labelled:
        rows = live.rows[mask]
        return Labelled(which, reference.outcomes(rows), prediction[mask], reference.weights_of(rows))

    parts = [part("", labelled)]
    for file in dict.fromkeys(live.batch[::-1]):  # by their newest rows, which are the last
        here = labelled & (live.batch == file)
        if params.min_labels <= here.sum() < labelled.sum():
            return [*parts, part(", newest batch", here)]
    return parts


def performance(reference: Reference, parts: list[Labelled], params: MonitorParams) -> list[Finding]:
    """The score on each part, against the one at release."""
    name = reference.metric
    before = measured(name, reference.y_true, reference.judged(reference.prediction), params.draw, reference.weight)
    out = []
    for part in parts:
        now = measured(name, part.y_true, reference.judged(part.prediction), params.draw, part.weight)
        value, low, high, was, was_low, was_high = as_scores([*now[:3], *before[:3]])
        why = (
            f"{name} {value} [{low}, {high}] on {len(part.y_true):,} labelled rows, "
            f"{was} [{was_low}, {was_high}] at release"
        )
        out.append(_as_good(f"real performance{part.which}", reference, now, before, params, why))
    return out


def biases(reference: Reference, parts: list[Labelled], params: MonitorParams) -> list[Finding]:
    """Outcomes on the whole above or below what was predicted. A score may even rise while that happens."""
    out = []
    for part in parts:
        if part.prediction.ndim == 1:
            out.append(_bias_of_values(reference, part, params))
            continue
        codes = range(part.prediction.shape[1])
        if len(codes) == 2:
            codes = range(1, 2)  # the other class's errors are these, with the sign turned
        out += [_bias_of_class(reference, part, code, params) for code in codes]
    return out


def _bias_of_values(reference: Reference, part: Labelled, params: MonitorParams) -> Finding:
    y_true, prediction = part.y_true, part.prediction
    seen = (
        f"the outcomes of {len(y_true):,} labelled rows average {short(np.average(y_true, weights=part.weight))}, "
        f"the model's predictions {short(np.average(prediction, weights=part.weight))}"
    )
    now = Errors(y_true - prediction, part.weight)
    before = Errors(reference.y_true - reference.prediction, reference.weight)
    return _bias(now, before, part.which, seen, "", params)


def _bias_of_class(reference: Reference, part: Labelled, code: int, params: MonitorParams) -> Finding:
    label = reference.contract.problem.classes[code]
    came, chance = part.y_true == code, part.prediction[:, code]
    share, predicted = np.average(came, weights=part.weight), np.average(chance, weights=part.weight)
    seen = f'"{label}" came in {share:.1%} of {len(came):,} labelled rows; the model predicted {predicted:.1%}'
    now = Errors(came - chance, part.weight)
    before = Errors((reference.y_true == code) - reference.prediction[:, code], reference.weight)
    return _bias(now, before, part.which, seen, label, params)


class Errors:
    """Outcome less prediction of rows: their mean, its standard error, and their standard deviation, by weight."""

    def __init__(self, values: np.ndarray, weight: np.ndarray | None) -> None:
        w = np.ones(len(values)) if weight is None else weight
        self.mean = float(np.average(values, weights=w))
        variance = float(np.average((values - self.mean) ** 2, weights=w))
        self.deviation = float(np.sqrt(variance))
        # rows of unlike weight tell less than as many alike (Kish 1965)
        self.error = float(np.sqrt(variance * (w**2).sum() / w.sum() ** 2))


def _bias(now: Errors, before: Errors, which: str, seen: str, label: str, params: MonitorParams) -> Finding:
    """Whether errors (outcome less prediction) moved, in standard deviations of those at release."""
    floor = params.min_bias
    standard_error = float(np.hypot(now.error, before.error))
    moved = abs(now.mean - before.mean)
    p = float(2 * norm.sf(moved / standard_error)) if standard_error > 0 else 1.0
    share = moved / max(before.deviation, 1e-12)
    expected = f"errors move by less than {floor:g} of their standard deviation"
    return Finding(f"outcomes as expected{which}", share, expected, p, share, floor, seen, label, rule="bias")
