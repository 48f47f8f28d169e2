"""What the way from cells to two typed tables costs: define + clean + split beside polars and DuckDB on the same file.

    python -m pip install polars duckdb          # for this benchmark alone; no project needs them
    python -m benchmarks.table [--rows 1000000 10000000] [--only define clean split polars duckdb] [--folder FOLDER]
    python -m benchmarks.table --columns 5000 [--rows 200 1000 2000]      # define alone, of a wide table

The table has 21 mixed columns: an id, two dates, categories of 3 to 300 levels, a flag, and numbers in several notations; about
2 % of the cells are missing, a few are no numbers, some rows are written twice. polars and DuckDB are told what each column is,
and only read, cast, drop duplicates, drop the rows without a target, and write Parquet; define finds out, and clean says which
rows it set aside, and why. Each runs in a process of its own: processor seconds (user and system) and peak memory are what the
system says of it. Growth is the exponent between the smallest and the largest table: 1 is proportional.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
STAGES = ("define", "clean", "split")
CHUNK = 250_000  # rows made at once; another number makes another table
LEVELS = {"size": 3, "channel": 8, "region": 20, "model": 60, "shop": 300}
MISSING, GARBLED, TWICE = 0.02, 0.0005, 0.002
NUMBERS = ("age", "visits", "distance", "score", "tiny", "price", "discount", "weight", "income", "pressure")


# ---- the table ------------------------------------------------------------------------------------------------


def make(path: Path, rows: int) -> None:
    """The table as a CSV; its first rows are those of a smaller one."""
    with path.open("wb") as file:
        for start in range(0, rows, CHUNK):
            table = chunk(start, min(CHUNK, rows - start))
            if not start:
                file.write((",".join(table.column_names) + "\n").encode())
            file.write(lines(table))


def lines(table):  # type: ignore[no-untyped-def]
    """The rows of a table of texts, as a CSV has them; only a cell with a comma is quoted."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pa.large_string()
    quoted = pc.binary_join_element_wise(
        pa.scalar('"', text), table["price"], pa.scalar('"', text), pa.scalar("", text)
    )
    price = pc.if_else(pc.match_substring(table["price"], ","), quoted, table["price"])
    columns = [price if name == "price" else table[name] for name in table.column_names]
    rows = pc.binary_join_element_wise(*columns, pa.scalar(",", text))
    ended = pc.binary_join_element_wise(rows, pa.scalar("\n", text), pa.scalar("", text)).combine_chunks()
    return ended.buffers()[2]


