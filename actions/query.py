"""A query of a database, landed as Parquet in data/raw, and where it came from in data/provenance.

params.yaml has the SQL (source.query) and the name of the environment variable that holds the SQLAlchemy URL
(source.database_url). The URL, with its password, is written nowhere, also in no error. The rows keep their types: decimals,
dates, moments with a zone (as UTC), bytes; they come part by part, and the same rows are the same bytes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import replacing, sha256, write_json
from lifecycle.ground.params import SourceParams

if TYPE_CHECKING:
    import pyarrow as pa

TABLE, PROVENANCE = Path("data/raw/query.parquet"), Path("data/provenance/query.json")
PART = 50_000  # rows
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")


def fetch(asked: SourceParams) -> Path | None:
    """Ask the database; the table in data/raw, or None where it is as it was. UserError, without the URL, where it fails."""
    sql = asked.query.strip().rstrip(";")
    check_order(sql)
    url = url_from(asked.database_url)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            names, dialect, parts = save_parts(sql, url, Path(folder))
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"params.yaml: source.query: {said(error, url)}") from None
        if not parts:
            raise UserError("params.yaml: source.query gave no rows; does it ask for the right ones?")
        landed = Path(folder, "landed.parquet")
        rows, schema = joined(parts, landed)
        if TABLE.exists() and sha256(TABLE) == sha256(landed):
            return None
        with replacing(TABLE) as beside:
            shutil.copyfile(landed, beside)
    write_json(
        PROVENANCE,
        {
            "query": sql,
            "database": dialect,
            "url_from": f"the environment variable {asked.database_url}",
            "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "file": TABLE.as_posix(),
            "rows": rows,
            "schema": {name: str(schema.field(name).type) for name in names},
            "sha256": sha256(TABLE),
        },
    )
    return TABLE


def check_order(sql: str) -> None:
    """A database gives rows in any order, and another one next time; the query must say which."""
    bare = _QUOTED.sub("''", _COMMENT.sub(" ", sql))
    while (inner := re.sub(r"\([^()]*\)", " ", bare)) != bare:
        bare = inner
    if not re.search(r"\border\s+by\b", bare, re.IGNORECASE):
        raise UserError(
            "params.yaml: source.query has no ORDER BY, so that the same rows may come in another order each time; add one "
            "that tells all rows apart, such as ORDER BY id"
        )


def url_from(variable: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", variable):
        raise UserError(
            "params.yaml: source.database_url takes the name of an environment variable, such as DATABASE_URL, and never the "
            "URL itself, which has a password; take it out"
        )
    url = os.environ.get(variable, "")
    if not url:
        raise UserError(
            f"the environment variable {variable} is empty (params.yaml: source.database_url); set it to a SQLAlchemy URL, such as "
            "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE"
        )
    return url


def save_parts(sql: str, url: str, folder: Path) -> tuple[list[str], str, list[Path]]:
    """(names of the columns, kind of database, a Parquet file for each part)."""
    try:
        import sqlalchemy
    except ImportError:
        raise UserError(
            "a query needs SQLAlchemy; python -m pip install sqlalchemy, and the database's driver"
        ) from None
    import pyarrow.parquet as pq

    engine = sqlalchemy.create_engine(url)
    parts: list[Path] = []
    try:
        with engine.connect() as connection:
            options: dict[str, Any] = {"stream_results": True, "yield_per": PART, "no_parameters": True}
            if engine.dialect.name == "postgresql":
                connection.execution_options(postgresql_readonly=True)
            result = connection.exec_driver_sql(sql, execution_options=options)
            names = [str(name) for name in result.keys()]  # noqa: SIM118  (no dict)
            if twice := [name for name in names if names.count(name) > 1]:
                raise UserError(
                    f'params.yaml: source.query gives two columns called "{twice[0]}"; give one another name: AS ...'
                )
            for rows in result.partitions(PART):
                path = folder / f"{len(parts)}.parquet"
                pq.write_table(table(names, rows), path)
                parts.append(path)
            connection.rollback()  # a query only reads
    finally:
        engine.dispose()
    return names, engine.dialect.name, parts


def table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows of Python's values as Arrow, in the types that the database has."""
    import pyarrow as pa

    columns = []
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        try:
            column = pa.array([plain(cell) for cell in cells])
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            raise UserError(
                f'params.yaml: source.query: the column "{name}" holds values of several kinds; CAST it to one'
            ) from None
        if pa.types.is_timestamp(column.type) and column.type.tz:
            column = column.cast(pa.timestamp("us", "UTC"))
        columns.append(column)
    return pa.table(columns, names=list(names))


def plain(value: Any) -> Any:
    """What Arrow knows no type for, as bytes or text."""
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return value


def joined(parts: Iterable[Path], target: Path) -> tuple[int, pa.Schema]:
    """One file of all parts, in types that hold them all: (rows, schema)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = list(parts)
    try:
        schema = pa.unify_schemas([pq.read_schema(part) for part in parts], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UserError(
            f"params.yaml: source.query: a column changes its kind between rows ({error}); CAST it"
        ) from None
    rows = 0
    with pq.ParquetWriter(target, schema) as writer:
        for part in parts:
            table = pq.read_table(part).cast(schema)
            writer.write_table(table)
            rows += len(table)
    return rows, schema


def said(error: Exception, url: str) -> str:
    """What a database or its driver said, in one line and without what is secret."""
    missing = re.search(r"No module named '([\w.]+)'|(?:load plugin: |dialects?[:.])([\w.+:]+)", str(error))
    text = " ".join(str(getattr(error, "orig", None) or error).split())
    if isinstance(error, ModuleNotFoundError) and missing and missing[1]:
        text = f"the database's driver is not installed; python -m pip install {missing[1]}"
    for secret in sorted(secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text[:400]


def secrets(url: str) -> set[str]:
    """The URL, its password, and the values behind its question mark."""
    found = {url}
    password = re.match(r"[^:]+://[^:/@]*:(.*)@", url)
    if password:
        found |= {password[1], unquote(password[1])}
    found |= {value for _, _, value in (pair.partition("=") for pair in url.partition("?")[2].split("&"))}
    return {secret for secret in found if secret}
