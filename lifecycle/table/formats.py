"""What a file is, by its first bytes and not by its name; packed ones are opened as what is in them.

Only the standard library: the generation hook carries a copy. zstd alone is opened by pyarrow, where that is installed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

from lifecycle.ground.errors import UserError

TEXT = (".csv", ".tsv", ".txt", ".tab", ".psv")
JSON = (".jsonl", ".ndjson", ".json")
COLUMNAR = (".parquet", ".pq", ".arrow", ".feather")
WORKBOOK = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
SUFFIXES = (*TEXT, *JSON, *COLUMNAR, *WORKBOOK, *PACKED)
SPOKEN = "CSV, TSV, JSON lines, Excel, Parquet, Arrow, or one of these packed by gzip, bzip2, xz, zstd or zip"
HEAD = 1 << 20  # bytes that are enough to say what a file is, and to find its header

# first bytes: what they say, and for what is no table the cure
_PACKERS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}
_TABLES = {b"PAR1": "parquet", b"ARROW1": "arrow", b"FEA1": "arrow", b"\xd0\xcf\x11\xe0": "workbook"}
_OTHERS = {
    b"%PDF": "a PDF; export the table as CSV from where it was made",
    b"\x89PNG": "a picture; give the table itself",
    b"\xff\xd8\xff": "a picture; give the table itself",
    b"GIF8": "a picture; give the table itself",
    b"RIFF": "a picture, sound or film; give the table itself",
    b"SQLite format 3": "a SQLite database; export the table as CSV",
    b"\x7fELF": "a program; give the table itself",
    b"MZ": "a program; give the table itself",
    b"\x80\x02": "a Python pickle, which may run code when it is opened; write it with to_parquet",
    b"\x80\x03": "a Python pickle, which may run code when it is opened; write it with to_parquet",
    b"\x80\x04": "a Python pickle, which may run code when it is opened; write it with to_parquet",
    b"\x80\x05": "a Python pickle, which may run code when it is opened; write it with to_parquet",
    b"\x89HDF": "HDF5; write the table with to_parquet",
    b"\x93NUMPY": "a NumPy array; write the table with to_parquet",
    b"RDX": "R's own format; write the table with write.csv",
    b"Obj\x01": "Avro; write the table as Parquet",
    b"ORC": "ORC; write the table as Parquet",
    b"$FL2": "an SPSS file; export it as CSV",
    b"<stata_dta>": "a Stata file; export it as CSV",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"{\\rtf": "a rich-text document; save the table as CSV",
    b"version https://git-lfs": "a Git LFS pointer; run `git lfs pull`",
    b"<": "HTML or XML, perhaps an error page that was downloaded in its place; fetch the table again",
}
_TEXTUAL = (b"MZ", b"RIFF", b"ORC", b"RDX", b"GIF8", b"Obj\x01")  # may begin a word; only with a NUL are they binary
_COMMON = frozenset(range(32, 127)) | {1, 9, 10, 11, 12, 13, 31}  # 1 and 31 divide cells in some


def is_table_name(path: Path) -> bool:
    """Whether a file of a folder is taken for a table, by its name."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$"))


def open_file(path: Path) -> tuple[str, BinaryIO]:
    """(kind, the file unpacked): text, json, parquet, arrow or workbook. UserError where it is no table."""
    file: BinaryIO = path.open("rb")
    for _ in range(3):  # packed twice happens
        head = file.read(8192)
        file.seek(0)
        packer = next((p for start, p in _PACKERS.items() if head.startswith(start)), "")
        if packer == "zip" and _is_workbook(file):
            return "workbook", file
        if not packer:
            return kind(path, head), file
        file = _unpacked(path, file, packer)
    raise UserError(f"{path} is packed more than twice; unpack it")


