"""What the answers must be: asked of each as it is given (question_extensions), and of all of them before anything is written.

Only the standard library is certain to be there. The table is read by the project's own reader, from the template's folder.
"""

from __future__ import annotations

import difflib
import re
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

from actions.address import EXTRAS
from lifecycle.ground.errors import UserError, visible
from lifecycle.table import read
from lifecycle.table.formats import SPOKEN, is_table_name
from lifecycle.table.layout import check_target, spoken
from lifecycle.table.names import Union, tidy_name
from lifecycle.table.part import TableFile

MIN_ROWS = 20  # as in stages.define
# what a column that is to be predicted is often called, in lower case and without blanks and signs
USUAL_TARGETS = (
    "target label class outcome response y churn churned exited survived default defaulted fraud isfraud converted "
    "conversion attrition price saleprice sales quality diagnosis species income ziel zielwert klasse cible classe "
    "objetivo clase resultado"
).split()
MAX_CLASSES = 10  # of a last column that is suggested


class Refused(Exception):
    """What cannot work, and the cure."""

    def __str__(self) -> str:
        return visible(super().__str__())


# ---- names ------------------------------------------------------------------------------------------------


def check_name(name: str) -> None:
    if not re.search(r"\w", name):
        raise Refused(f'project_name "{name}" has no letter or digit; give a name such as "Telco churn"')


def check_folder(project: str) -> None:
    """Also a package's name (pyproject.toml), and a folder's on Windows."""
    reserved = re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", project, re.IGNORECASE)
    if reserved or not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", project):
        raise Refused(
            f'project "{project}" cannot name a folder and a package; '
            "use letters, digits, - and _, with a letter or digit at both ends, as in telco-churn"
        )


def name_of(data: str) -> str:
    """Telco churn, of data/telco_churn.csv.gz."""
    last = re.split(r"[/\\]", urllib.parse.urlsplit(data).path.rstrip("/\\") if "://" in data else data.rstrip("/\\"))[
        -1
    ]
    words = re.sub(r"[\W_]+", " ", urllib.parse.unquote(last).split(".")[0]).strip()
    return words[:1].upper() + words[1:]


# ---- the table --------------------------------------------------------------------------------------------


