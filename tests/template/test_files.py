"""What is generated, file by file: each shared line has its home in the root, and what was typed survives."""

import fnmatch
import json
import stat
import tomllib

import pytest
import yaml

from tests.template.bake import ROOT, TEMPLATE, generate, root_files

REAL_TEMPLATES = {
    "README.md",
    "pyproject.toml",
    "params.yaml",
    "LICENSE",
    ".dvcignore",
}  # they differ from project to project
ROOT_ONLY = (
    "cookiecutter.json", "local_extensions.py", "question_extensions.py", "hooks/*", "new.mk", "docs/*", "mkdocs.yml", "tests/*", TEMPLATE.name + "/*",  # generate
    ".ci/*", ".github/workflows/template.yml", "benchmarks/*", "requirements-template.txt",   # check the template
    "CHANGELOG.md", "CONTRIBUTING.md", ".github/ISSUE_TEMPLATE/*", ".github/pull_request_template.md",  # its developers'
    ".dvc/*", "example/dvc.*", "dvc.lock", "data/contract.yaml", "data/datapackage.json", "reports/*",  # a project makes its own
)  # fmt: skip
OWN_TESTS = "tests/project/"


@pytest.fixture(scope="module")
def project(template, tmp_path_factory):
    """The example's files, without Git, DVC and data."""
    place = tmp_path_factory.mktemp("default")
    generate(template, place, {"HOME": str(place), "PATH": ""}, hooks=False)
    return place / "bakery"


def shared_files():
    def is_root_only(name):
        if name == "reports/history/README.md":  # a stage reads that folder, so that it must be there
            return False
        return any(fnmatch.fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in ROOT_ONLY)

    return [n for n in root_files() if n not in REAL_TEMPLATES and (n.startswith(OWN_TESTS) or not is_root_only(n))]


def generated_name(name):
    """A project's own tests are `tests/` there; here, the engine's tests are beside them."""
    return f"tests/{name.removeprefix(OWN_TESTS)}" if name.startswith(OWN_TESTS) else name


def stubbed_files():
    return [name for name in shared_files() if (TEMPLATE / generated_name(name)).is_file()]


def test_each_shared_file_of_the_root_has_a_stub():
    lacking = [name for name in shared_files() if name not in stubbed_files()]
    make = [
        f"""mkdir -p '{(TEMPLATE / generated_name(n)).parent}' && echo '{{{{ "{n}" | from_root }}}}' > '{TEMPLATE / generated_name(n)}'"""
        for n in lacking
    ]
    assert not lacking, "not in a generated project; make their stubs, or name them in ROOT_ONLY:\n" + "\n".join(make)


def test_each_file_of_the_template_has_its_home_in_the_root():
    stubs = {p.relative_to(TEMPLATE).as_posix() for p in TEMPLATE.rglob("*") if p.is_file()}
    assert stubs - REAL_TEMPLATES - set(map(generated_name, shared_files())) == set()


def test_what_is_shared_is_generated_byte_for_byte(project):
    assert stubbed_files()
    assert [n for n in stubbed_files() if (project / generated_name(n)).read_bytes() != (ROOT / n).read_bytes()] == []


def test_a_file_keeps_its_mode(project):
    def runs(path):
        return bool(path.stat().st_mode & stat.S_IXUSR)

    assert [n for n in stubbed_files() if runs(project / generated_name(n)) != runs(ROOT / n)] == []


def test_the_example_decides_what_the_root_decides(project):
    assert (project / "params.yaml").read_text("utf-8") == (ROOT / "params.yaml").read_text("utf-8")


def test_the_projects_own_files_end_in_one_newline_and_hold_no_trace_of_the_template(project):
    for name in REAL_TEMPLATES:
        text = (project / name).read_text("utf-8")
        assert text.endswith("\n") and not text.endswith("\n\n"), name
        assert "cookiecutter." not in text and "{%" not in text and "\r" not in text, name
        assert not any(line != line.rstrip() for line in text.splitlines()), name


AWKWARD = {
    "quotes": """It's a "model"; isn't it?""",
    "umlauts": "Bäckerei Straße, 東京, 🥐",
    "yaml": "yes: {no: [1, 2]} # not a comment, &a *b !c %d @e | > - ? `",
    "backslashes": r"C:\data\new\table\u0041\x",
    "newlines": "first\nsecond\n\tthird",
    "braces": "{a} {0} ${train.seed} }} %}",
    "unprintable": "\x07 \x7f \x85 \u2028 \ufeff \u00a0|",
    "number": "1e3",
    "nothing": "null",
}


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_what_was_typed_survives_into_yaml_and_toml(template, tmp_path, env, text):
    generate(template, tmp_path, env, hooks=False, project_name=text, project="it", statement=text, author=text)
    problem = yaml.safe_load((tmp_path / "it/params.yaml").read_text("utf-8"))["problem"]
    about = tomllib.loads((tmp_path / "it/pyproject.toml").read_text("utf-8"))["project"]
    assert problem["statement"] == text
    assert about["description"] == text
    assert about["authors"] == [{"name": text}]


def test_a_target_is_named_in_params_as_define_reads_headers(template, tmp_path, env):
    generate(template, tmp_path, env, hooks=False, project="it", data="x.csv", target='  die  "Größe": ja ')
    assert yaml.safe_load((tmp_path / "it/params.yaml").read_text("utf-8"))["problem"]["target"] == 'die "Größe": ja'


@pytest.mark.parametrize(
    ("licence", "says", "spdx"),
    [
        ("MIT", "MIT License", "MIT"),
        ("BSD-3-Clause", "BSD 3-Clause License", "BSD-3-Clause"),
        ("Proprietary", "All rights reserved", "LicenseRef-Proprietary"),
    ],
)
def test_the_licence_is_the_one_chosen_and_names_its_holder(template, tmp_path, env, licence, says, spdx):
    generate(template, tmp_path, env, hooks=False, licence=licence, author="Ada & Söhne")
    text = (tmp_path / "bakery/LICENSE").read_text("utf-8")
    assert says in text and "Copyright (c) Ada & Söhne" in text
    assert tomllib.loads((tmp_path / "bakery/pyproject.toml").read_text("utf-8"))["project"]["license"] == spdx


def test_the_roots_licence_is_the_one_that_it_gives(template, project):
    ours = (ROOT / "LICENSE").read_text("utf-8").replace("cookiecutter-ml-lifecycle", "Bakery")
    assert (project / "LICENSE").read_text("utf-8") == ours


def test_every_question_says_in_one_line_what_it_is_for():
    answers = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))
    asked = [name for name in answers if not name.startswith("_")]
    assert asked == list(answers["__prompts__"])
    for name, prompt in answers["__prompts__"].items():
        line = prompt if isinstance(prompt, str) else prompt["__prompt__"]
        assert line and "\n" not in line, name
