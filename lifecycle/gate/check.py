"""Check: one row of the gate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """`measured`: a number or a text; `required`: what it must be; `why`: what stands behind either verdict."""

    name: str
    measured: Any
    required: str
    passed: bool
    why: str

    def write(self) -> dict[str, Any]:
        """As reports/validation.json has it."""
        out = asdict(self) | {"passed": bool(self.passed)}
        if isinstance(self.measured, float):
            out["measured"] = float(f"{self.measured:.4g}")
        return out
