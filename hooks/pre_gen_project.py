"""Refuse what cannot work, a line for each reason, before anything is written.

cookiecutter renders this file and runs it in the new, empty folder; only the standard library is certain to be there.
"""

import csv
import difflib
import importlib.util
import io
import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

# what stands in double braces is Python to a linter, and a literal once cookiecutter has rendered it
ANSWERS = json.loads({{cookiecutter | jsonify | quoted}})
DATA = {{cookiecutter.data | from_here | quoted}}
REGENERATING = {{"cruft" | regenerating}}

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
HEAD = 1 << 20  # bytes read of a table: its header is in there


class Refused(Exception):
    """What cannot work, and the cure."""


def check_name():
    name, project = ANSWERS["project_name"], ANSWERS["project"]
    if not re.search(r"\w", name):
        raise Refused(f'project_name "{name}" has no letter or digit; give a name such as "Telco churn"')
    # also a package's name (pyproject.toml), and a folder's on Windows
    reserved = re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", project, re.IGNORECASE)
    if reserved or not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", project):
        raise Refused(
            f'project "{project}" cannot name a folder and a package; '
            "use letters, digits, - and _, with a letter or digit at both ends, as in telco-churn"
        )


def check_data():
    target = clean(ANSWERS["target"])
    if not DATA:
        if target not in ("", "good"):
            raise Refused(f'target "{target}" needs a table: give data; the example (data left empty) predicts "good"')
        return
    for name, header in headers(DATA, target):
        check_target(name, header, target)


def headers(data, target):
    """(name, column names) of each table; column names empty where they cannot be read here and now."""
    scheme = re.match(r"([A-Za-z][\w+.-]+)://", data)
    if scheme:
        if scheme[1].lower() not in ("http", "https"):
            raise Refused(
                f"data {data}: only http:// and https:// are downloaded; copy the table here and give its path"
            )
        return [(data, text_header(data, download_head(data), target))]
    path = Path(data)
    if not path.exists():
        raise Refused(f"data {data}: no such file or folder; give the path of a table{near_file(path)}")
    if path.is_dir():
        tables = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
        if not tables:
            raise Refused(
                f"data {data}: no CSV, TSV or Parquet file in this folder; put the tables there or give a file"
            )
        return [(str(p), file_header(p, target)) for p in tables]
    if path.suffix.lower() not in SUFFIXES:
        raise Refused(
            f"data {data}: {path.suffix or 'a file without a suffix'} is not read; save it as CSV, TSV or Parquet"
        )
    return [(data, file_header(path, target))]


def near_file(path):
    here = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, here, 1)
    return f'; did you mean "{near[0]}"?' if near else ""


def file_header(path, target):
    try:
        if path.suffix.lower() not in (".parquet", ".pq"):
            with path.open("rb") as file:
                return text_header(path, file.read(HEAD), target)
        if importlib.util.find_spec("pyarrow") is None:
            return []  # `define` will look at it
        import pyarrow
        import pyarrow.parquet

        try:
            return [clean(name) for name in pyarrow.parquet.read_schema(path).names]
        except pyarrow.ArrowInvalid:
            raise Refused(f"data {path}: not a Parquet file; export it again") from None
    except OSError as error:
        raise Refused(
            f"data {path}: cannot be read ({error.strerror or error}); give a file that you may read"
        ) from None


def download_head(url):
    request = urllib.request.Request(url, headers={"User-Agent": "cookiecutter-ml-lifecycle"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read(HEAD)
    except (OSError, ValueError) as error:  # URLError and HTTPError are OSErrors
        raise Refused(
            f"data {url}: cannot be downloaded ({error}); open it in a browser, or give a local path"
        ) from None


def text_header(name, head, target):
    """Column names in the first line that is not blank."""
    if head.startswith(b"PAR1"):
        return []
    lines = list(io.StringIO(decoded(head).replace("\0", ""), newline=""))
    excel = re.match(r"sep=(.)\s*$", lines[0]) if lines else None  # a line that Excel writes for itself
    lines = lines[1:] if excel else lines
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines:
        raise Refused(f"data {name}: empty; a table is a line of column names, then the rows")
    csv.field_size_limit(HEAD)
    delimiters = excel[1] if excel else ",;\t|"
    readings = [[[*map(clean, row)] for row in csv.reader(lines[:20], delimiter=d)] for d in delimiters]
    # the delimiter under which the header has the target, or else the rows' width, or else the most cells
    best = max(
        readings,
        key=lambda rows: (target in rows[0], len({len(r) for r in rows if r}) == 1 < len(rows[0]), len(rows[0])),
    )
    return best[0]


def decoded(head):
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="ignore")
    if head[:400].count(0) > len(head[:400]) * 0.3:  # every second byte of western text is NUL in UTF-16
        return head.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", errors="ignore")
    return "".join(decoded_line(line) for line in head.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True))


def decoded_line(line):
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def clean(name):
    return " ".join(name.replace("\0", "").split())


def check_target(name, header, target):
    shown = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
    numbers = sum(bool(re.fullmatch(r"[-+]?[\d.,]+", cell)) for cell in header)
    if target in header:
        return
    if numbers > len(header) / 3:
        raise Refused(f"data {name}: its first line looks like data ({shown}); add a line of column names above it")
    if not target:
        raise Refused(f"target is empty: name the column of {name} to predict{f', one of: {shown}' if shown else ''}")
    if header:
        same = [column for column in header if column.lower() == target.lower()]
        near = same or difflib.get_close_matches(target, header, 1)
        cure = f'did you mean "{near[0]}"?' if near else f"it has: {shown}"
        if len(header) == 1:
            cure += "; if the names stand further down, delete the lines above them"
        raise Refused(f'data {name}: no column "{target}" in its header; {cure}')


def main():
    reasons = []
    for check in () if REGENERATING else (check_name, check_data):
        try:
            check()
        except Refused as reason:
            reasons.append(f"cannot generate: {reason}")
    # stderr: it writes any character, whatever the terminal's encoding
    print(*reasons, sep="\n", end="\n" if reasons else "", file=sys.stderr)
    sys.exit(1 if reasons else 0)


main()
