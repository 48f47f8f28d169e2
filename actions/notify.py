"""Tell people when the monitor's verdict changed: by mail, webhook, Slack, Teams and more, or as an issue.

    python -m actions.notify [--dry-run] [--again]      `make monitor` calls it; --again: also where nothing changed
    python -m actions.notify --failed "STEP"            a scheduled step failed

Receivers stand under monitor.notify in params.yaml, each an address of apprise (https://appriseit.com/services), `github` or
`gitlab` (an issue, through gh or glab); ${NAME} in an address is taken from the environment, so that no secret is in Git:

    notify: ["mailtos://${SMTP_USER}:${SMTP_PASSWORD}@mail.example.org?to=team@example.org", "jsons://hooks.example.org/x", github]

What a receiver did not take is kept in reports/notices.json and tried again at the next call: who is down loses nothing, and
fails nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from actions.registry import name
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json, write_json
from lifecycle.ground.params import MonitorParams

REPORT, NOTICES = Path("reports/monitoring.json"), Path("reports/notices.json")
CALM = ("ok", "no data")
REASONS = 8
SECONDS = 60  # for gh and glab
KINDS = {"ok": "success", "warn": "warning", "retrain": "failure", "no data": "info"}  # apprise's, by the verdict
ISSUES = {
    "github": ["gh", "issue", "create", "--title", "{title}", "--body", "{text}"],
    "gitlab": ["glab", "issue", "create", "--yes", "--title", "{title}", "--description", "{text}"],
}


@dataclass(frozen=True)
class Notice:
    """A message for one receiver; `to`: which, by the hash of its line in params.yaml."""

    to: str
    title: str
    text: str
    kind: str


class Undelivered(Exception):
    """Why a receiver did not get a notice, without secrets; `by_setting`: trying again will not help by itself."""

    def __init__(self, why: str, by_setting: bool = False) -> None:
        super().__init__(why)
        self.by_setting = by_setting


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.notify", description="tell people of a changed verdict")
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and to whom")
    parser.add_argument("--again", action="store_true", help="send the verdict even if it did not change")
    parser.add_argument("--failed", default="", metavar="STEP", help="a scheduled step that failed")
    given = parser.parse_args()
    receivers = MonitorParams.load().notify
    if not receivers:
        print("notify: monitor.notify in params.yaml names nobody")
        return
    state = read_state()
    news = failure(given.failed) if given.failed else verdict(state, given.again)
    if given.dry_run:
        show(receivers, news, state)
        return
    known = state["verdict"] if given.failed else read_json(REPORT)["verdict"]
    faults = tell(receivers, state, news, known)
    if faults:
        raise UserError("; ".join(faults))


# ---- what there is to say -------------------------------------------------------------------------------------------


def verdict(state: Mapping[str, Any], again: bool = False) -> tuple[str, str, str] | None:
    """(title, text, kind) where the verdict is another than the last one that was told of; None where there is no news."""
    if not REPORT.exists():
        raise UserError(f"{REPORT.as_posix()} is missing; `make monitor` (python -m actions.monitor) makes it")
    found = read_json(REPORT)
    before, now = state["verdict"], found["verdict"]
    at_first = not before and now in CALM  # that all is well from the start is no news
    if not again and (now == before or at_first):
        return None
    title = f"{name()}: {now}" + (f" (was {before})" if before and before != now else "")
    about = (found.get("about") or [{}])[0]
    lines = [
        f"The monitor says {now}" + (f", and said {before} before." if before and before != now else "."),
        *(f"- {reason}" for reason in found["reasons"][:REASONS]),
    ]
    if len(found["reasons"]) > REASONS:
        lines.append(f"- and {len(found['reasons']) - REASONS} more")
    model = about.get("version") or about.get("bundle") or "none"
    lines += ["", f"Model {model}; {found['live_rows']} live rows, {found['live_labelled']} labelled."]
    lines += ["reports/monitoring.html shows more.", *link()]
    return title, "\n".join(lines), KINDS[now]


def failure(step: str) -> tuple[str, str, str]:
    return f"{name()}: {step} failed", "\n".join([f"{step} did not end as it should.", *link()]), "failure"


def link() -> list[str]:
    """Where the run is to be seen, in CI."""
    if "GITHUB_RUN_ID" in os.environ:
        known = [os.environ.get(key, "") for key in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
        return [f"{known[0]}/{known[1]}/actions/runs/{known[2]}"]
    return [os.environ["CI_JOB_URL"]] if "CI_JOB_URL" in os.environ else []


# ---- what was told, and what is still to be --------------------------------------------------------------------------


def read_state() -> dict[str, Any]:
    """{verdict: the last one that was told of, waiting: notices that somebody did not get}."""
    if not NOTICES.exists():
        return {"verdict": "", "waiting": []}
    found = read_json(NOTICES)
    if not isinstance(found, dict) or not isinstance(found.get("waiting"), list) or "verdict" not in found:
        raise UserError(f"{NOTICES.as_posix()} is not what notify wrote; `git checkout -- {NOTICES.as_posix()}`")
    return found


def tell(
    receivers: Sequence[str], state: Mapping[str, Any], news: tuple[str, str, str] | None, known: str
) -> list[str]:
    """Send what waits, and `news`, to each of `receivers`; what they do not take goes on waiting. `known`: the verdict that
    they know of then. Returns the faults that only a change of the settings mends."""
    by_key = {key(receiver): receiver for receiver in receivers}
    waiting = [Notice(**one) for one in state["waiting"]]
    gone = [notice for notice in waiting if notice.to not in by_key]
    if gone:
        print(f"notify: {len(gone)} notices are dropped, whose receiver params.yaml no longer names")
    waiting = [notice for notice in waiting if notice.to in by_key]
    if news:
        waiting += [Notice(one, *news) for one in by_key]
    # written before anything is sent: who is told twice after a kill has lost nothing
    write_state(known, waiting)
    faults, left, sent = [], [], 0
    down: dict[str, Undelivered] = {}
    for notice in waiting:
        try:
            if notice.to in down:  # in their order, or not at all
                raise down[notice.to]
            send(by_key[notice.to], notice)
            sent += 1
        except Undelivered as error:
            left.append(notice)
            if notice.to not in down:
                print(f"notify: {shown(by_key[notice.to])}: {error}; kept for the next time")
                faults += [f"{shown(by_key[notice.to])}: {error}"] if error.by_setting else []
            down[notice.to] = error
    write_state(known, left)
    print(f"notify: {sent} sent, {len(left)} kept" if waiting else "notify: the verdict is as before")
    return faults


def write_state(known: str, waiting: Sequence[Notice]) -> None:
    state = {"verdict": known, "waiting": [asdict(notice) for notice in waiting]}
    if state != (read_json(NOTICES) if NOTICES.exists() else None):
        write_json(NOTICES, state)


def show(receivers: Sequence[str], news: tuple[str, str, str] | None, state: Mapping[str, Any]) -> None:
    print(f"notify: would tell {', '.join(map(shown, receivers))}")
    for notice in state["waiting"]:
        print(f"\nkept: {notice['title']}")
    if news:
        print(f"\n{news[0]}\n\n{news[1]}")
    else:
        print("nothing new: the verdict is as before (--again sends it all the same)")


def key(receiver: str) -> str:
    return hashlib.sha256(receiver.encode()).hexdigest()[:12]


def shown(receiver: str) -> str:
    """A receiver without what may be secret: as it stands in params.yaml, up to a password that somebody put there."""
    return re.sub(r"://[^/@$]*@", "://…@", receiver.split("?")[0])


# ---- sending --------------------------------------------------------------------------------------------------------


def send(receiver: str, notice: Notice) -> None:
    """Raises Undelivered."""
    if receiver in ISSUES:
        make_issue(ISSUES[receiver], notice)
    else:
        by_apprise(filled(receiver), notice)


def filled(receiver: str) -> str:
    """The address with what the environment has for each ${NAME}. Raises Undelivered."""
    names = re.findall(r"\$\{(\w+)\}", receiver)
    if lacking := [one for one in names if not os.environ.get(one)]:
        raise Undelivered(f"the environment has no {lacking[0]}", by_setting=True)
    return re.sub(r"\$\{(\w+)\}", lambda found: os.environ[found[1]], receiver)


def by_apprise(address: str, notice: Notice) -> None:
    try:
        import apprise
    except ImportError:
        raise Undelivered("needs a package more; `pip install apprise`", by_setting=True) from None
    asset = apprise.AppriseAsset(app_id=name(), app_url="", async_mode=False)
    server = apprise.Apprise(asset=asset)
    if not server.add(address):
        raise Undelivered("is not an address that Apprise knows: https://appriseit.com/services", by_setting=True)
    try:
        taken = server.notify(body=notice.text, title=notice.title, notify_type=notice.kind, body_format="text")
    except Exception as error:
        raise Undelivered(f"cannot be reached ({type(error).__name__})") from None
    if not taken:
        raise Undelivered("did not take it")


def make_issue(command: Sequence[str], notice: Notice) -> None:
    if not shutil.which(command[0]):
        raise Undelivered(f"{command[0]} is not installed here", by_setting=True)
    filled_in = [word.format(title=notice.title, text=notice.text) if "{" in word else word for word in command]
    try:
        done = subprocess.run(filled_in, capture_output=True, encoding="utf-8", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Undelivered(f"{command[0]} did not answer within {SECONDS} seconds") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise Undelivered(f"{command[0]}: {said}")


if __name__ == "__main__":
    stage(main)
