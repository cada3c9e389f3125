"""Endings of jobs are told once, by whoever finds out, and never at the job's cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from typing import Any

import pytest

from core.jobs import queue
from core.jobs.folder import JobFolder, JobState
from core.jobs.processes import ProcessIdentity
from core.jobs.stall import StallWatch
from core.notify.settings import NotifySettings, store_notify_settings
from core.notify.telling import tell
from core.storage.files import utc_now
from core.storage.job_records import Job
from core.storage.workspace import PROJECT, WORKSPACE_VARIABLE, Workspace
from tests.servers.webhook import WebhookServer

RUN_KIND = "core.finetune.job"
LIMIT_S = 60.0


def stored(workspace: Workspace, **values: Any) -> Job:
    """A job with a folder, whose record says that it is at work."""
    job_id = str(uuid.uuid4())
    given = {"kind": RUN_KIND, "lane": "compute", "state": "training", "title": "My run", **values}
    job = Job(id=job_id, folder=f"runs/{job_id}", queued_at=utc_now(), **given)
    folder = JobFolder(workspace.run_folder(job_id))
    folder.path.mkdir(parents=True)
    workspace.jobs.add(job)
    return job


def told(workspace: Workspace) -> list[tuple[str, str]]:
    return [(each.event, each.title) for each in workspace.notices.newest(limit=50)]


def set_up(workspace: Workspace, **values: Any) -> None:
    store_notify_settings(workspace, NotifySettings.parse(values))


def until_sent(workspace: Workspace, way: str) -> str:
    deadline = time.monotonic() + LIMIT_S
    while not (sent := workspace.notices.newest(limit=1)[0].sent.get(way)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return sent


def lost(workspace: Workspace) -> Job:
    """A run whose supervisor was killed."""
    job = stored(workspace)
    ended = subprocess.Popen(["sleep", "100"])
    supervisor = ProcessIdentity.of(ended.pid)
    folder = JobFolder(workspace.run_folder(job.id))
    folder.write_state(JobState(state="training", supervisor=supervisor))
    ended.kill()
    ended.wait()
    return job


def test_lost_run_is_told_once_by_all_who_find_it(
    workspace: Workspace, webhook: WebhookServer
) -> None:
    set_up(workspace, webhook_url=webhook.url)
    job = lost(workspace)
    threads = [threading.Thread(target=queue.reconcile, args=(workspace,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.reconcile(workspace)
    assert told(workspace) == [("lost", "My run")]
    assert until_sent(workspace, "webhook") == "sent"
    (taken,) = webhook.taken
    assert taken["event"] == "lost" and taken["id"] == job.id
    assert taken["reason"] == "The supervising process was killed while training."


def test_each_event_of_each_attempt_is_told_once(workspace: Workspace) -> None:
    job = stored(workspace)
    assert tell(workspace, job, "failed", "The disk is full.")
    assert not tell(workspace, job, "failed", "The disk is full.")
    assert tell(workspace, job, "stalled", "Nothing was reported.")
    workspace.jobs.publish(job.id, "failed", "", {}, utc_now())
    time.sleep(0.002)  # an attempt is known by its millisecond in the queue
    workspace.jobs.requeue(job.id, job.lane)
    again = workspace.jobs.get(job.id)
    assert again is not None and tell(workspace, again, "failed", "Again.")


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "core.hub.download_job"},
        {"kind": "core.serving.service_job"},
        {"study": "s", "lane": "compute", "title": "learning rate · trial 3"},
    ],
)
def test_what_nobody_waits_for_is_not_told(workspace: Workspace, values: dict[str, Any]) -> None:
    assert not tell(workspace, stored(workspace, **values), "failed", "")
    assert told(workspace) == []


def test_only_events_that_are_wanted_are_told(workspace: Workspace) -> None:
    set_up(workspace, finished=False)
    job = stored(workspace)
    assert not tell(workspace, job, "finished", "")
    assert not tell(workspace, job, "stopped", "")
    assert tell(workspace, job, "lost", "")


def test_message_that_nobody_takes_is_written_down(workspace: Workspace) -> None:
    set_up(
        workspace,
        webhook_url="http://127.0.0.1:9/x",
        smtp_host="127.0.0.1",
        smtp_port=9,
        smtp_security="none",
        mail_from="a@b",
        mail_to="c@d",
    )
    start_s = time.monotonic()
    assert tell(workspace, stored(workspace), "failed", "")
    assert until_sent(workspace, "e-mail").endswith("Connection refused.")
    assert "3 tries" in workspace.notices.newest(limit=1)[0].sent["webhook"]
    assert time.monotonic() - start_s < LIMIT_S


def test_database_out_of_order_fails_no_job(workspace: Workspace) -> None:
    job = stored(workspace)
    with workspace.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE notices")
    assert not tell(workspace, job, "failed", "")


def test_run_that_reports_nothing_is_told_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(workspace, stalled_minutes=1)
    job = stored(workspace)
    now = time.monotonic()
    clock = [now]
    monkeypatch.setattr("core.jobs.stall.monotonic", lambda: clock[0])
    watch = StallWatch(workspace, job.id)
    clock[0] = now + 59
    watch.look("training")
    watch.reported()
    clock[0] = now + 100
    watch.look("training")
    assert told(workspace) == []
    clock[0] = now + 59 + 61
    watch.look("training")
    watch.look("training")
    assert told(workspace) == [("stalled", "My run")]
    (notice,) = workspace.notices.newest(limit=5)
    assert notice.reason == "It is training, and has reported nothing for 1 minutes."


def test_search_waits_in_silence(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    job = stored(workspace, kind="core.search.job")
    clock = [time.monotonic()]
    monkeypatch.setattr("core.jobs.stall.monotonic", lambda: clock[0])
    watch = StallWatch(workspace, job.id)
    clock[0] += 100_000
    watch.look("searching")
    assert told(workspace) == []


def command(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", "notify", *arguments],
        cwd=PROJECT,
        env={**os.environ, WORKSPACE_VARIABLE: str(workspace.root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands(workspace: Workspace, webhook: WebhookServer) -> None:
    nothing = command(workspace, "test")
    assert nothing.returncode == 2 and "Neither a webhook nor e-mail" in nothing.stderr
    done = command(workspace, "set", "--webhook-url", webhook.url, "--finished", "false", "--json")
    assert json.loads(done.stdout)["settings"]["finished"] is False, done.stderr
    assert webhook.url not in done.stdout
    sent = command(workspace, "test", "--json")
    assert json.loads(sent.stdout) == {"webhook": "sent"}
    assert "This is a test" in webhook.taken[0]["text"]
    webhook.statuses = [404]
    refused = command(workspace, "test")
    assert refused.returncode == 2 and "status 404" in refused.stdout
