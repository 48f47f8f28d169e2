"""The stages of the lifecycle, each a script that dvc.yaml runs: `python -m stages.NAME`."""

import os

# One thread in each numerical call: on cores that are shared, waiting OpenMP threads made boosting 8 to 80 times slower,
# and sums come out in one order on every machine. Work is spread over folds and trees instead.
os.environ.setdefault("OMP_NUM_THREADS", "1")