def kind(path: Path, head: bytes) -> str:
    """text, json, parquet, arrow or workbook, by the first bytes; UserError where these are of something else."""
    for start, found in _TABLES.items():
        if head.startswith(start):
            return found
    for start, what in _OTHERS.items():
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(start) and not (start in _TEXTUAL and b"\0" not in head):
            raise UserError(f"{path} is {what}")
    if head[257:262] == b"ustar":
        raise UserError(f"{path} is a tar archive; unpack it and give the table in it")
    if _is_json(head):
        return "json"
    if path.suffix.lower() in (".parquet", ".pq"):
        raise UserError(f"{path} is not a Parquet file that can be read; export it again")
    if path.suffix.lower() in (".arrow", ".feather"):
        return "arrow"  # a stream has no mark of its own
    if path.suffix.lower() in WORKBOOK and b"\0" in head:
        raise UserError(f"{path} is not a workbook that can be read; save it again")
    if _is_binary(head):
        raise UserError(f"{path} is neither text nor a kind of table that can be read ({SPOKEN}); export it as CSV")
    return "text"


def _is_json(head: bytes) -> bool:
    """An object, or a list of objects; a header may begin with a brace too, and is not followed by a quote or brace."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    inner = text[1:].lstrip(b" \t\r\n")
    if text.startswith(b"{"):
        return inner.startswith(b'"') and b":" in text or inner.startswith(b"}")
    return text.startswith(b"[") and inner.startswith((b"{", b"["))


def _is_binary(head: bytes) -> bool:
    """Bytes that no text has, in number; of NULs, UTF-16 and UTF-32 are full."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"\xef\xbb\xbf")):
        return False
    part = head[:4096].rstrip(b"\0")  # a file that was made longer than its content
    return sum(byte < 32 and byte not in _COMMON and byte != 0 for byte in part) > 0.02 * len(part)


def _is_workbook(file: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(file) as packed:
            names = packed.namelist()
            opened = "mimetype" in names and b"spreadsheet" in packed.read("mimetype")
        file.seek(0)
        return opened or any(name.startswith("xl/") for name in names)
    except (zipfile.BadZipFile, OSError, KeyError, NotImplementedError, RuntimeError):
        file.seek(0)
        return False


def _unpacked(path: Path, file: BinaryIO, packer: str) -> BinaryIO:
    try:
        if packer == "zip":
            return _only_member(path, file)
        if packer == "zstd":
            return _zstd(path, file)
        opener = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}[packer]
        unpacked = io.BufferedReader(opener(file), 1 << 20)  # type: ignore[operator]
        unpacked.peek(1)
        return cast(BinaryIO, unpacked)
    except (
        OSError,
        EOFError,
        lzma.LZMAError,
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as error:
        raise UserError(f"{path} cannot be unpacked ({error}); fetch or pack it again") from error


def _only_member(path: Path, file: BinaryIO) -> BinaryIO:
    packed = zipfile.ZipFile(file)
    tables = [n for n in packed.namelist() if not n.endswith("/") and not Path(n).name.startswith(".")]
    tables = [n for n in tables if not n.startswith("__MACOSX/")]
    likely = [n for n in tables if Path(n).suffix.lower() in SUFFIXES]
    chosen = likely if len(tables) > 1 else tables
    if len(chosen) != 1:
        raise UserError(
            f"{path} is a zip archive of {len(chosen)} tables ({', '.join(chosen[:4])}); unpack it and give the folder or one of them"
        )
    return cast(BinaryIO, io.BufferedReader(packed.open(chosen[0]), 1 << 20))


def _zstd(path: Path, file: BinaryIO) -> BinaryIO:
    try:
        import pyarrow as pa
    except ImportError:
        raise Unlooked(f"{path} is packed by zstd; `python -m pip install pyarrow` to read it") from None
    return io.BytesIO(pa.input_stream(pa.PythonFile(file, "r"), compression="zstd").read())


class Unlooked(Exception):
    """What cannot be looked at here for want of a library; `define` will."""
