"""The engine of the lifecycle: what the stages, the actions and the service are made of. See CHANGELOG.md for its versions."""

import os

__version__ = "0.2.0"

# One thread in each numerical call: on cores that are shared, waiting OpenMP threads made boosting 8 to 80 times slower,
# and sums come out in one order on every machine. Work is spread over folds and trees instead.
os.environ.setdefault("OMP_NUM_THREADS", "1")
