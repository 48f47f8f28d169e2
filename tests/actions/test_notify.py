"""notify: a changed verdict reaches a real mail server and a real webhook, once; and who is down loses nothing."""

import http.server
import json
import os
import socket
import sys
import threading

import pytest

from actions import monitor, notify
from lifecycle.ground.errors import UserError
from lifecycle.ground.params import MonitorParams

pytest.importorskip("apprise", reason="pip install apprise, or nobody is told in these tests")


class Webhook:
    """A receiver of HTTP posts; `down`: it answers 503."""

    def __init__(self):
        self.got, self.down = [], False
        ours = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not ours.down:
                    ours.got.append(json.loads(body))
                self.send_response(503 if ours.down else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def titles(self):
        return [one["title"] for one in self.got]


@pytest.fixture
def webhook():
    webhook = Webhook()
    yield webhook
    webhook.server.shutdown()


@pytest.fixture
def mailbox():
    """(port, messages) of an SMTP server."""
    from aiosmtpd.controller import Controller

    messages = []

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            messages.append(envelope)
            return "250 OK"

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port, messages
    controller.stop()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """project(*receivers): params.yaml names them."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_RUN_ID", "CI_JOB_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "flats"\n')

    def name(*receivers):
        params = type("Params", (), {"notify": receivers})
        monkeypatch.setattr(MonitorParams, "load", classmethod(lambda cls: params))

    return name


def found(verdict, *reasons):
    report = {
        "verdict": verdict,
        "reasons": reasons or ["rent: median 900, was 700"],
        "live_rows": 500,
        "live_labelled": 9,
    }
    notify.REPORT.parent.mkdir(exist_ok=True)
    notify.REPORT.write_text(json.dumps(report | {"about": [{"version": "v1.0.0"}]}))


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["notify", *arguments])
    notify.main()


def test_a_change_is_told_once_and_what_stays_is_not(project, webhook, monkeypatch):
    project(f"json://127.0.0.1:{webhook.port}/hook")
    for verdict in ("ok", "ok", "retrain", "retrain", "retrain", "ok"):
        found(verdict)
        run(monkeypatch)
    assert webhook.titles == ["flats: retrain (was ok)", "flats: ok (was retrain)"]
    assert "median 900" in webhook.got[0]["message"] and "Model v1.0.0; 500 live rows" in webhook.got[0]["message"]


@pytest.mark.parametrize(("verdict", "told"), [("ok", 0), ("no data", 0), ("warn", 1), ("retrain", 1)])
def test_at_first_only_what_is_not_well_is_news(project, webhook, monkeypatch, verdict, told):
    project(f"json://127.0.0.1:{webhook.port}")
    found(verdict)
    run(monkeypatch)
    assert len(webhook.got) == told


def test_a_mail_arrives_at_a_real_server(project, mailbox, monkeypatch):
    port, messages = mailbox
    project(f"mailto://127.0.0.1:{port}?from=model@example.org&to=team@example.org")
    found("retrain", "größer: 5 % of the rows")
    run(monkeypatch)
    (message,) = messages
    assert message.rcpt_tos == ["team@example.org"]
    text = message.content.decode()
    assert "Subject:" in text and "flats: retrain" in text


def test_who_is_down_gets_everything_later_in_its_order_and_holds_up_nobody(
    project, webhook, mailbox, monkeypatch, capsys
):
    port, messages = mailbox
    project(f"json://127.0.0.1:{webhook.port}", f"mailto://127.0.0.1:{port}?from=m@example.org&to=t@example.org")
    webhook.down = True
    for verdict in ("warn", "retrain", "ok"):
        found(verdict)
        run(monkeypatch)
    assert webhook.got == [] and len(messages) == 3
    assert "did not take it; kept for the next time" in capsys.readouterr().out
    webhook.down = False
    run(monkeypatch)
    assert webhook.titles == ["flats: warn", "flats: retrain (was warn)", "flats: ok (was retrain)"]
    assert len(messages) == 3 and json.loads(notify.NOTICES.read_text())["waiting"] == []


def test_a_receiver_that_is_not_there_at_all_fails_nothing(project, monkeypatch):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    project(f"json://127.0.0.1:{port}", f"mailto://127.0.0.1:{port}?from=m@example.org&to=t@example.org")
    found("warn")
    run(monkeypatch)
    assert len(json.loads(notify.NOTICES.read_text())["waiting"]) == 2


def test_a_secret_comes_from_the_environment_and_is_shown_nowhere(project, webhook, monkeypatch, capsys):
    project("json://user:${HOOK_SECRET}@127.0.0.1:${HOOK_PORT}")
    found("warn")
    with pytest.raises(UserError, match="the environment has no HOOK_SECRET"):
        run(monkeypatch)
    monkeypatch.setenv("HOOK_SECRET", "hunter2")
    monkeypatch.setenv("HOOK_PORT", str(webhook.port))
    webhook.down = True
    run(monkeypatch)
    webhook.down = False
    run(monkeypatch)
    assert webhook.titles == ["flats: warn"]
    assert "hunter2" not in capsys.readouterr().out + notify.NOTICES.read_text()


def test_a_password_that_stands_in_params_yaml_is_not_printed(project, monkeypatch, capsys):
    project("json://user:hunter2@127.0.0.1:1/x?token=hunter3")
    found("warn")
    run(monkeypatch)
    run(monkeypatch, "--dry-run")
    assert "hunter" not in capsys.readouterr().out


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(project, webhook, monkeypatch, capsys):
    project(f"json://127.0.0.1:{webhook.port}")
    found("retrain")
    run(monkeypatch, "--dry-run")
    said = capsys.readouterr().out
    assert "would tell json://127.0.0.1" in said and "flats: retrain" in said and "median 900" in said
    assert not webhook.got and not notify.NOTICES.exists()


def test_again_sends_the_same_verdict_once_more(project, webhook, monkeypatch):
    project(f"json://127.0.0.1:{webhook.port}")
    found("warn")
    run(monkeypatch)
    run(monkeypatch, "--again")
    assert webhook.titles == ["flats: warn", "flats: warn"]


def test_a_step_that_failed_is_told_with_where_to_look(project, webhook, monkeypatch):
    project(f"json://127.0.0.1:{webhook.port}")
    for name, value in (("SERVER_URL", "https://git.example"), ("REPOSITORY", "me/flats"), ("RUN_ID", "7")):
        monkeypatch.setenv(f"GITHUB_{name}", value)
    run(monkeypatch, "--failed", "retrain")
    assert webhook.titles == ["flats: retrain failed"]
    assert "https://git.example/me/flats/actions/runs/7" in webhook.got[0]["message"]


def test_a_failure_does_not_make_a_verdict_old_that_nobody_was_told(project, webhook, monkeypatch):
    project(f"json://127.0.0.1:{webhook.port}")
    found("retrain")
    run(monkeypatch, "--failed", "monitor")
    run(monkeypatch)
    assert webhook.titles == ["flats: monitor failed", "flats: retrain"]


@pytest.mark.parametrize("receiver", ["nonsense", "http//x", "gopher://x"])
def test_an_address_that_nobody_knows_is_one_line_and_the_others_are_told(project, webhook, monkeypatch, receiver):
    project(receiver, f"json://127.0.0.1:{webhook.port}")
    found("warn")
    with pytest.raises(UserError, match="not an address that Apprise knows"):
        run(monkeypatch)
    assert webhook.titles == ["flats: warn"]


def test_without_apprise_the_package_is_named(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    project("json://127.0.0.1:1")
    found("warn")
    with pytest.raises(UserError, match="pip install apprise"):
        run(monkeypatch)


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for gh")
@pytest.mark.parametrize(("receiver", "tool"), [("github", "gh"), ("gitlab", "glab")])
def test_an_issue_is_made_by_the_tool_of_its_place(project, monkeypatch, tmp_path, receiver, tool):
    project(receiver)
    found("retrain", "{braces} stay, and so does $HOME")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match=f"{tool} is not installed"):
        run(monkeypatch)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    script = bin_ / tool
    script.write_text(f'#!/bin/sh\nfor word in "$@"; do echo "$word"; done > {tmp_path}/issue\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_))
    run(monkeypatch)
    words = (tmp_path / "issue").read_text()
    assert (
        words.startswith("issue\ncreate\n")
        and "flats: retrain" in words
        and "{braces} stay, and so does $HOME" in words
    )
    script.write_text("#!/bin/sh\necho not logged in >&2; exit 4\n")
    found("ok")
    run(monkeypatch)
    assert len(json.loads(notify.NOTICES.read_text())["waiting"]) == 1


def test_who_is_no_longer_named_is_forgotten_aloud(project, webhook, monkeypatch, capsys):
    project("json://127.0.0.1:1")
    found("warn")
    run(monkeypatch)
    project(f"json://127.0.0.1:{webhook.port}")
    run(monkeypatch)
    assert "1 notices are dropped" in capsys.readouterr().out and not webhook.got


def test_nobody_named_is_nothing_written(project, monkeypatch, capsys):
    project()
    found("retrain")
    run(monkeypatch)
    assert not notify.NOTICES.exists() and "names nobody" in capsys.readouterr().out


def test_the_monitor_s_action_tells_and_does_not_fail_where_a_setting_is_wrong(project, webhook, monkeypatch, capsys):
    project("nonsense", f"json://127.0.0.1:{webhook.port}")
    found("retrain")
    monkeypatch.setattr(monitor, "remember", lambda: 0)
    monkeypatch.setattr(monitor.subprocess, "run", lambda *_, **__: type("Done", (), {"returncode": 0}))
    with pytest.raises(SystemExit) as end:
        monitor.main()
    assert end.value.code == 0 and webhook.titles == ["flats: retrain"]
    assert "not an address" in capsys.readouterr().out
