"""Refuse what cannot work, a line for each reason, before anything is written.

cookiecutter renders this file and runs it in the new, empty folder; only the standard library is certain to be there.
"""

import difflib
import json
import re
import sys
import tempfile
import types
import urllib.parse
import urllib.request
from pathlib import Path

# what stands in double braces is Python to a linter, and a literal once cookiecutter has rendered it
ANSWERS = json.loads({{cookiecutter | jsonify | quoted}})
DATA = {{cookiecutter.data | from_here | quoted}}
REGENERATING = {{"cruft" | regenerating}}
# the project's own reader, so that what it refuses is refused here; each module after those that it imports
READER = {
    "lifecycle.ground.errors": {{"lifecycle/ground/errors.py" | source_of | quoted}},
    "lifecycle.table.names": {{"lifecycle/table/names.py" | source_of | quoted}},
    "lifecycle.table.records": {{"lifecycle/table/records.py" | source_of | quoted}},
    "lifecycle.table.labels": {{"lifecycle/table/labels.py" | source_of | quoted}},
    "lifecycle.table.encoding": {{"lifecycle/table/encoding.py" | source_of | quoted}},
    "lifecycle.table.dialect": {{"lifecycle/table/dialect.py" | source_of | quoted}},
    "lifecycle.table.formats": {{"lifecycle/table/formats.py" | source_of | quoted}},
    "lifecycle.table.header": {{"lifecycle/table/header.py" | source_of | quoted}},
    "lifecycle.table.layout": {{"lifecycle/table/layout.py" | source_of | quoted}},
    "lifecycle.table.part": {{"lifecycle/table/part.py" | source_of | quoted}},
    "lifecycle.table.grid": {{"lifecycle/table/grid.py" | source_of | quoted}},
    "lifecycle.table.workbook": {{"lifecycle/table/workbook.py" | source_of | quoted}},
    "lifecycle.table.columnar": {{"lifecycle/table/columnar.py" | source_of | quoted}},
    "lifecycle.table.json_rows": {{"lifecycle/table/json_rows.py" | source_of | quoted}},
    "lifecycle.table.read": {{"lifecycle/table/read.py" | source_of | quoted}},
}
MIN_ROWS = 20  # as in stages.define


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


def reader():
    """The project's modules, imported from their text."""
    for name, source in READER.items():
        parts = name.split(".")
        for depth in range(1, len(parts)):
            package = sys.modules.setdefault(".".join(parts[:depth]), types.ModuleType(".".join(parts[:depth])))
            package.__path__ = []
        module = sys.modules[name] = types.ModuleType(name)
        exec(compile(source, f"{name.replace('.', '/')}.py", "exec"), module.__dict__)
    return sys.modules["lifecycle.table.read"]


def check_data():
    read = reader()
    target = sys.modules["lifecycle.table.names"].tidy_name(ANSWERS["target"])
    if not DATA:
        if target not in ("", "good"):
            raise Refused(f'target "{target}" needs a table: give data; the example (data left empty) predicts "good"')
        return
    try:
        check_table(read, target)
    except sys.modules["lifecycle.ground.errors"].UserError as error:
        raise Refused(f"data {error}") from None


def check_table(read, target):
    scheme = re.match(r"([A-Za-z][\w+.-]+)://", DATA)
    if scheme:
        if scheme[1].lower() not in ("http", "https"):
            raise Refused(
                f"data {DATA}: only http:// and https:// are downloaded; copy the table here and give its path"
            )
        check_address(read, target)
        return
    path = Path(DATA)
    if not path.exists():
        raise Refused(f"data {DATA}: no such file or folder; give the path of a table{near_file(path)}")
    if path.is_file() and not sys.modules["lifecycle.table.formats"].is_table_name(path):
        kinds = sys.modules["lifecycle.table.formats"].SPOKEN
        raise Refused(f"data {DATA}: {path.suffix or 'a file without a suffix'} is not read; save it as {kinds}")
    files = read.table_files(path)[0]
    check_files(read, [(p, p.name if path.is_file() else p.relative_to(path).as_posix()) for p in files], target)


def check_address(read, target):
    """The beginning of what is behind the address; only text can be looked at before all of it is there."""
    head = download_head(DATA)
    name = urllib.parse.urlsplit(DATA).path.rsplit("/", 1)[-1] or "table"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, re.sub(r"[^\w.-]", "_", name))
        path.write_bytes(head)
        try:
            whole = len(head) < read.HEAD
            if whole or read.open_file(path)[0] == "text":
                check_files(read, [(path, path.name)], target, whole)
        except sys.modules["lifecycle.ground.errors"].UserError as error:
            if whole or "unpacked" not in str(error):  # a packed file's beginning cannot be
                raise Refused(f"data {str(error).replace(str(path), DATA)}") from None


def near_file(path):
    here = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, here, 1)
    return f'; did you mean "{near[0]}"?' if near else ""


def check_files(read, files, target, whole=True):
    """Refuse what `define` would, as far as it can be seen with what is installed here."""
    options = read.ReadOptions()
    looked = []
    for path, name in files:
        try:
            looked.append(read.open_table(path, name, options, target, read.HEAD))
        except (read.Unlooked, ImportError):
            return  # `define` will look at it
        except (OSError, EOFError) as error:
            raise Refused(
                f"data {path}: cannot be read ({getattr(error, 'strerror', None) or error}); give a file that you may read"
            ) from None
    union = read.united([(table.name, table.names) for table in looked], {})
    if not target:
        shown = sys.modules["lifecycle.table.layout"].spoken(union.names)
        raise Refused(f"target is empty: name the column of {files[0][0]} to predict, one of: {shown}")
    unsure = any(table.layout and not table.layout.seen.sure for table in looked)
    if not (unsure and not target.isascii()):  # its letters may be read otherwise where the encoding can be found out
        for table in looked:
            labels = table.layout.labels if table.layout else []
            if target not in union.names:
                sys.modules["lifecycle.table.layout"].check_target(table.path, table.names, target, labels)
        read.check_targets(looked, union, target)
    if whole and all(table.count is not None for table in looked):
        rows = sum(table.count() for table in looked)
        if rows < MIN_ROWS:
            raise Refused(
                f"data {files[0][0]} has {rows} rows; a model needs {MIN_ROWS} to be fitted and tested: add rows"
            )


def download_head(url):
    request = urllib.request.Request(url, headers={"User-Agent": "cookiecutter-ml-lifecycle"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read(1 << 20)
    except (OSError, ValueError) as error:  # URLError and HTTPError are OSErrors
        raise Refused(
            f"data {url}: cannot be downloaded ({error}); open it in a browser, or give a local path"
        ) from None


def shown(text):
    """`text` without what a terminal would obey."""
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in text)


def main():
    reasons = []
    for check in () if REGENERATING else (check_name, check_data):
        try:
            check()
        except Refused as reason:
            reasons.append("cannot generate: " + shown(str(reason)))
    # stderr: it writes any character, whatever the terminal's encoding
    print(*reasons, sep="\n", end="\n" if reasons else "", file=sys.stderr)
    sys.exit(1 if reasons else 0)


main()
