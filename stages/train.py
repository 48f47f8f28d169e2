"""train: choose among model families by cross-validation, blend those that help each other, save the blend.

Run: python -m stages.train      (reads data/train.parquet, data/contract.yaml; writes models/candidate/,
reports/leaderboard.csv, reports/search.json, reports/timings.json)

The clock never chooses a model in silence: what is tried is planned from the table's size (lifecycle.search.budget). Where a slow
machine must stop earlier, the line printed, candidate.json and the metric `out_of_time` say so.
"""

from __future__ import annotations

from custom.candidates import CANDIDATES
from custom.features import add_features
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_params, read_parquet, write_csv, write_json
from lifecycle.model.families import FAMILIES, check_candidates
from lifecycle.model.store import save_model
from lifecycle.search.choose import assemble, choose_weights, decide, plan_of, tell, timings
from lifecycle.search.data import feature_names, prepare
from lifecycle.search.leaderboard import leaderboard
from lifecycle.search.workers import Clock, Workers, fit_members, try_all
from lifecycle.table.contract import read_contract
from lifecycle.table.folds import make_folds, scheme_of


def main() -> None:
    contract, params, split = read_contract(), read_params("train"), read_params("split")
    clock = Clock(params.number("time_budget", 1, 1e6))
    frame = read_parquet("data/train.parquet")
    families = FAMILIES | CANDIDATES
    task, scheme = prepare(frame, contract, params, add_features, families), scheme_of(contract, split["scheme"])
    check_candidates(params["candidates"], task.y, families)
    plan = plan_of(task, params, scheme)
    task.folds = make_folds(frame, task.y, contract, scheme, plan.folds, task.seed)
    if not task.folds:
        raise UserError(
            "data/train.parquet cannot be parted into folds; add rows, or change split.scheme in params.yaml"
        )
    with Workers(task, int(params["n_jobs"])) as workers:
        found = try_all(task, plan.entries, workers, clock, keep=not plan.refit)
        if not found.tried:
            raise UserError(f"no candidate could be fitted: {found.unfit}; see train.candidates in params.yaml")
        weights = choose_weights(found.tried, task, params)
        members = [t for t, w in zip(found.tried, weights, strict=True) if w > 0]
        fitted = fit_members(members, workers) if plan.refit else [t.fitted for t in members if t.fitted]
    kept = weights[weights > 0]
    model = assemble(
        task, members, fitted, kept, {c: frame[c].dtype.kind for c in feature_names(contract)}, add_features
    )
    oof = sum(w * t.oof for w, t in zip(kept, members, strict=True))
    oof, decided = decide(model, task, oof, contract["problem"], params["threshold"])
    score, naive = task.spread(oof), task.score(task.scored, model.baseline_predictions(len(oof)))
    facts = {
        "name": members[0].entry.name if len(members) == 1 else "blend",
        "task": task.name,
        "metric": task.metric,
        "classes": task.classes,
        "members": {t.entry.name: round(float(w), 4) for t, w in zip(members, kept, strict=True)},
        "oof_score": round(score[0], 6),
        "oof_baseline": round(naive, 6),
        "n_rows": len(frame),
        "folds": len(task.folds),
        **decided,
        "not_planned": plan.left,
        "unfit": found.unfit,
        "out_of_time": found.left,
    }
    save_model(model, "models/candidate", facts)
    write_csv("reports/leaderboard.csv", leaderboard(found.tried, weights, score, naive, task.metric))
    write_json(
        "reports/search.json",
        {"oof_score": facts["oof_score"], "candidates": len(found.tried), "out_of_time": len(found.left)},
    )
    row = {name: task.rows[name][:1] for name in model.columns if name in task.rows}
    write_json("reports/timings.json", timings(plan, found.tried, model, row, clock))
    tell(facts, plan, found, params)


if __name__ == "__main__":
    stage(main)
