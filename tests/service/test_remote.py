"""Released bundles come back from a real DVC remote: a folder, and SSH to a real server on loopback."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.service.running import free_port
from tests.service.test_release import Repository, copied, digest, released  # noqa: F401  (the fixture)

pytestmark = pytest.mark.slow
SSHD = shutil.which("sshd") or next((p for p in ("/usr/sbin/sshd",) if Path(p).exists()), None)


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    """Settings of a DVC remote: a server of its own keys, for this user alone."""
    if not SSHD:
        pytest.skip("NO SSHD: apt-get install openssh-server, or a remote over SSH is not tested")
    place, port = tmp_path_factory.mktemp("ssh"), free_port()
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / key], check=True)
    shutil.copyfile(place / "user.pub", place / "authorized")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    config = f"""
        Port {port}
        ListenAddress 127.0.0.1
        HostKey {place}/host
        AuthorizedKeysFile {place}/authorized
        PidFile {place}/pid
        StrictModes no
        PasswordAuthentication no
        PermitRootLogin prohibit-password
        Subsystem sftp internal-sftp
    """
    (place / "config").write_text("\n".join(line.strip() for line in config.splitlines()), "utf-8")
    server = subprocess.Popen([SSHD, "-D", "-e", "-f", place / "config"], stderr=(place / "log").open("w"))
    time.sleep(0.5)
    assert server.poll() is None, (place / "log").read_text("utf-8")
    user = subprocess.run(["id", "-un"], capture_output=True, encoding="utf-8").stdout.strip()
    yield f"ssh://{user}@127.0.0.1:{port}{place}/storage", place / "user"
    server.terminate()
    server.wait()


@pytest.fixture(params=["folder", "ssh"])
def remote(request, tmp_path):
    return (f"{tmp_path}/storage", None) if request.param == "folder" else request.getfixturevalue("ssh")


def use(repository, url, key):
    repository.dvc("remote", "add", "-d", "--force", "storage", url)
    if key:
        repository.dvc("remote", "modify", "--local", "storage", "keyfile", str(key))


def test_a_colleague_s_clone_serves_every_released_version(released, remote, tmp_path):  # noqa: F811
    origin = copied(released, tmp_path)
    use(origin, *remote)
    origin.commit("Share data and models")
    origin.run("git", "init", "-q", "--bare", tmp_path / "origin.git")
    origin.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    assert "2 released versions" in origin.act("push")
    assert origin.git("status", "--porcelain") == ""
    expected = digest(origin.place / "models/champion/bundle")
    shutil.rmtree(origin.place)

    subprocess.run(["git", "clone", "-q", tmp_path / "origin.git", tmp_path / "clone"], check=True)
    clone = Repository(tmp_path / "clone")
    if remote[1]:
        clone.dvc("remote", "modify", "--local", "storage", "keyfile", str(remote[1]))
    said = clone.act("check")
    assert "v1.1.0" in said and "answered alike" in said, "the champion is pulled"
    assert digest(clone.place / "models/champion/bundle") == expected
    assert "answered alike" in clone.act("check", "v1.0.0")
    assert "v1.0.0 is in prod" in clone.act("rollback"), "what is in the remote only is fetched"
    assert digest(clone.place / "models/champion/bundle") != expected


def test_without_its_remote_a_version_is_refused_in_a_line(released, tmp_path):  # noqa: F811
    clone = Repository(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", released.place, clone.place], check=True)
    said = clone.act("check", "v1.0.0", check=False)
    assert said.startswith("error: ") and said.count("\n") == 1 and "make push" in said
    before = clone.git("log", "-1", "--format=%H")
    assert clone.act("rollback", check=False).startswith("error: ")
    assert clone.git("status", "--porcelain") == "" and clone.git("log", "-1", "--format=%H") == before