class Table:
    """What can be seen of the table at `data`, a file, folder or address, with what is installed here.

    `files` are empty where `define` alone can look at them; `rows` is None where counting takes more than a look.
    Refused where `data` cannot be a table.
    """

    def __init__(self, data: str, target: str = "") -> None:
        self.data, self.target = data, target
        self.files: list[TableFile] = []
        self.rows: int | None = None
        try:
            self._look()
        except UserError as error:
            raise Refused(f"data {error}") from None

    @property
    def names(self) -> list[str]:
        return self._union().names if self.files else []

    def sample(self, name: str) -> list[str]:
        """Cells of that column in the first rows of the first file."""
        first = self.files[0] if self.files else None
        if not first or not first.layout or name not in first.names:
            return []
        at = first.names.index(name)
        return [row[at].strip() for row in first.layout.sample]

    def check_target(self) -> None:
        if not self.files and not self.target and "://" in self.data:
            raise Refused(f"target is empty: name the column of {self.data} to predict")
        if not self.files:
            return
        union, target = self._union(), self.target
        if not target:
            raise Refused(
                f"target is empty: name the column of {self.files[0].path} to predict, one of: {spoken(union.names)}"
            )
        unsure = any(table.layout and not table.layout.seen.sure for table in self.files)
        if unsure and not target.isascii():
            return  # its letters may be read otherwise where the encoding can be found out
        try:
            for table in self.files if target not in union.names else []:
                check_target(table.path, table.names, target, table.layout.labels if table.layout else [])
            read.check_targets(self.files, union, target)
        except UserError as error:
            raise Refused(f"data {error}") from None

    def check_rows(self) -> None:
        if self.rows is not None and self.rows < MIN_ROWS:
            raise Refused(
                f"data {self.files[0].path} has {self.rows} rows; "
                f"a model needs {MIN_ROWS} to be fitted and tested: add rows"
            )

    def likely_target(self) -> str:
        """The column whose name says so, else the last where it has the few values of classes; empty: neither."""
        by_name = {re.sub(r"[\W_]+", "", name).lower(): name for name in reversed(self.names)}
        for usual in USUAL_TARGETS:
            if usual in by_name:
                return by_name[usual]
        last = self.names[-1] if self.names else ""
        values = {cell for cell in self.sample(last) if cell}
        return last if 2 <= len(values) <= MAX_CLASSES else ""

    def told(self) -> str:
        """7,043 rows, 21 columns."""
        rows = "" if self.rows is None else f"{self.rows:,} rows, "
        return f"{rows}{len(self.names)} columns"

    def told_target(self) -> str:
        """What stands in the column: its classes, or some of its values."""
        seen = self.sample(self.target)
        values = sorted({cell for cell in seen if cell})
        if not values:
            return f'"{self.target}"'
        all_seen = self.rows is not None and len(seen) >= self.rows  # else a rare class may come below
        if len(values) > MAX_CLASSES:
            return f'"{self.target}": values such as {spoken(values, 5)}'
        said = f"{len(values)} classes," if all_seen else "in its first rows"
        return f'"{self.target}": {said} {spoken(values, MAX_CLASSES)}'

    def _union(self) -> Union:
        return read.united([(table.name, table.names) for table in self.files], {})

    def _look(self) -> None:
        scheme = re.match(r"([A-Za-z][\w+.-]+)://", self.data)
        if scheme and scheme[1].lower() in ("http", "https"):
            self._look_at_address()
            return
        if scheme and scheme[1].lower() not in EXTRAS:
            raise Refused(
                f"data {self.data}: rows come from http(s)://, s3://, gs:// or az://; copy the table here and give its path"
            )
        if scheme:
            return  # DVC fetches it, and `define` looks at it
        path = Path(self.data)
        if not path.exists():
            raise Refused(f"data {self.data}: no such file or folder; give the path of a table{near_file(path)}")
        if path.is_file() and not is_table_name(path):
            raise Refused(
                f"data {self.data}: {path.suffix or 'a file without a suffix'} is not read; save it as {SPOKEN}"
            )
        files = read.table_files(path)[0]
        self._open([(p, p.name if path.is_file() else p.relative_to(path).as_posix()) for p in files])

    def _look_at_address(self) -> None:
        """The beginning of what is behind the address; only text can be looked at before all of it is there."""
        head = download_head(self.data)
        whole = len(head) < read.HEAD
        name = urllib.parse.urlsplit(self.data).path.rsplit("/", 1)[-1] or "table"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, re.sub(r"[^\w.-]", "_", name))
            path.write_bytes(head)
            try:
                if whole or read.open_file(path)[0] == "text":
                    self._open([(path, path.name)], whole)
            except UserError as error:
                if whole or "unpacked" not in str(error):  # a packed file's beginning cannot be
                    raise Refused(f"data {str(error).replace(str(path), self.data)}") from None

    def _open(self, files: list[tuple[Path, str]], whole: bool = True) -> None:
        options, looked = read.ReadOptions(), []
        for path, name in files:
            try:
                looked.append(read.open_table(path, name, options, self.target, read.HEAD))
            except (read.Unlooked, ImportError):
                return  # `define` will look at it
            except (OSError, EOFError) as error:
                said = getattr(error, "strerror", None) or error
                raise Refused(f"data {path}: cannot be read ({said}); give a file that you may read") from None
        self.files = looked
        counts = [table.count for table in looked if table.count]
        if whole and len(counts) == len(looked):
            self.rows = sum(count() for count in counts)


def check_data(data: str, target: str) -> None:
    """Refused where no model of `target` can be made from what is at `data`; the example where that is empty."""
    target = tidy_name(target)
    if data:
        table = Table(data, target)
        table.check_target()
        table.check_rows()
    elif target not in ("", "good"):
        raise Refused(f'target "{target}" needs a table: give data; the example (data left empty) predicts "good"')


def near_file(path: Path) -> str:
    here = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, here, 1)
    return f'; did you mean "{near[0]}"?' if near else ""


def download_head(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "cookiecutter-ml-lifecycle"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            head: bytes = answer.read(read.HEAD)
            return head
    except (OSError, ValueError) as error:  # URLError and HTTPError are OSErrors
        raise Refused(
            f"data {url}: cannot be downloaded ({error}); open it in a browser, or give a local path"
        ) from None
