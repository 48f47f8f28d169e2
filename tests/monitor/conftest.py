"""These tests are about what is seen in a model's answers: it is asked in this process (tests/model/test_released.py: in its own)."""

import pytest

from tests.bundles import AskedHere


@pytest.fixture(autouse=True)
def asked_here(monkeypatch):
    monkeypatch.setattr("lifecycle.model.released.Released", AskedHere)
    monkeypatch.setattr("actions.drill.Released", AskedHere)