def chunk(start: int, n: int):  # type: ignore[no-untyped-def]
    """Rows `start` to `start + n`, each column as text."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rng = np.random.default_rng(start)
    draw = {name: rng.integers(0, levels, CHUNK) for name, levels in LEVELS.items()}
    normal = {name: rng.normal(size=CHUNK) for name in NUMBERS}
    text = pa.large_string()

    def joined(*parts: pa.Array | str) -> pa.Array:
        arrays = [pa.scalar(part, text) if isinstance(part, str) else part for part in parts]
        return pc.binary_join_element_wise(*arrays, pa.scalar("", text))

    def fixed(values: np.ndarray, places: int) -> pa.Array:
        """Numbers with so many decimals."""
        scaled = np.rint(np.abs(values) * 10**places).astype(np.int64)
        sign = pa.array(np.where((values < 0) & (scaled > 0), "-", ""), text)
        whole = pc.cast(pa.array(scaled // 10**places), text)
        decimals = pc.utf8_lpad(pc.cast(pa.array(scaled % 10**places), text), places, "0")
        return joined(sign, whole, ".", decimals)

    def whole(values: np.ndarray) -> pa.Array:
        return pc.cast(pa.array(values.astype(np.int64)), text)

    days = rng.integers(0, 1500, CHUNK).astype("timedelta64[D]") + np.datetime64("2021-01-01")
    moments = rng.integers(0, 1500 * 86400, CHUNK).astype("timedelta64[s]") + np.datetime64("2021-01-01T00:00:00")
    cents = np.rint(np.exp(normal["price"] + 6) * 100).astype(np.int64)
    thousands = joined(whole(cents // 100_000), ",")
    hundreds = pc.utf8_lpad(whole(cents // 100 % 1000), 3, "0")
    head = pc.if_else(pa.array(cents >= 100_000), joined(thousands, hundreds), whole(cents // 100))
    price = joined("$", head, ".", pc.utf8_lpad(whole(cents % 100), 2, "0"))
    numbers = start + np.arange(CHUNK)
    columns = {
        "order_id": joined("C-", pc.utf8_lpad(whole(numbers * 7919 % 999_999_937), 9, "0")),
        "ordered": pc.cast(pa.array(days), text),
        "delivered": pc.replace_substring(pc.cast(pa.array(moments), text), "T", " "),
        **{name: joined(f"{name} ", whole(codes)) for name, codes in draw.items()},
        "member": pc.if_else(pa.array(rng.random(CHUNK) < 0.3), "yes", "no").cast(text),
        "age": whole(np.clip(45 + 15 * normal["age"], 18, 95)),
        "visits": whole(np.exp(1 + normal["visits"])),
        "distance": fixed(np.exp(2 + normal["distance"]), 1),
        "score": fixed(normal["score"] * 12, 4),
        "tiny": pc.cast(pa.array(np.exp(normal["tiny"] - 9).astype(np.float32)), text),
        "price": price,
        "discount": joined(fixed(np.abs(normal["discount"]) * 9, 1), "%"),
        "weight": joined(fixed(np.exp(normal["weight"]), 2), " kg"),
        "income": whole(np.rint(np.exp(10 + 0.5 * normal["income"]))),
        "pressure": fixed(1013 + 9 * normal["pressure"], 2),
        "zip": pc.utf8_lpad(whole(rng.integers(1000, 99_999, CHUNK)), 5, "0"),
    }
    for name in list(columns)[1:]:
        gone = pa.array(rng.random(CHUNK) < MISSING)
        columns[name] = pc.if_else(gone, pa.scalar("", text), columns[name])
        if name in NUMBERS:
            columns[name] = pc.if_else(
                pa.array(rng.random(CHUNK) < GARBLED), pa.scalar("see note", text), columns[name]
            )
    late = rng.random(CHUNK) < chance(normal, draw)
    known = rng.random(CHUNK) > 0.001
    columns["late"] = pa.array(np.where(known, np.where(late, "yes", "no"), ""), text)
    table = pa.table(columns)
    # some rows are written twice, one below the other
    twice = np.flatnonzero(rng.random(CHUNK) < TWICE)
    twice = twice[twice > 0]
    order = np.arange(CHUNK)
    order[twice] = order[twice - 1]
    return table.take(pa.array(order[:n]))


def make_wide(path: Path, rows: int, columns: int) -> None:
    """A table of many columns in seven kinds: whole and other numbers, categories, flags, dates, money, and gaps."""
    import numpy as np

    rng = np.random.default_rng(0)
    days = np.datetime64("2020-01-01")

    def cells(kind: int, levels: int) -> list[str]:
        if kind == 0:
            return [str(v) for v in rng.integers(0, 1000, rows)]
        if kind == 1:
            return [f"{v:.3f}" for v in rng.normal(0, 3, rows)]
        if kind == 2:
            return [f"level {v}" for v in rng.integers(0, levels, rows)]
        if kind == 3:
            return [("no", "yes")[v] for v in rng.integers(0, 2, rows)]
        if kind == 4:
            return [str(v) for v in days + rng.integers(0, 900, rows)]
        if kind == 5:
            return [f'"${v:,}"' for v in rng.integers(0, 200_000, rows)]
        gaps = rng.random(rows) < 0.3
        return ["NA" if gap else f"{v:.2f}" for v, gap in zip(rng.normal(50, 9, rows), gaps, strict=True)]

    made = {f"c{i}": cells(i % 7, 5 + i % 40) for i in range(columns - 1)}
    made["late"] = [("no", "yes")[v] for v in rng.integers(0, 2, rows)]
    lines = [",".join(made), *(",".join(row) for row in zip(*made.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def chance(normal, draw):  # type: ignore[no-untyped-def]
    """Of being late, for each row: what the best model would predict, did no cell miss."""
    import numpy as np

    odds = 0.8 * normal["score"] - 0.5 * normal["age"] + 0.3 * (draw["size"] - 1.0) + 0.02 * (draw["region"] - 10)
    return 1 / (1 + np.exp(1.2 - odds))


def best_reachable(rows: int = 2_000_000) -> float:
    """The log loss of `chance` itself."""
    import numpy as np

    rng = np.random.default_rng(1)
    draw = {name: rng.integers(0, LEVELS[name], rows) for name in ("size", "region")}
    p = chance({name: rng.normal(size=rows) for name in ("score", "age")}, draw)
    return float(-np.mean(p * np.log(p) + (1 - p) * np.log(1 - p)))


# ---- who reads it ---------------------------------------------------------------------------------------------

POLARS = """
import polars as pl
plain = {plain}
floats = [pl.col(c).str.strip_chars().cast(pl.Float64, strict=False) for c in plain]
frame = pl.read_csv("data/raw/table.csv", infer_schema=False).with_columns(
    *floats,
    pl.col("price").str.replace_all(r"[$,]", "").cast(pl.Float64, strict=False),
    pl.col("discount").str.strip_chars("%").cast(pl.Float64, strict=False),
    pl.col("weight").str.strip_suffix(" kg").cast(pl.Float64, strict=False),
    pl.col("ordered").str.to_date("%Y-%m-%d", strict=False),
    pl.col("delivered").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False),
    *[pl.col(c).str.strip_chars() for c in {texts}],
).unique(maintain_order=True).filter(pl.col("late").is_not_null())
frame.write_parquet("clean.parquet")
held = frame["order_id"].hash(1) % 5 == 0
frame.filter(~held).write_parquet("train.parquet")
frame.filter(held).write_parquet("test.parquet")
"""
DUCKDB = """
import duckdb
plain = {plain}
floats = ", ".join(f'try_cast("{{c}}" as double) as "{{c}}"' for c in plain)
duckdb.execute("set threads = 2; set enable_progress_bar = false")
duckdb.execute(f'''create table t as select distinct order_id, try_cast(ordered as date) as ordered,
    try_cast(delivered as timestamp) as delivered, trim(size) as size, trim(channel) as channel, trim(region) as region,
    trim(model) as model, trim(shop) as shop, member, {{floats}},
    try_cast(replace(replace(price, '$', ''), ',', '') as double) as price,
    try_cast(rtrim(discount, '%') as double) as discount,
    try_cast(replace(weight, ' kg', '') as double) as weight, zip, late
    from read_csv('data/raw/table.csv', all_varchar=true, header=true) where late is not null''')
