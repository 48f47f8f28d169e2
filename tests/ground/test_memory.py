"""What is free goes back to the system, where that can be asked for."""

import ctypes

import pytest

from lifecycle.ground.memory import give_back


@pytest.mark.parametrize("library", [object(), None], ids=["without the call", "without a library"])
def test_where_the_system_cannot_be_asked_nothing_is_done(monkeypatch, library):
    def loaded(name):
        if library is None:
            raise OSError
        return library

    monkeypatch.setattr(ctypes, "CDLL", loaded)
    give_back()
