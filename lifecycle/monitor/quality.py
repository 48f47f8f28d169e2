"""Is the live data whole? Files, columns, amount and age need no test; shares of faulty cells are held against the reference's."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import Live
from lifecycle.monitor.faults import Hits, Moment, copies, count_faults, newest, usual_rows
from lifecycle.monitor.finding import Finding, Judgement, rule_of
from lifecycle.monitor.reference import Reference
from lifecycle.table.contract import MODEL
from lifecycle.table.dates import ISO, read


def plain_checks(reference: Reference, live: Live, params: MonitorParams) -> list[Judgement]:
    """What needs no test."""
    out = [readable(live, params), whole_lines(live, params), *absent_columns(reference, live, params)]
    out.append(enough_rows(live, params))
    if live.batches:
        out.append(newest_size(live, params))
    last = newest(live.rows, reference.contract)
    before = newest(reference.rows, reference.contract)
    if last is not None and before is not None:
        out.append(freshness(last, before, params))
    return out


def readable(live: Live, params: MonitorParams) -> Judgement:
    bad = live.unreadable
    why = "; ".join(bad[:3]) or f"{len(live.batches)} files"
    return _row("batches can be read", len(bad), "none that cannot", _if(bool(bad), "quality", params), why)


def whole_lines(live: Live, params: MonitorParams) -> Judgement:
    broken = sum(batch.broken for batch in live.batches)
    share = broken / max(1, broken + sum(batch.rows for batch in live.batches))
    limit = params.min_faults
    why = f"{broken:,} lines have more or fewer cells than their header"
    return _row("lines that are no rows", share, f"at most {limit:.0%}", _if(share > limit, "quality", params), why)


def absent_columns(reference: Reference, live: Live, params: MonitorParams) -> list[Judgement]:
    out = []
    for column, files in live.absent.items():
        harms = reference.contract.by_name[column].role in MODEL
        why = f'"{column}" is not in {", ".join(files[:3])}; the model takes it as missing'
        measured = f"absent from {len(files)} files"
        out.append(_row("column is there", measured, "in each file", _if(harms, "quality", params), why, column))
    return out


def enough_rows(live: Live, params: MonitorParams) -> Judgement:
    """Few rows are no fault; that nothing is tested then is said."""
    n, least = len(live.rows), params.min_rows
    why = f"the newest {n:,} rows are looked at"
    if n < least:
        why = "too few rows to speak of drift: that is not looked for yet"
    if live.taken:
        why += f"; {live.taken:,} rows that training has since taken are left out"
    return _row("enough live rows", n, f"at least {least}", "ok", why)


def newest_size(live: Live, params: MonitorParams) -> Judgement:
    rows, usual, factor = live.batches[-1].rows, usual_rows(live.batches), params.volume_factor
    odd = False
    why = "fewer than three earlier batches to compare with"
    if usual is not None:
        odd = not usual / factor <= rows <= usual * factor
        why = f"the earlier ones have {usual:,.0f} in the middle"
    expected = f"within {factor:g} times the usual"
    return _row("rows in the newest batch", rows, expected, _if(odd, "volume", params), why)


def freshness(last: Moment, before: Moment, params: MonitorParams) -> Judgement:
    """A stage has no clock: age is measured up to monitor.as_of, where it is given, else only against the reference's
    newest row. A time that is no date (a year, a step) has no age in days."""
    if params.as_of and isinstance(last, pd.Timestamp):
        as_of = _as_of(params)
        age = (as_of - last).days
        old = age > params.max_age_days
        expected = f"at most {params.max_age_days} days before {shown(as_of)}"
        why = f"the newest live row is {age} days old"
    else:
        old = last < before
        expected = f"not before {shown(before)}, the reference's newest"
        why = "monitor.as_of is empty, so its age is not measured"
        if old:
            why = "no row is newer than those the model was tested on"
    return _row("newest row", shown(last), expected, _if(old, "freshness", params), why)


def _as_of(params: MonitorParams) -> pd.Timestamp:
    found = read(str(params.as_of), (ISO,))
    if found is None:
        raise UserError(
            f"params.yaml: monitor.as_of is {params.as_of!r}; it takes a date such as 2026-05-31, or nothing for none"
        )
    return pd.Timestamp(found)


def shown(moment: Moment) -> str:
    return f"{moment:%Y-%m-%d}" if isinstance(moment, pd.Timestamp) else f"{moment:g}"


def _row(name: str, measured: object, expected: str, verdict: str, why: str, column: str = "") -> Judgement:
    return Judgement("quality", name, measured, expected, verdict, why, column)


def _if(fault: bool, rule: str, params: MonitorParams) -> str:
    return rule_of(params.rules, rule) if fault else "ok"


# ---- what may look odd by chance ----------------------------------------------------------------------------------


def faulty_cells(reference: Reference, live: Live, params: MonitorParams) -> list[Finding]:
    """Each kind of faulty cell in each column; copied rows, where there are rows enough."""
    if not len(live.rows):
        return []
    least = params.min_faults
    out = []
    for hit in count_faults(live, reference.rows, reference.contract):
        before = hit.before / hit.n_before
        share = hit.hits / hit.n
        why = (
            f'"{hit.column}": {hit.hits:,} of {hit.n:,} live cells, {before:.1%} in the reference{examples(hit, live)}'
        )
        expected = f"less than {least:.0%} above {before:.1%}"
        out.append(Finding(hit.name, share, expected, hit.p, share - before, least, why, hit.column))
    if len(live.rows) >= params.min_rows:
        out.append(copied_rows(reference, live, params))
    return out


def copied_rows(reference: Reference, live: Live, params: MonitorParams) -> Finding:
    least = params.min_faults
    share, before, p = copies(live.rows, reference.rows, reference.contract, params.random_state)
    why = f"{share:.1%} of rows are copies of another, {before:.1%} in as many reference rows"
    return Finding("copied rows", share, f"less than {least:.0%} above {before:.1%}", p, share - before, least, why)


def examples(hit: Hits, live: Live) -> str:
    """The first cells of a fault that can be shown."""
    masks: dict[str, dict[str, np.ndarray]] = {
        "unseen categories": live.conformed.unseen,
        "type faults": live.conformed.corrupt,
    }
    mask = masks.get(hit.name, {}).get(hit.column)
    if mask is None:
        return ""
    cells = live.text[hit.column][mask].unique()[:3]
    shown = ", ".join(repr(str(cell)[:40]) for cell in cells)
    return f" (such as {shown})"