duckdb.execute("copy t to 'clean.parquet' (format parquet)")
duckdb.execute("copy (select * from t where hash(order_id) % 5 <> 0) to 'train.parquet' (format parquet)")
duckdb.execute("copy (select * from t where hash(order_id) % 5 = 0) to 'test.parquet' (format parquet)")
"""


class Cost(NamedTuple):
    processor: float
    wall: float
    peak: float  # MB


def command(name: str) -> list[str]:
    if name == "score":
        return [sys.executable, "-m", "service.score", "models/bundle", "data/raw/table.csv", "data/scored.csv"]
    if name not in ("polars", "duckdb"):
        return [sys.executable, "-m", f"stages.{name}"]
    plain = [n for n in NUMBERS if n not in ("price", "discount", "weight")]
    texts = [*LEVELS, "member", "zip", "order_id", "late"]
    script = POLARS if name == "polars" else DUCKDB
    return [sys.executable, "-c", script.format(plain=plain, texts=texts)]


def run(name: str, folder: Path, **more: str) -> Cost:
    """One process, with `more` in its environment, and what the system says that it and those that it started used; `peak` is the
    largest one's. The system counts this process's own memory as the child's beginning, so that it must stay small: it imports
    no library."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "POLARS_MAX_THREADS": "2", **more}
    start = time.monotonic()
    with (folder / "said.txt").open("a") as said:
        child = subprocess.Popen(command(name), cwd=folder, env=env, stdout=said, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{name} failed:\n{(folder / 'said.txt').read_text('utf-8')}")
    return Cost(used.ru_utime + used.ru_stime, time.monotonic() - start, used.ru_maxrss / 1024)


def prepare(folder: Path, rows: int, columns: int = 0) -> None:
    raw = folder / "data/raw/table.csv"
    raw.parent.mkdir(parents=True, exist_ok=True)
    if not raw.exists() or not raw.stat().st_size:
        call = f"make(Path({str(raw)!r}), {rows})"
        if columns:
            call = f"make_wide(Path({str(raw)!r}), {rows}, {columns})"
        script = f"from pathlib import Path; from benchmarks.table import make, make_wide; {call}"
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    params["problem"] |= {"statement": "", "target": "late"}
    params["columns"] = {}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")


def measure(rows: int, only: list[str], place: Path | None) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = (place or Path(temporary)) / str(rows)
        prepare(folder, rows)
        size = (folder / "data/raw/table.csv").stat().st_size / 1e6
        print(f"\n{rows:,} rows, {size:,.0f} MB of CSV", flush=True)
        found = {}
        for name in only:
            found[name] = run(name, folder)
            show(name, found[name])
        if set(STAGES) <= set(found):
            stages = [found[name] for name in STAGES]
            found["all three"] = Cost(
                sum(s.processor for s in stages), sum(s.wall for s in stages), max(s.peak for s in stages)
            )
            show("all three", found["all three"])
            if "polars" in found:
                print(
                    f"  all three / polars: {found['all three'].processor / found['polars'].processor:.2f} of its processor time"
                )
    return found


def measure_wide(rows: int, columns: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder, rows, columns)
        print(f"\n{rows:,} rows, {columns:,} columns", flush=True)
        show("define", run("define", folder))


def show(name: str, cost: Cost) -> None:
    print(
        f"  {name:10} processor {cost.processor:7.1f} s   clock {cost.wall:7.1f} s   peak {cost.peak:7,.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--columns", type=int, help="define alone, of a table of so many columns")
    parser.add_argument(
        "--only", nargs="*", default=[*STAGES, "polars", "duckdb"], choices=[*STAGES, "polars", "duckdb"]
    )
    parser.add_argument("--folder", type=Path, help="where the tables are kept; a temporary one without it")
    args = parser.parse_args()
    if args.columns:
        for rows in sorted(args.rows):
            measure_wide(rows, args.columns)
        return
    costs = {rows: measure(rows, args.only, args.folder) for rows in sorted(args.rows)}
    if len(costs) > 1:
        small, large = min(costs), max(costs)
        print(f"\ngrowth, {small:,} to {large:,} rows")
        for name in costs[small]:
            ratio = costs[large][name].processor / costs[small][name].processor
            print(f"  {name:10} exponent {math.log(ratio) / math.log(large / small):.2f}")


if __name__ == "__main__":
    main()
