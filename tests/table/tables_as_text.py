"""Small tables, written as text, for the tests of the reader."""

from lifecycle.table.read import RawTable, ReadOptions, read_raw

TOWNS = ("Ulm", "Hof", "Bonn")


def lines(n: int = 40, delimiter: str = ",") -> list[str]:
    """A header and `n` rows: town, count, price, good."""
    rows = [delimiter.join([TOWNS[i % 3], str(3 + i * 7 % 50), f"{2 + i * 3 % 40}.5", str(i % 2)]) for i in range(n)]
    return [delimiter.join(["town", "count", "price", "good"]), *rows]


def sums(table: list[str]) -> tuple[int, float]:
    """Of the columns count and price."""
    cells = [line.split(",") for line in table[1:]]
    return sum(int(row[1]) for row in cells), sum(float(row[2]) for row in cells)


def read(
    folder, content: "str | bytes | list[str]", name: str = "t.csv", options: ReadOptions | None = None
) -> RawTable:
    """`content` as the only file of `folder`, read."""
    if isinstance(content, list):
        content = "".join(line + "\n" for line in content)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_raw(folder, options)


def rows(raw: RawTable) -> list[list[str]]:
    return raw.frame.drop(columns="__source__").values.tolist()


def names(raw: RawTable) -> list[str]:
    return [str(c) for c in raw.frame.columns if c != "__source__"]


def aside(raw: RawTable) -> list[tuple[int, str]]:
    """(line, reason) of what is no row."""
    return [(int(b.source.rsplit(":", 1)[1]), b.reason) for b in raw.broken]
