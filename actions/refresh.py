"""Bring the table's newest rows from where it came: an address, or a query of a database; data/raw then has what is there now.

    python -m actions.refresh                  or: make refresh; everything that was brought before
    python -m actions.refresh ADDRESS          one more address: http(s)://, s3://, gs://, az://

An address is imported by DVC: data/source/NAME.dvc, in Git, says where it came from and which version, and `dvc update` looks
whether there is a newer one. A query stands in params.yaml (source.query); its rows land in data/raw/query.parquet, and
data/provenance/query.json says what was asked, when, and what came. Nothing is committed: look at `git diff` first.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from actions import query
from actions.address import EXTRAS, WEB, cure, file_name, table_name
from actions.registry import dvc
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_yaml, replacing, sha256
from lifecycle.ground.params import SourceParams

SOURCE, RAW = Path("data/source"), Path("data/raw")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.refresh", description="the table's newest rows")
    parser.add_argument("address", nargs="?", default="", help="one more source: http(s)://, s3://, gs://, az://")
    given = parser.parse_args()
    asked = SourceParams.load()
    pointers = sorted(SOURCE.glob("*.dvc"))
    if not given.address and not pointers and not asked.query:
        raise UserError(
            "nothing is known to refresh: give an address, python -m actions.refresh https://..., or put a query into "
            "params.yaml: source.query"
        )
    if given.address:
        changed = [bring(given.address)]
    else:
        changed = [update(pointer) for pointer in pointers]
        if asked.query:
            changed.append(query.fetch(asked))
    new = [path for path in changed if path]
    if new:
        dvc("add", "--quiet", str(RAW))
        size = sum(path.stat().st_size for path in new)
        print(f"refresh: {', '.join(path.name for path in new)} in data/raw ({size:,} bytes)")
        print("next: dvc repro, look at it, then git add . && git commit -m 'Newer rows'")
    else:
        print(f"refresh: nothing new at {len(changed)} {'sources' if len(changed) > 1 else 'source'}")


def bring(address: str) -> Path | None:
    """Import what is behind a new address; its table in data/raw."""
    scheme = check_scheme(address)
    name = file_name(address)
    SOURCE.mkdir(parents=True, exist_ok=True)
    if (SOURCE / f"{name}.dvc").exists():
        raise UserError(f"data/source/{name}.dvc is there already; `python -m actions.refresh` looks for newer rows")
    dvc("import-url", "--quiet", address, str(SOURCE / name), cure=cure(scheme))
    return land(SOURCE / name)


def update(pointer: Path) -> Path | None:
    """What an address holds now, where that is another table than before."""
    source = pointer.with_suffix("")
    origin = read_yaml(pointer)["deps"][0]
    scheme = str(origin["path"]).partition("://")[0]
    if scheme in WEB and str(origin.get("checksum", "")).isdigit():
        # no ETag: DVC knows the size alone, and rows may change without it
        dvc("import-url", "--quiet", "--force", origin["path"], str(source), cure=cure(scheme))
    else:
        dvc("update", "--quiet", str(pointer), cure=cure(scheme))
    return land(source)


def land(source: Path) -> Path | None:
    """Copy an imported file to data/raw, under a name that says what it is; None where it is there already."""
    target = RAW / table_name(source)
    if target.exists() and sha256(target) == sha256(source):
        return None
    RAW.mkdir(parents=True, exist_ok=True)
    with replacing(target) as beside:
        shutil.copyfile(source, beside)
    return target


def check_scheme(address: str) -> str:
    scheme = address.partition("://")[0].lower() if "://" in address else ""
    if scheme not in WEB and scheme not in EXTRAS:
        raise UserError(f"{address}: rows come from http(s)://, s3://, gs:// or az://; or copy the table into data/raw")
    return scheme


if __name__ == "__main__":
    stage(main)
