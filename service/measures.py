"""What GET /metrics tells Prometheus."""

from __future__ import annotations

from collections import Counter as Counts
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Measures:
    def __init__(self, name: str, version: str) -> None:
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter("requests_total", "Requests by route and status", ["route", "status"], **own)
        self.seconds = Histogram("request_seconds", "Time to answer, by route", ["route"], buckets=SECONDS, **own)
        self.rows = Counter("predicted_rows_total", "Rows answered", **own)
        self.batch = Histogram(
            "batch_rows", "Rows answered at once", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 512, 2048, 8192), **own
        )
        self.model = Histogram("model_seconds", "Typing and answering one batch", buckets=SECONDS, **own)
        self.log = Histogram("log_seconds", "Writing one batch to the prediction log", buckets=SECONDS, **own)
        self.flags = Counter("flagged_cells_total", "Cells missing, unseen or out of range", ["column", "flag"], **own)
        self.truths = Counter("feedback_total", "True values that came back", **own)
        self.left_out = Counter("shadow_left_out_rows_total", "Rows that came too fast for the shadow", **own)
        Gauge("model_info", "1, with the model in its labels", ["name", "version"], **own).labels(name, version).set(1)

    def request(self, route: str, status: int, seconds: float) -> None:
        self.requests.labels(route, status).inc()
        self.seconds.labels(route).observe(seconds)

    def batch_done(self, rows: int, model: float, log: float, flags: list[Any]) -> None:
        self.rows.inc(rows)
        self.batch.observe(rows)
        self.model.observe(model)
        self.log.observe(log)
        for (column, kind), n in Counts((f.column, f.kind) for f in flags).items():
            self.flags.labels(column, kind).inc(n)

    def text(self) -> bytes:
        return generate_latest(self.registry)
