"""Bring the data, make the Git and DVC repository and its first commit, and say what comes next.

cookiecutter renders this file and runs it in the generated folder; only the standard library is certain to be there.
Where a step cannot be done here, the exact commands that are left are printed.
"""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

# what stands in double braces is Python to a linter, and a literal once cookiecutter has rendered it
ANSWERS = json.loads({{cookiecutter | jsonify | quoted}})
DATA = {{cookiecutter.data | from_here | quoted}}
REMOTE = {{cookiecutter.dvc_remote | from_here | quoted}}
STARTED_IN = Path({{"." | from_here | quoted}})
REGENERATING = {{"cruft" | regenerating}}

TEMPLATE = Path({{"." | template_path | quoted}})
sys.path.insert(0, str(TEMPLATE))
sys.dont_write_bytecode = True  # the template's folder is the user's

from actions.address import EXTRAS, WEB, cure, file_name, table_name  # noqa: E402
from hooks.answers import Refused, Table, tidy_name  # noqa: E402
from lifecycle.ground.terminal import for_people  # noqa: E402
from lifecycle.table.formats import is_table_name  # noqa: E402

EXAMPLE_ONLY = ("example",)
RAW = Path("data/raw")
# what `dvc plots show` fills, without the network; from .dvc
PLOTS = "[plots]\n    html_template = ../lifecycle/report/dvc_plots/page.html\n"
LISTS = (".gitignore", ".dvcignore", ".gitattributes")  # more lines do no harm to those that are there
HOSTS = {
    "gh": "github.com",
    "gl": "gitlab.com",
    "bb": "bitbucket.org",
}  # what cookiecutter takes for them, and cruft does not


# ---- the data ---------------------------------------------------------------------------------------------


def drop_the_example():
    for path in map(Path, EXAMPLE_ONLY):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def bring_data(repo):
    """Fill data/raw; the folders to be put under DVC."""
    if not DATA:
        subprocess.run([sys.executable, "-m", "example.bakery"], check=True, stdout=subprocess.DEVNULL)
        say("data/raw: the example, a simulated bakery's log of nine months; data/later: the three months after")
        return ["data/raw", "data/later"]
    RAW.mkdir(parents=True, exist_ok=True)
    source = Path(DATA)
    if "://" in DATA:
        copied = [imported(repo, DATA) or download(DATA)]
    elif source.is_dir():
        tables = filter(is_table_name, source.rglob("*"))
        copied = [copy(p, RAW / p.relative_to(source)) for p in sorted(tables)]
    else:
        copied = [copy(source, RAW / source.name)]
    size = sum(p.stat().st_size for p in copied)
    say(f"data/raw: {', '.join(p.name for p in copied[:4])}{', ...' if len(copied) > 4 else ''} ({size:,} bytes)")
    return ["data/raw"]


def say_table():
    """What was read; `define` will say more, and why."""
    try:
        table = Table(str(RAW), tidy_name(ANSWERS["target"]))
    except Refused:  # it is `define`'s to say, with all that it needs installed
        return
    if table.names:
        say(f"table: {table.told()}; to be predicted: {table.told_target()}")


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


def imported(repo, url):
    """The table behind an address, imported by DVC, so that `make refresh` looks for newer rows; None where that cannot be."""
    scheme = url.partition("://")[0].lower()
    if not repo.is_dvc and scheme in WEB:
        return None
    if not repo.is_dvc:
        sys.exit(
            f"cannot generate: data {url}: DVC fetches it, and is not here; python -m pip install dvc {EXTRAS[scheme]}"
        )
    source = Path("data/source", file_name(final(url) if scheme in WEB else url))
    source.parent.mkdir(parents=True, exist_ok=True)
    done, said = repo.ask("dvc", "import-url", "-q", url, source.as_posix())
    if done:
        return copy(source, RAW / table_name(source))
    shutil.rmtree(source.parent)
    why = (said or "no answer").splitlines()[-1].removeprefix("ERROR: ")
    if scheme in EXTRAS:
        sys.exit(f"cannot generate: data {url}: {why}; {cure(scheme)}")
    say(f"dvc import-url: {why}; it is downloaded once, and `make refresh` leaves it")
    return None


