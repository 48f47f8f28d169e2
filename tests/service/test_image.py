"""The image, as far as it can be tried without an engine: its steps, in a fresh environment with its requirements alone."""

import re
import subprocess
import sys
import venv

import httpx
import pytest
import yaml

from tests.service.build import ROOT, ROW, environment
from tests.service.running import running

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_the_bundle_s_requirements_are_pins_of_serving_alone(folder):
    lines = (folder / "requirements.txt").read_text("utf-8").split("\n")
    assert all(re.fullmatch(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ; .+)?", line) for line in lines if line)
    assert not {"dvc", "gto", "pytest", "matplotlib", "cookiecutter"} & {line.split("==")[0] for line in lines}
    everything = (ROOT / "requirements-tools.txt").read_text("utf-8").split("\n")
    pins = [{line.split(" ;")[0] for line in some} for some in (lines, everything)]
    assert pins[0] <= pins[1], "what is served with is what is trained with"


def test_the_image_runs_as_nobody_in_particular_and_watches_its_health():
    assert re.search(r"^USER service$", DOCKERFILE, re.MULTILINE) and "HEALTHCHECK" in DOCKERFILE
    assert "-slim" in DOCKERFILE and DOCKERFILE.index("USER service") < DOCKERFILE.index("\nCMD [")


def test_compose_has_no_password_in_it():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    assert services["log"]["environment"]["POSTGRES_PASSWORD"].startswith("${") and services["model"]["environment"][
        "API_KEY"
    ].startswith("${")
    assert all(port.startswith("127.0.0.1:") for port in services["model"]["ports"])


@pytest.mark.slow
def test_its_requirements_alone_start_it_from_the_bundle_alone(folder, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", folder / "requirements.txt"]
    subprocess.run(install, check=True)
    env = environment(PYTHONPATH=folder / "code", PYTHONSAFEPATH="1")
    checked = subprocess.run(
        [python, "-m", "service.bundle", folder], env=env, cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert checked.returncode == 0 and "answered alike" in checked.stdout, checked.stderr
    settings = {
        "HOST": "0.0.0.0",
        "API_KEY": "key",
        "PREDICTION_LOG": f"sqlite:///{tmp_path}/p.db",
        "MODEL_VERSION": "v1.0.0",
    }
    with running(folder, python=python, **settings) as (_, address):
        assert httpx.post(f"{address}/predict", json={"rows": [ROW]}).status_code == 401
        said = httpx.post(f"{address}/predict", json={"rows": [ROW]}, headers={"X-API-Key": "key"}).json()
    assert said["version"] == "v1.0.0" and said["logged"]
