"""train: choose among model families by cross-validation, blend those that help each other, save the blend.

Run: python -m stages.train      (reads data/train.parquet, data/contract.yaml; writes models/candidate/,
reports/leaderboard.csv, reports/search.json, reports/timings.json)

The clock never chooses a model in silence: what is tried is planned from the table's size (lifecycle.search.budget). Where a slow
machine must stop earlier, the line printed, candidate.json and the metric `out_of_time` say so.
"""

from __future__ import annotations

from custom.candidates import CANDIDATES
from custom.features import add_features
from custom.metrics import METRICS
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_parquet, write_csv, write_json, write_parquet
from lifecycle.ground.memory import give_back
from lifecycle.ground.metrics import add_metrics
from lifecycle.ground.params import SplitParams, TrainParams
from lifecycle.model.families import FAMILIES, check_candidates
from lifecycle.model.reasons import looked_at
from lifecycle.model.store import save_model
from lifecycle.search.all_rows import tell_sample, with_all_rows
from lifecycle.search.choose import assemble, decide, facts_of, find_blend, plan_of, tell, timings
from lifecycle.search.data import TRAIN, prepare
from lifecycle.search.dates import date_kinds, useful_dates
from lifecycle.search.leaderboard import leaderboard
from lifecycle.search.repeats import make_repeats
from lifecycle.search.sample import sample_of, searching
from lifecycle.search.sure import learning_curve, make_sure, out_of_fold
from lifecycle.search.workers import Clock
from lifecycle.table.contract import read_contract
from lifecycle.table.folds import fold_columns, make_folds, scheme_of


def main() -> None:
    add_metrics(METRICS)
    contract, params = read_contract(), TrainParams.load()
    clock, families = Clock(params.time_budget), FAMILIES | CANDIDATES
    scheme = scheme_of(contract.identity, SplitParams.load().scheme)
    sample = sample_of(contract, params, scheme, add_features, families)  # None: the table is small enough
    frame = sample.frame(sample.chosen) if sample else read_parquet(TRAIN)
    data = prepare(frame, contract, params, add_features, families)
    # what folds and reasons need of the table: each process of the search holds it, too
    few = looked_at(frame, data.random_state)
    frame = fold_columns(frame, contract)
    give_back()
    check_candidates(params.candidates, data.y, families)
    own = searching(params, sample)
    clock.seconds = own.time_budget
    data.kinds = useful_dates(frame, data, contract, own, scheme)
    plan = plan_of(data, own, scheme)
    data.folds = make_folds(frame, data.y, contract, scheme, plan.folds, data.random_state)
    if not data.folds:
        raise UserError(f"{TRAIN} cannot be parted into folds; add rows, or change split.scheme in params.yaml")
    data.repeats = make_repeats(frame, data, contract, scheme, plan.repeats)
    del frame

    blend = find_blend(data, plan, params, clock)
    learning = learning_curve(data, blend)
    oof, scored, seen = blend.oof, data, {}
    if sample:
        whole = with_all_rows(sample, data, blend, contract, params, add_features)
        blend, oof, scored, seen = whole.blend, whole.prediction, whole.judged, {"sample": whole.facts}
    model = assemble(data, blend, add_features)
    oof, decided = decide(model, scored, oof, contract.problem, params.threshold)
    score, spread = scored.spread(oof)
    baseline = scored.score(scored.scored, model.baseline_predictions(len(oof)))
    sure = make_sure(model, scored, few, oof, params)
    known = {"conformal": sure, "learning": learning, "dates": date_kinds(data.kinds)}
    facts = facts_of(data, plan, blend, score, baseline, decided | seen | known)

    save_model(model, "models/candidate", facts)
    write_parquet("models/candidate/oof.parquet", out_of_fold(scored, oof))
    board = leaderboard(blend.found.tried, blend.weights, (score, spread), baseline, data.metric)
    write_csv("reports/leaderboard.csv", board)
    tried, out_of_time = len(blend.found.tried), len(blend.found.left)
    search = {"oof_score": facts["oof_score"], "candidates": tried, "out_of_time": out_of_time}
    write_json("reports/search.json", search)
    write_json("reports/timings.json", timings(data, plan, blend, model, clock))
    if sample:
        print(f"  {tell_sample(whole.facts, data.metric)}")
    tell(facts, plan, blend.found, params)


if __name__ == "__main__":
    stage(main)
