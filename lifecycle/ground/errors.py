"""One exception for what a user can mend, and the wrapper that turns it into one line and exit status 1."""

import importlib.util
import os
import re
import sys
import warnings
from collections.abc import Callable
from types import TracebackType

from lifecycle.ground.terminal import for_people

DISTRIBUTIONS = {"yaml": "pyyaml", "sklearn": "scikit-learn", "python_calamine": "python-calamine", "zc": "zc-lockfile"}
OURS = ("lifecycle", "custom", "stages", "service", "actions")
# what a terminal obeys or does not show: control and escape codes, zero-width and direction marks, the replacement sign
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]")


class UserError(Exception):
    """A fault in a table, a parameter or the environment: the message names file, fact and cure."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: as a stage does, one line."""
        return [f"error: {visible(str(self))}"]


def stage(main: Callable[[], None]) -> None:
    """Run `main`; a UserError ends it with one line on stderr (LIFECYCLE_DEBUG=1 shows the traceback)."""
    # a Windows console of another code page must not turn a German error message into a traceback
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = for_people(sys.stdout), for_people(sys.stderr)
    try:
        quietly(main)
    except UserError as error:
        if os.environ.get("LIFECYCLE_DEBUG"):
            raise
        sys.exit(f"error: {visible(str(error))}")
    except ModuleNotFoundError as error:
        if not (line := missing_package(error)):
            raise
        sys.exit(line)
    except KeyboardInterrupt:
        sys.exit("stopped by hand; where an earlier run's outputs are gone, `make doctor` brings them back")


def missing_package(error: ImportError) -> str:
    """The line for a package that the environment lacks, or has in part; empty for a module of ours, which is a fault of the code."""
    package = (error.name or "").split(".")[0]
    if not package or package in OURS or os.environ.get("LIFECYCLE_DEBUG"):
        return ""
    fault = "not installed" if isinstance(error, ModuleNotFoundError) else "not whole"
    return (
        f"error: {package} is {fault} in this environment ({sys.prefix}), and this needs it; "
        f"python -m pip install -r requirements-tools.txt (all that a project needs), or {DISTRIBUTIONS.get(package, package)} alone"
    )


def need(*packages: str) -> None:
    """UserError where one of these is not installed: for a module that is imported where no `stage` turns that into a line."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            line = missing_package(ModuleNotFoundError(name=package))
            raise UserError(line.removeprefix("error: ") or f"{package} is not installed")


def explain_missing_packages() -> None:
    """For `python -m ROOM.NAME`, called by the room's __init__: what a script imports at its top is missing before `stage` runs."""
    if sys.argv[:1] != [
        "-m"
    ]:  # what it is while Python looks for NAME; imported otherwise, the hook is somebody else's
        return
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        line = missing_package(error) if isinstance(error, ImportError) else ""
        if line:
            print(line, file=sys.stderr)
        else:
            before(kind, error, trace)

    sys.excepthook = hook


def quietly(main: Callable[[], None]) -> None:
    """Run `main` without the warnings of libraries, here and in the processes that it starts: they tell a programmer of
    numpy or scikit-learn something, and nobody who reads a pipeline's lines. LIFECYCLE_DEBUG=1 shows them."""
    if os.environ.get("LIFECYCLE_DEBUG"):
        main()
        return
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()


def visible(text: str) -> str:
    """`text` with what a terminal would obey or hide written out, such as `\\x1b[31m`: it may come from any file."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def nearest(name: str, names: list[str]) -> str:
    """`; did you mean "..."?` where one of `names` is close to `name`, else an empty string."""
    import difflib

    lower = {str(n).lower(): n for n in names}
    match = difflib.get_close_matches(str(name).lower(), list(lower), n=1, cutoff=0.5)
    return f'; did you mean "{lower[match[0]]}"?' if match else ""
