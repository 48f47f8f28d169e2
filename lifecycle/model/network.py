"""A few small neural networks, trained side by side as one array and averaged. numpy only.

scikit-learn's MLP does the same for one network; several side by side cost little more than one here, their weights are
averaged over the steps (Polyak and Juditsky 1992), and the number of epochs can be found on held rows, like boosting's
rounds. Parameters have the names of scikit-learn's MLPClassifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Weights = list[list[np.ndarray]]  # by layer, two: (networks, in, out) and (networks, 1, out)
AT_ONCE = 20_000  # rows that are answered together: each takes the hidden units of all networks


class Network:
    """`n_estimators` networks; `alpha`: weight decay; `dropout`: share of the hidden units left out at a step.
    `max_iter` epochs; with `early_stopping`, `fit` takes X_val, y_val and stops `n_iter_no_change` epochs past the best."""

    def __init__(
        self,
        regression: bool,
        n_estimators: int = 4,
        hidden_layer_sizes: tuple[int, ...] = (64, 32),
        alpha: float = 1e-3,
        dropout: float = 0.1,
        learning_rate_init: float = 2e-3,
        batch_size: int = 128,
        max_iter: int = 50,
        early_stopping: bool = False,
        n_iter_no_change: int = 8,
        random_state: int = 0,
    ) -> None:
        self.regression, self.n_estimators, self.hidden_layer_sizes = regression, n_estimators, hidden_layer_sizes
        self.alpha, self.dropout, self.learning_rate_init, self.batch_size = (
            alpha,
            dropout,
            learning_rate_init,
            batch_size,
        )
        self.max_iter, self.early_stopping, self.n_iter_no_change = max_iter, early_stopping, n_iter_no_change
        self.random_state = random_state

    def fit(
        self,
        x: Any,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        X_val: Any = None,
        y_val: np.ndarray | None = None,
        sample_weight_val: np.ndarray | None = None,
    ) -> Network:
        """`x`, `X_val`: arrays, or sparse matrices of scipy."""
        rng = np.random.default_rng(self.random_state)
        goal = self._goal(y)
        n = len(y)
        weight = np.ones(n) if sample_weight is None else sample_weight / sample_weight.mean()
        layers = self._layers(rng, [x.shape[1], *self.hidden_layer_sizes, goal.shape[1]], goal, weight)
        goal, weight = goal.astype(np.float32), weight.astype(np.float32)
        x = x.astype(np.float32) if isinstance(x, np.ndarray) else x
        adam = _Adam(layers, self.learning_rate_init, self.alpha)
        mean = [[w.copy() for w in layer] for layer in layers]
        batch = min(self.batch_size, max(8, n // 16))
        self.stages_, losses, steps = [], [], 0
        for _ in range(self.max_iter):
            orders = np.stack([rng.permutation(n) for _ in range(self.n_estimators)])
            for start in range(0, n - batch + 1, batch):
                rows = orders[:, start : start + batch]
                adam.step(layers, self._gradients(layers, _rows(x, rows), goal[rows], weight[rows], rng))
                steps += 1
                keep = np.float32(min(0.995, 1 - 1 / (1 + steps / 8)))  # the mean of the last eighth, then of 200 steps
                for m, layer in zip(mean, layers, strict=True):
                    for a, b in zip(m, layer, strict=True):
                        a += (1 - keep) * (b - a)
            # answers in double precision: in single precision a row's answer depends a little on the rows beside it
            self.layers_ = [[w.astype(float) for w in m] for m in mean]
            if self.early_stopping and X_val is not None and y_val is not None:
                self.stages_.append(self.layers_)
                losses.append(self._loss(X_val, y_val, sample_weight_val))
                if len(losses) - int(np.argmin(losses)) > self.n_iter_no_change:
                    break
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self._outputs(x, self.layers_)[:, 0]

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return self._outputs(x, self.layers_)

    def staged_predict(self, x: np.ndarray) -> Iterator[np.ndarray]:
        return (self._outputs(x, layers)[:, 0] for layers in self.stages_)

    def staged_predict_proba(self, x: np.ndarray) -> Iterator[np.ndarray]:
        return (self._outputs(x, layers) for layers in self.stages_)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "stages_"}

    def _goal(self, y: np.ndarray) -> np.ndarray:
        if self.regression:
            return y[:, None]
        self.classes_, codes = np.unique(y, return_inverse=True)
        return np.eye(len(self.classes_))[codes]

    def _layers(self, rng: np.random.Generator, sizes: list[int], goal: np.ndarray, weight: np.ndarray) -> Weights:
        m, layers = self.n_estimators, []
        for i, o in zip(sizes, sizes[1:], strict=False):
            layers.append(
                [rng.normal(0, np.sqrt(2 / i), (m, i, o)).astype(np.float32), np.zeros((m, 1, o), np.float32)]
            )
        layers[-1][0] *= 0.1
        start = np.average(goal, axis=0, weights=weight)  # from the naive answer on
        layers[-1][1] += (start if self.regression else np.log(np.maximum(start, 1e-6))).astype(np.float32)
        return layers

    def _gradients(self, layers: Weights, x: np.ndarray, goal: np.ndarray, weight: np.ndarray, rng: Any) -> list:
        active = [x]
        for w, b in layers[:-1]:
            h = np.maximum(active[-1] @ w + b, 0)
            if self.dropout:
                h *= (rng.random(h.shape, dtype=np.float32) >= self.dropout) / np.float32(1 - self.dropout)
            active.append(h)
        out = active[-1] @ layers[-1][0] + layers[-1][1]
        error = (out if self.regression else _softmax(out)) - goal
        error *= weight[:, :, None] / x.shape[1]
        gradients = []
        for (w, _), h in zip(reversed(layers), reversed(active), strict=True):
            gradients.append((h.transpose(0, 2, 1) @ error, error.sum(axis=1, keepdims=True)))
            error = (error @ w.transpose(0, 2, 1)) * (h > 0)
        return gradients[::-1]

    def _outputs(self, x: Any, layers: Weights) -> np.ndarray:
        if x.shape[0] > AT_ONCE:
            parts = [self._outputs(x[at : at + AT_ONCE], layers) for at in range(0, x.shape[0], AT_ONCE)]
            return np.concatenate(parts)
        h = x if isinstance(x, np.ndarray) else x.toarray()
        for w, b in layers[:-1]:
            h = np.maximum(h @ w + b, 0)
        out = h @ layers[-1][0] + layers[-1][1]
        return (out if self.regression else _softmax(out)).mean(axis=0)

    def _loss(self, x: Any, y: np.ndarray, weight: np.ndarray | None) -> float:
        p = self._outputs(x, self.layers_)
        if self.regression:
            return float(np.average((p[:, 0] - y) ** 2, weights=weight))
        codes = np.searchsorted(self.classes_, y)
        return float(np.average(-np.log(np.maximum(p[np.arange(len(y)), codes], 1e-7)), weights=weight))


class _Adam:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    def __init__(self, layers: Weights, rate: float, decay: float) -> None:
        self.rate, self.decay, self.t = rate, decay, 0
        self.m = [[np.zeros_like(w) for w in layer] for layer in layers]
        self.v = [[np.zeros_like(w) for w in layer] for layer in layers]

    def step(self, layers: Weights, gradients: list) -> None:
        self.t += 1
        rate = np.float32(self.rate * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t))
        for layer, gradient, ms, vs in zip(layers, gradients, self.m, self.v, strict=True):
            for i, (g, m, v) in enumerate(zip(gradient, ms, vs, strict=True)):
                m += np.float32(0.1) * (g - m)
                v += np.float32(0.001) * (g * g - v)
                if i == 0:  # biases do not decay
                    layer[i] *= np.float32(1 - self.rate * self.decay * 10)
                layer[i] -= rate * m / (np.sqrt(v) + np.float32(1e-8))


def _rows(x: Any, rows: np.ndarray) -> np.ndarray:
    """Those rows (networks, batch) of an array or a sparse matrix, in single precision."""
    if isinstance(x, np.ndarray):
        return x[rows]
    return x[rows.ravel()].toarray().astype(np.float32).reshape(*rows.shape, -1)


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
