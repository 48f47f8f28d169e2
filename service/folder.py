"""Scoring where tables lie: a folder of them, here, on a shared disk or in a store (s3://), each file by one worker.

A worker reads a file and writes its answers where they belong, so that no cell travels. Whether it can is tried and not assumed: of a
store it can; of a folder, where the smallest table and what was just written beside the answers have the same bytes there as here.
Else the files are read here, one after the other, and their parts travel. Answers appear under a file's own name when they are done.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from lifecycle.ground.errors import UserError
from lifecycle.ground.workplace import Workplace, workplace
from lifecycle.table.formats import PACKED, is_table_name
from lifecycle.table.read import table_files
from service.bundle import Bundle
from service.score import PARQUET, TEXT, score

SEEN = ".seen"  # what is written beside the answers to try whether workers see it


def is_store(address: str) -> bool:
    return "://" in address


def is_folder(address: str) -> bool:
    """Of a store, what ends with a slash."""
    return address.endswith("/") if is_store(address) else Path(address).is_dir()


def score_files(bundle: Bundle, source: str, target: str, explain: int = 0) -> dict[str, int]:
    """{rows, rejected, files} of one table, or of all in a folder."""
    if not is_folder(source):
        with workplace() as at:
            return {**score_file((source, target), bundle, explain, at), "files": 1}
    if joined(target, "").startswith(joined(source, "")):
        raise UserError(f"{target} is in {source}, whose tables are scored; write the answers elsewhere")
    pairs = [(joined(source, name), joined(target, answers_of(name))) for name in tables_in(source)]
    if len({answers for _, answers in pairs}) < len(pairs):
        raise UserError(f"{source} has tables whose answers would go by one name; score them by themselves")
    total = {"rows": 0, "rejected": 0, "files": len(pairs)}
    with workplace() as at:
        work = partial(score_file, bundle=bundle, explain=explain)
        if are_seen(at, pairs):
            done = at.map(work, pairs, "score: files")
        else:
            print(
                f"  the workers do not see {source} and {target} as they are here: tables are read here, parts travel"
            )
            done = (work(pair, at=at) for pair in pairs)
        for counts in done:
            total["rows"] += counts["rows"]
            total["rejected"] += counts["rejected"]
    return total


def score_file(pair: tuple[str, str], bundle: Bundle, explain: int, at: Workplace | None = None) -> dict[str, int]:
    """(table, answers): by whoever does the work, unless `at` says where its parts go."""
    source, target = pair
    with fetched(source) as here, delivered(target) as there:
        return score(bundle, here, there, explain, at or Workplace(1))


def tables_in(folder: str) -> list[str]:
    """The tables' names in a folder, with the folders below it, in order. UserError where there are none."""
    if not is_store(folder):
        files, _ = table_files(Path(folder))
        return [path.relative_to(folder).as_posix() for path in files]
    store, top = opened(folder)
    with said(folder):
        found = [path.removeprefix(top.rstrip("/") + "/") for path in store.find(top)]
    names = sorted(name for name in found if is_table_name(Path(name)))
    if not names:
        raise UserError(f"{folder} has no table; put one there, or name another")
    return names


def answers_of(name: str) -> str:
    """The name of a table's answers: its own, with an ending that can be written."""
    path = Path(name)
    if path.suffix.lower() in PACKED:
        path = path.with_suffix("")
    if path.suffix.lower() not in TEXT + PARQUET:
        path = path.with_suffix(".csv")
    return path.as_posix()


def joined(folder: str, name: str) -> str:
    """Absolute, since a worker runs elsewhere."""
    top = folder if is_store(folder) else Path(folder).resolve().as_posix()
    return f"{top.rstrip('/')}/{name}"


def are_seen(at: Workplace, pairs: list[tuple[str, str]]) -> bool:
    """Whether those who do the work see tables and answers where they are."""
    tables = [Path(source) for source, _ in pairs if not is_store(source)]
    if tables and not at.sees(min(tables, key=lambda path: path.stat().st_size)):
        return False
    target = pairs[0][1]
    if is_store(target):
        return True
    beside = Path(target).parent / SEEN
    beside.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside.write_text(target, encoding="utf-8")
        return at.sees(beside)
    finally:
        beside.unlink(missing_ok=True)


# ---- stores ------------------------------------------------------------------------------------------------------------


def opened(address: str) -> tuple[Any, str]:
    """(the store, the path in it)."""
    scheme = address.partition("://")[0]
    try:
        import fsspec

        return fsspec.core.url_to_fs(address)
    except ImportError:
        package = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}.get(
            scheme, f"the fsspec package of {scheme}"
        )
        raise UserError(f"{address} needs a package more: pip install fsspec {package}; on each worker, too") from None
    except ValueError as error:
        raise UserError(f"{address} is in a store that is not known ({error}); write s3://, gs:// or az://") from None


@contextlib.contextmanager
def said(address: str) -> Iterator[None]:
    """What a store raises, as a sentence."""
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{address} is not there; name a table or a folder/ that is") from None
    except Exception as error:  # each store has its own
        text = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"{address} cannot be reached ({text}); its keys and address come from the environment"
        ) from error


@contextlib.contextmanager
def fetched(address: str) -> Iterator[Path]:
    """The file itself, or a copy while the block lasts."""
    if not is_store(address):
        yield Path(address)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, address.rsplit("/", 1)[1])
        store, path = opened(address)
        with said(address):
            store.get_file(path, str(copy))
        yield copy


@contextlib.contextmanager
def delivered(address: str) -> Iterator[Path]:
    """A path to write to; what is written there, and beside it, is put into the store when the block ends well."""
    if not is_store(address):
        yield Path(address)
        return
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, address.rsplit("/", 1)[1])
        yield made
        store, path = opened(address)
        others = sorted(one for one in Path(folder).iterdir() if one != made)
        with said(address):
            for one in [*others, made]:  # the answers last: where they are, all is there
                store.put_file(str(one), f"{path.rpartition('/')[0]}/{one.name}")
