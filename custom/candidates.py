"""Your own model families, beside those of the engine (lifecycle/model/families.py).

A function that makes an unfitted estimator, its line in CANDIDATES, and a block of its hyper-parameters under
train.candidates in params.yaml, which goes straight into the constructor:

    def knn(y, hyper, random_state):
        from sklearn.neighbors import KNeighborsClassifier
        return KNeighborsClassifier(**hyper)

    CANDIDATES = {"knn": Family("linear", knn)}        # here: numbers scaled, categories one-hot

    knn: {n_neighbors: 15}                             # params.yaml
"""

from __future__ import annotations

from lifecycle.model.families import Family

CANDIDATES: dict[str, Family] = {}
