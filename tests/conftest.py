"""Before any library: its one thread for numbers (lifecycle/__init__.py). A process that has run two of OpenMP's and is then
forked, as train forks its workers, leaves children that wait for ever."""

import lifecycle  # noqa: F401
