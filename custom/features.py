"""Your own features: the one function that training, scoring and serving all call before the model sees a row.

Put it in the place of None:

    def add_features(frame: pd.DataFrame) -> pd.DataFrame:
        frame["price_per_room"] = frame["price"] / frame["rooms"]
        return frame

`frame` has the contract's feature columns in its types: numbers and booleans float64, categories and text str, dates
datetime64; missing cells are NaN. Add, change or drop columns; rows stay, in their order, and none may depend on the
others (a service sees one at a time). New columns are used by their dtype: numbers, texts as categories, dates as date
parts.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

add_features: Callable[[pd.DataFrame], pd.DataFrame] | None = None
