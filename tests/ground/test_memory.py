"""What is free goes back to the system, where that can be asked for."""

import ctypes
import gc

import pytest

from lifecycle.ground.memory import collecting_seldom, give_back


@pytest.mark.parametrize("library", [object(), None], ids=["without the call", "without a library"])
def test_where_the_system_cannot_be_asked_nothing_is_done(monkeypatch, library):
    def loaded(name):
        if library is None:
            raise OSError
        return library

    monkeypatch.setattr(ctypes, "CDLL", loaded)
    give_back()


def test_python_collects_as_it_did_once_the_work_is_done_or_failed():
    before = gc.get_threshold()
    with pytest.raises(ValueError), collecting_seldom():
        assert gc.get_threshold()[0] > before[0]
        raise ValueError
    assert gc.get_threshold() == before
