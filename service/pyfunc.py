"""The bundle as MLflow loads it: the file MLmodel names this module, and MLflow calls `_load_pyfunc` with the bundle's folder.

MLflow has imported it, and with it the package `service`, before anything can be said: the compiled code that Python left
beside them is removed, since a bundle with a file too much is loaded by nobody, and none is written from here on.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class PyfuncModel:
    def __init__(self, folder: str) -> None:
        from service.frames import FrameModel

        self.model = FrameModel(folder)

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """`prediction`, and for a classification `probability CLASS` of each."""
        return self.model.table(model_input)


def _load_pyfunc(path: str) -> PyfuncModel:
    sys.dont_write_bytecode = True
    for name in (__name__, __name__.partition(".")[0]):
        compiled = Path(sys.modules[name].__cached__ or "")
        with contextlib.suppress(OSError):
            compiled.unlink()
            compiled.parent.rmdir()
    return PyfuncModel(path)