def final(url):
    """The address that `url` leads to, whose name says more."""
    request = urllib.request.Request(url, headers={"User-Agent": "cookiecutter-ml-lifecycle"}, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.geturl()
    except (OSError, ValueError):
        return url


def download(url):
    """The file behind `url`, under its own name where that says what it is."""
    request = urllib.request.Request(url, headers={"User-Agent": "cookiecutter-ml-lifecycle"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            target = RAW / file_name(answer.geturl())
            partly = target.with_name(target.name + ".part")
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            with partly.open("wb") as file:
                while chunk := answer.read(1 << 20):
                    done += file.write(chunk)
                    if sys.stderr.isatty():
                        of = f" of {total:,}" if total else ""
                        print(f"\rdownloading {target.name}: {done:,}{of} bytes", end="", file=sys.stderr)
    except (OSError, ValueError) as error:
        sys.exit(f"cannot generate: data {url}: the download broke off ({error}); try again, or give a local path")
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if total and done != total:
        sys.exit(f"cannot generate: data {url}: {done:,} of {total:,} bytes came; try again, or give a local path")
    whole = partly.rename(target)
    return whole.rename(target.with_name(table_name(whole)))


# ---- what was there before (cookiecutter --overwrite-if-exists --skip-if-file-exists) ----------------------------------


def respect_what_was_there():
    """Files that were kept, and are not what the project needs, are named; lists of lines get those that they lack."""
    own = project_files()
    differing = {name for name, text in own.items() if text is not None and lines_of(Path(name)) != text}
    for name in sorted(differing.intersection(LISTS)):
        add_lines(Path(name), own[name])
    if differing:
        keep_data_out(own)
    kept = sorted(differing.difference(LISTS)) + kept_templates(own)
    if kept:
        named = ", ".join(kept[:8]) + (f" and {len(kept) - 8} more" if len(kept) > 8 else "")
        say(f"kept as they were, and not what this project needs: {named}")
        say(f"(merge them by hand with those of {TEMPLATE}, or move yours away and run cookiecutter again)")


# what a repository with code has lying about, and `git add .` would take along now
LYING_ABOUT = "csv tsv xlsx xls parquet feather arrow jsonl ndjson gz zip zst sqlite sqlite3 db log pkl joblib".split()


def keep_data_out(own):
    """Tables, databases and logs that Git did not have, and environments of other names, stay out of the commit to come."""
    git = shutil.which("git")
    if not git:
        return
    command = [git, "ls-files", "-z", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace").stdout.split("\0")
    found = {name for name in listed if name.rpartition(".")[2].lower() in LYING_ABOUT and name not in own}
    found |= {f"{path.parent.as_posix()}/" for path in Path().glob("*/pyvenv.cfg")}
    if found:
        add_lines(Path(".gitignore"), ["/" + re.sub(r"([*?!#\[\\ ])", r"\\\1", name) for name in sorted(found)])
        say(f"not in Git so far, and left out by .gitignore: {', '.join(sorted(found)[:8])}")


def project_files():
    """{path: its lines, or None where they are made from the answers}, of all that the template generates."""
    found = {}
    folder = next(path for path in TEMPLATE.iterdir() if path.name.startswith("{" + "{"))
    for stub in folder.rglob("*"):
        name = stub.relative_to(folder).as_posix()
        if stub.is_file() and Path(name).is_file():
            home = re.fullmatch(r'\{\{ "([^"]+)" \| from_root \}\}\s*', stub.read_text(encoding="utf-8"))
            found[name] = lines_of(TEMPLATE / home[1]) if home else None
    return found


def kept_templates(own):
    """Of the files that are made from the answers, those that are older than what was written just now."""
    fresh = [Path(name).stat().st_mtime for name, text in own.items() if text == lines_of(Path(name))]
    since = min(fresh, default=0)
    return sorted(name for name, text in own.items() if text is None and Path(name).stat().st_mtime < since - 1)


def lines_of(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def add_lines(path, wanted):
    missing = [line for line in wanted if line.strip() and line not in lines_of(path)]
    text = path.read_text(encoding="utf-8", errors="replace")
    text += "" if text.endswith("\n") or not text else "\n"
    path.write_text(text + "\n".join(["", "# of the template", *missing, ""]), encoding="utf-8", newline="\n")
    say(f"{path}: {len(missing)} lines added to those that were there")


# ---- the repository ---------------------------------------------------------------------------------------


class Repository:
    """Runs the steps in order and keeps those that could not be run, as they are to be typed."""

    def __init__(self):
        self.left = []
        self.is_dvc = False
        # a Git hook that generates projects would lend its own repository to the commands here
        self.env = {k: v for k, v in os.environ.items() if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")}
        self.tools = {"git": [shutil.which("git")], "dvc": [shutil.which("dvc")]}
        if not shutil.which("dvc") and importlib.util.find_spec("dvc"):
            self.tools["dvc"] = [sys.executable, "-m", "dvc"]
        for tool, way in (("git", "install it"), ("dvc", "python -m pip install -r requirements-tools.txt")):
            if not self.has(tool):
                say(f"{tool} is not installed here: {way}")

    def has(self, tool):
        return self.tools[tool][0] is not None

    def ask(self, *command):
        """(succeeded, what it said)"""
        tool, *rest = command
        if not self.has(tool):
            return False, ""
        run = subprocess.run(
            [*self.tools[tool], *rest], env=self.env, capture_output=True, encoding="utf-8", errors="replace"
        )
        return run.returncode == 0, (run.stdout + run.stderr).strip()

    def step(self, able, *command):
        """Run the command where it is able to, or else keep it for the person; whether it was done."""
        done, said = self.ask(*command) if able else (False, "")
        if not done:
            self.left.append(shlex.join(command))
            if said:
                say(f"{shlex.join(command)}: {said.splitlines()[-1]}")
        return done


def set_up():
    """git init, dvc init, the data, dvc add, the remote, the first commit; what could not be done, and by what it can be."""
    repo = Repository()
    remember_template(repo)
    inside, above = repo.ask("git", "rev-parse", "--show-toplevel")
    if inside:
        say(f"this folder is inside the repository {above}: none of its own was made, and nothing was committed there")
        say("(to have it apart, move it elsewhere and run `git init` before the commands below)")
        is_git = True
    else:
        named, branch = repo.ask("git", "config", "init.defaultBranch")
        branch = branch if named else "main"
        is_git = repo.step(True, "git", "-c", f"init.defaultBranch={branch}", "init", "-q")
    nested = inside and Path(above).resolve() != Path.cwd().resolve()
    is_dvc = Path(".dvc").is_dir() or repo.step(is_git, "dvc", "init", "-q", *(["--subdir"] if nested else []))
    if is_dvc:
        quiet()
    repo.is_dvc = is_dvc
    folders = bring_data(repo)
    if DATA:
        say_table()
    added = repo.step(is_dvc, "dvc", "add", "-q", *folders)
    if REMOTE:
        repo.step(is_dvc, "dvc", "remote", "add", "-d", "storage", REMOTE)
    commit = ("git", "commit", "-q", "-m", "Start from cookiecutter-ml-lifecycle")
    identity, _ = repo.ask("git", "var", "GIT_COMMITTER_IDENT")
    if is_git and not identity:
        say("git does not know who you are")
        repo.left += ['git config --global user.name "YOUR NAME"', "git config --global user.email YOU@EXAMPLE.ORG"]
    able = is_git and added and identity and not inside
    repo.step(able, "git", "add", ".") and repo.step(able, *commit)
    if not able:
        repo.left.append(shlex.join(commit))
    if by_cruft():
        # cruft writes it after this hook
        repo.left += ["git add .cruft.json", 'git commit -m "Remember the template"']
    # the Makefile's target .dvc/config does all but the remote, and it would commit into the repository above
    by_make = identity and not (repo.has("dvc") or REMOTE or inside) and os.name != "nt"
    return repo.left, "by `make repro`, which sets up what it takes, or by hand" if by_make else "by hand"


def quiet():
    """DVC would report each call to its makers, look for its updates, and draw plots with libraries from the network, unless told
    not to."""
    config = Path(".dvc/config")
    text = config.read_text(encoding="utf-8") if config.exists() else ""
    if "analytics" not in text:
        config.write_text("[core]\n    analytics = false\n    check_update = false\n" + PLOTS + text, encoding="utf-8")


def by_cruft():
    return "_commit" in ANSWERS


def remember_template(repo):
    """What `cruft update` asks for, as `cruft create` would write it; nothing where no commit stands for the template."""
    if by_cruft() or not (TEMPLATE / ".git").exists():
        return
    known, commit = repo.ask("git", "-C", str(TEMPLATE), "rev-parse", "HEAD")
    _, changed = repo.ask("git", "-C", str(TEMPLATE), "status", "--porcelain")
    if not known or changed:
        return
    where = template_address()
    answers = {key: value for key, value in ANSWERS.items() if not key.startswith("_")}
    state = {
        "template": where,
        "commit": commit,
        "checkout": ANSWERS.get("_checkout"),
        "context": {"cookiecutter": {**answers, "_template": where, "_commit": commit}},
        "directory": None,
    }
    text = json.dumps(state, ensure_ascii=False, indent=2)
    Path(".cruft.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def template_address():
    """Where the template is from: an address, or a folder's whole path."""
    typed = ANSWERS["_template"].removeprefix("git+")
    short, _, name = typed.partition(":")
    if short in HOSTS:
        return f"https://{HOSTS[short]}/{name}.git"
    return typed if "://" in typed or "@" in typed else str((STARTED_IN / Path(typed).expanduser()).resolve())


# ---- words ------------------------------------------------------------------------------------------------


def say(line):
    # a terminal that cannot show a letter gets its code
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True, file=for_people(sys.stdout))


def say_next(left, how):
    here = Path.cwd()
    near = here.anchor == STARTED_IN.anchor  # not on another drive
    folder = shlex.quote(os.path.relpath(here, STARTED_IN) if near else str(here))
    go = [] if folder == "." else [f"cd {folder}"]
    if left:
        say(f"\nleft to do {how}:\n")
        for line in [*go, *left]:
            say(f"    {line}")
    say("\nnext:\n")
    windows = os.name == "nt"
    plain = ("python -m pip install -r requirements-tools.txt", "dvc repro")
    made = ("make repro       # sets up .venv, runs the pipeline", "make compare     # experiments side by side")
    for line in (*go, *(plain if windows else made)):
        say(f"    {line}")
    say("\nthen open reports/report.html. To change what was decided:\n")
    say("    params.yaml      the problem, the columns, the budget")
    say("    custom/          features and models of your own")
    say("    data/raw         the table")


def main():
    if DATA:
        drop_the_example()
    if REGENERATING:
        return
    respect_what_was_there()
    say_next(*set_up())


main()
