"""The deployed side: what a bundle brings along to answer questions. `python -m service BUNDLE` starts it."""

import os

from lifecycle.ground.errors import explain_missing_packages

# one numerical thread: two OpenMP threads on shared cores made one row three to eight times slower
os.environ.setdefault("OMP_NUM_THREADS", "1")

explain_missing_packages()
