"""What the monitor finds: a Finding is one test, a Judgement the row of the result that it becomes.

What needs no test is a Judgement at once. What may look odd by chance is a Finding, which `judged` holds against the others
of its family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lifecycle.ground.params import Rules

VERDICTS = ("ok", "warn", "retrain")
NO_DATA = "no data"  # nothing was looked at: that is not ok


@dataclass(frozen=True)
class Judgement:
    """`family`: of checks that share a rule; `measured`: a number or a text; `verdict`: ok, warn or retrain; `column`: where
    it is about one."""

    family: str
    name: str
    measured: Any
    expected: str
    verdict: str
    why: str
    column: str = ""

    @property
    def severity(self) -> int:
        return VERDICTS.index(self.verdict)

    def write(self) -> dict[str, Any]:
        """As reports/monitoring.json has it."""
        out = asdict(self)
        if isinstance(self.measured, float):
            out["measured"] = float(f"{self.measured:.4g}")
        if not self.column:
            del out["column"]
        return out


@dataclass(frozen=True)
class Finding:
    """One test: an alarm needs `p` below what its family may have, and an `effect` of at least `floor`.

    `why`: what was seen; `rule`: what an alarm leads to, where it is not the family's rule.
    """

    name: str
    measured: Any
    expected: str
    p: float
    effect: float
    floor: float
    why: str
    column: str = ""
    rule: str = ""


def judged(family: str, findings: Sequence[Finding], alpha: float, rules: Rules) -> list[Judgement]:
    """The findings of one family as rows, with at most a share `alpha` of false ones among the alarms (Benjamini, Hochberg
    1995): many columns raise no more of them than few."""
    from scipy.stats import false_discovery_control

    p = np.nan_to_num([finding.p for finding in findings], nan=1.0)
    out = []
    for finding, adjusted in zip(findings, false_discovery_control(np.clip(p, 0, 1)), strict=True):
        verdict = "ok"
        why = finding.why
        if adjusted <= alpha and finding.effect >= finding.floor:
            verdict = rule_of(rules, finding.rule or family)
        elif adjusted <= alpha and np.isfinite(finding.effect):
            why += "; more than chance, but too little to matter"
        if not np.isfinite(finding.effect):
            why += "; these rows cannot tell"
        out.append(Judgement(family, finding.name, finding.measured, finding.expected, verdict, why, finding.column))
    return out


def rule_of(rules: Rules, name: str) -> str:
    """What an alarm leads to: monitor.rules in params.yaml."""
    return str(getattr(rules, name))
