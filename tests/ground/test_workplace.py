"""Where parts are worked on changes nothing of what comes of them."""

from concurrent.futures import Executor, Future

import pytest

from lifecycle.ground import workplace as places
from lifecycle.ground.errors import UserError
from lifecycle.ground.workplace import ADDRESS, Workplace, workplace
from tests.scratch import ROOT


@pytest.fixture
def impatient(monkeypatch):
    """Processes are asked after the first part, however soon that is done."""
    monkeypatch.setattr(places, "ALONE", 0.0)


def test_a_small_table_starts_no_process(monkeypatch):
    monkeypatch.setattr(places, "ALONE", 1e9)
    monkeypatch.setattr(Workplace, "_open", lambda self: pytest.fail("a process was started"))
    with Workplace(2) as at:
        assert list(at.map(abs, range(-4, 0))) == [4, 3, 2, 1]
    with Workplace(2) as at:
        assert list(at.map(abs, [])) == []


def test_one_part_that_is_left_is_not_worth_processes(monkeypatch, impatient):
    monkeypatch.setattr(Workplace, "_open", lambda self: pytest.fail("a process was started"))
    with Workplace(2) as at:
        assert list(at.map(abs, [-2, -1])) == [2, 1]


@pytest.fixture
def second_each(monkeypatch):
    """Each part takes a second of this process."""
    clock = iter(range(100))
    monkeypatch.setattr(places.time, "process_time", lambda: float(next(clock)))
    monkeypatch.setattr(places, "ALONE", 3.0)


def test_less_than_processes_take_to_start_is_not_worth_them(monkeypatch, second_each):
    monkeypatch.setattr(Workplace, "_open", lambda self: pytest.fail("a process was started"))
    with Workplace(2) as at:
        assert list(at.map(abs, [-3, -2, -1])) == [3, 2, 1]


class Noting(Executor):
    """Does what it is given at once."""

    def __init__(self):
        self.parts = []

    def submit(self, function, *part):
        self.parts += part
        done = Future()
        done.set_result(function(*part))
        return done


def test_processes_are_asked_as_soon_as_enough_is_known_to_be_left(monkeypatch, second_each):
    noting = Noting()
    monkeypatch.setattr(Workplace, "_open", lambda self: setattr(self, "executor", noting))
    with Workplace(2) as at:
        assert list(at.map(abs, range(-4, 0))) == [4, 3, 2, 1]
        assert noting.parts == [-3, -2, -1]
        assert list(at.map(abs, [-6, -5])) == [6, 5]  # they run by now
        assert noting.parts[3:] == [-6, -5]


def test_processes_start_while_a_large_file_is_looked_at_first(monkeypatch, second_each):
    begun = []
    monkeypatch.setattr(Workplace, "_open", lambda self: begun.append(setattr(self, "executor", Noting())))
    for n_jobs, scheduler, size in ((2, "", 10_000), (1, "", 10**10), (2, "tcp://a:1", 10**10)):
        Workplace(n_jobs, scheduler).expect(size)
    assert not begun
    with Workplace(2) as at:
        at.expect(10**10)
        at.expect(10**10)
        assert len(begun) == 1 and list(at.map(abs, [-2, -1])) == [2, 1]
        assert at.executor.parts == [-2, -1]


def test_one_process_is_this_one(monkeypatch, impatient):
    monkeypatch.setattr(Workplace, "_open", lambda self: pytest.fail("a process was started"))
    with Workplace(1) as at:
        assert list(at.map(abs, range(-9, 0))) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_parts_that_weigh_as_much_as_the_work_stay_here(monkeypatch, impatient):
    monkeypatch.setattr(Workplace, "_open", lambda self: pytest.fail("a process was started"))
    with Workplace(2) as at:
        assert list(at.map(abs, range(-9, 0), travels=True)) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_processes_give_what_one_gives_and_in_the_order_of_the_parts(impatient, capsys):
    with Workplace(2) as at:
        assert list(at.map(abs, range(-9, 0))) == [9, 8, 7, 6, 5, 4, 3, 2, 1]
        assert list(at.map(str, range(3))) == ["0", "1", "2"]
    assert capsys.readouterr().out == "  on 2 processes here\n"


def test_an_error_in_a_part_is_the_callers(impatient):
    with Workplace(2) as at, pytest.raises(ValueError, match="invalid literal"):
        list(at.map(int, ["1", "2", "3", "4", "5", "six"]))


def test_the_environment_names_a_cluster_before_params_yaml_does(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(ADDRESS, raising=False)
    assert (workplace().n_jobs, workplace().scheduler) == (1, "")
    (tmp_path / "params.yaml").write_text("engine: {n_jobs: 3, scheduler: 'tcp://a:1'}\n")
    assert (workplace().n_jobs, workplace().scheduler) == (3, "tcp://a:1")
    monkeypatch.setenv(ADDRESS, "tcp://b:2")
    assert workplace().scheduler == "tcp://b:2"


def test_without_dask_a_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with Workplace(1, "tcp://127.0.0.1:1") as at, pytest.raises(UserError, match=r"requirements-cluster\.txt"):
        list(at.map(abs, [1]))
    assert (ROOT / "requirements-cluster.txt").is_file()


def test_pairs_keep_what_does_not_travel(impatient):
    with Workplace(2) as at:
        assert list(at.pairs(abs, [(-n, f"row {n}") for n in range(7)], lambda part: part[0])) == [
            ((-n, f"row {n}"), n) for n in range(7)
        ]
