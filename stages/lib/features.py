"""Your own features: the one function that training, scoring and serving all call before the model sees a row."""

from __future__ import annotations

import pandas as pd


def add_features(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with columns added, changed or dropped; rows stay, in their order.

    `frame` has the contract's feature columns in its types: numbers and booleans float64, categories and text str,
    dates datetime64; missing cells are NaN. A row must not depend on the other rows (a service sees one at a time).
    New columns are used by their dtype: numbers, texts as categories, dates as date parts. For example:

        frame["price_per_room"] = frame["price"] / frame["rooms"]
    """
    return frame
