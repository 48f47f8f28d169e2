"""What GET /metrics tells Prometheus.

Where several processes share a port, PROMETHEUS_MULTIPROC_DIR names a folder in which each keeps its figures (see
__main__.py), and any of them tells the sums.
"""

from __future__ import annotations

import os
from collections import Counter as Counts
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from service.predictor import Flag

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Measures:
    def __init__(self, name: str, version: str) -> None:
        self.registry = CollectorRegistry()
        self.known: dict[tuple[str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}
        by_route, by_status = ["route"], ["route", "status"]
        self.predict_requests = self._counter("predict_requests_total", "Requests for predictions", by_status)
        self.predict_seconds = self._histogram("predict_seconds", "Time to answer them", SECONDS, by_route)
        self.other_requests = self._counter("other_requests_total", "All other requests", by_status)
        self.other_seconds = self._histogram("other_request_seconds", "Time to answer them", SECONDS, by_route)
        self.rows = self._counter("predicted_rows_total", "Rows answered")
        self.batch = self._histogram("batch_rows", "Rows answered at once", ROWS)
        self.model = self._histogram("model_seconds", "Typing and answering one batch", SECONDS)
        self.log = self._histogram("log_write_seconds", "Writing one batch to the prediction log", SECONDS)
        self.log_failures = self._counter("log_write_failures_total", "Batches that the prediction log did not take")
        self.flags = self._counter("flagged_cells_total", "Cells missing, unseen or out of range", ["column", "flag"])
        self.truths = self._counter("feedback_values_total", "True values that came back")
        self.left_out = self._counter("shadow_left_out_rows_total", "Rows that came too fast for the shadow")
        self.timed_out = self._counter("slow_connections_closed_total", "Connections whose client took too long")
        self.turned_away = self._counter("refused_connections_total", "Connections above the limit")
        self.connections = Gauge(
            "lifecycle_connections", "Open connections", registry=self.registry, multiprocess_mode="livesum"
        )
        info = Gauge(
            "lifecycle_model_info",
            "1, with the model in its labels",
            ["name", "version"],
            registry=self.registry,
            multiprocess_mode="max",
        )
        info.labels(name, version).set(1)

    def _counter(self, name: str, about: str, labels: list[str] | None = None) -> Counter:
        return Counter(f"lifecycle_{name}", about, labels or [], registry=self.registry)

    def _histogram(
        self, name: str, about: str, buckets: tuple[float, ...], labels: list[str] | None = None
    ) -> Histogram:
        return Histogram(f"lifecycle_{name}", about, labels or [], buckets=buckets, registry=self.registry)

    def request(self, route: str, status: int, seconds: float) -> None:
        if (route, status) not in self.known:  # looking them up takes longer than counting
            predicts = route.endswith(("/predict", "/infer"))
            requests = self.predict_requests if predicts else self.other_requests
            times = self.predict_seconds if predicts else self.other_seconds
            self.known[route, status] = requests.labels(route, status).inc, times.labels(route).observe
        inc, observe = self.known[route, status]
        inc()
        observe(seconds)

    def batch_done(self, rows: int, model: float, log: float, flags: list[Flag]) -> None:
        """`model`, `log`: seconds that each took."""
        self.rows.inc(rows)
        self.batch.observe(rows)
        self.model.observe(model)
        self.log.observe(log)
        for (column, kind), n in Counts((f.column, f.kind) for f in flags).items():
            self.flags.labels(column, kind).inc(n)

    def text(self) -> bytes:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)
        return generate_latest(everybody)
