"""deploy/, .gitlab-ci.yml, .devcontainer: as far as they can be tried without Prometheus, Grafana, Kubernetes and GitLab."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from service.guard import OPEN
from service.measures import Measures
from service.predictor import Flag
from service.readiness import PATIENCE_SECONDS
from service.settings import Settings
from tests.template.bake import ROOT

ALERTS = ROOT / "deploy/prometheus/alerts.yml"
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text("utf-8"))
MANIFEST = ROOT / "deploy/kubernetes/model.yaml"
RESOURCES = {one["kind"]: one for one in yaml.safe_load_all(MANIFEST.read_text("utf-8"))}
GITLAB = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def metrics():
    """{name of a series: names of its labels}, as the service tells them."""
    measures = Measures("flats", "v1.0.0")
    measures.request("/predict", 200, 0.01)
    measures.request("/model", 200, 0.01)
    measures.batch_done(1, 0.1, 0.1, [Flag(0, "size", "missing")])
    found = {}
    for line in measures.text().decode().splitlines():
        match = re.match(r"(\w+)(?:\{(.*)\})? ", line)
        if match:
            found[match[1]] = set(re.findall(r"(\w+)=", match[2] or ""))
    return found


def queries():
    for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    yield "releases", DASHBOARD["annotations"]["list"][0]["expr"]


@pytest.mark.parametrize(("where", "query"), list(queries()))
def test_every_metric_and_label_is_one_that_the_service_tells(metrics, where, query):
    used = set(re.findall(r"lifecycle_\w+", query))
    assert used and used <= set(metrics)
    known = set.union(*(metrics[name] for name in used)) | {"job"}
    labels = set(re.findall(r"(\w+)(?:=~?|!=)\"", query))
    for group in re.findall(r"(?:by|ignoring|on) \(([^)]*)\)", query):
        labels |= {label.strip() for label in group.split(",")}
    assert labels <= known


def test_every_alert_says_what_to_do():
    rules = [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]
    assert len(rules) >= 7 and len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"].endswith(".") and rule["annotations"]["cure"].endswith((".", "?"))


def test_promtool_takes_the_alerts_and_their_tests_pass():
    if not (promtool := shutil.which("promtool")):
        pytest.skip("NO PROMTOOL: install prometheus, or the alerts' own tests are not run")
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run([promtool, *words], cwd=ALERTS.parent, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_has_the_form_that_grafana_imports():
    assert {"title", "uid", "schemaVersion", "templating", "panels", "time"} <= set(DASHBOARD)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        assert panel["type"] in ("stat", "timeseries") and panel["description"].endswith(".")
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${source}"
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= {"job"}


def test_kubernetes_takes_the_manifest():
    pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate, or the manifest is not checked")
    command = [sys.executable, "-m", "kubernetes_validate", "--strict", MANIFEST]
    if subprocess.run([*command[:3], "--version"], capture_output=True).returncode:
        command = [shutil.which("kubernetes-validate"), *command[3:]]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_pod_is_what_the_image_and_the_service_are():
    (container,) = RESOURCES["Deployment"]["spec"]["template"]["spec"]["containers"]
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert f"PORT={container['ports'][0]['containerPort']}" in dockerfile
    assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/log"}
    env = {one["name"]: one for one in container["env"]}
    assert "value" not in env["API_KEY"], "a key is a secret"
    assert set(env) <= set(Settings.__dataclass_fields__)
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert OPEN.fullmatch(container[probe]["httpGet"]["path"]), "a probe has no key"
    assert container["readinessProbe"]["timeoutSeconds"] > PATIENCE_SECONDS
    assert ":latest" not in container["image"]
    sqlite = env["PREDICTION_LOG"]["value"].startswith("sqlite")
    assert sqlite and RESOURCES["Deployment"]["spec"]["replicas"] == 1
    labels = RESOURCES["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert RESOURCES["Service"]["spec"]["selector"].items() <= labels.items()


def test_gitlab_takes_its_file():
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.gitlab-ci",
        ROOT / ".gitlab-ci.yml",
    ]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("workflow", "jobs"), [("pipeline", ["tests", "reproduce"]), ("monitor", ["monitor"]), ("release", ["release"])]
)
def test_gitlab_runs_the_commands_of_the_workflows(workflow, jobs):
    theirs = re.sub(r"(?m)^#.*", "", (ROOT / f".github/workflows/{workflow}.yml").read_text("utf-8"))
    ours = "\n".join(line for job in jobs for line in GITLAB[job]["script"] + GITLAB[job].get("after_script", []))
    command = r"python -m (?:actions\.(?!serve)\w+|pytest)|dvc (?:repro|add|push|pull)|ruff (?:format|check)|mypy"
    assert set(re.findall(command, theirs)) == set(re.findall(command, ours))


def test_the_devcontainer_sets_up_what_make_does():
    about = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    assert about["postCreateCommand"] == "make .venv/ready" and ".venv/bin" in about["remoteEnv"]["PATH"]
    assert ".venv/ready:" in (ROOT / "Makefile").read_text("utf-8")
