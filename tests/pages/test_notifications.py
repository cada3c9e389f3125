"""Notifications: set up and tried on Settings, listed on Home until they are seen."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.notify.settings import notify_settings
from core.notify.telling import tell
from core.storage.workspace import Workspace
from tests.core.notify.conftest import webhook as webhook  # noqa: PLC0414 (a fixture)
from tests.core.notify.test_telling import stored
from tests.pages.reading import button
from tests.pages.test_pages import opened, texts
from tests.servers.webhook import WebhookServer


def field(app: AppTest, label: str):
    return next(item for item in app.text_input if item.label == label)


def test_webhook_is_set_up_and_tried_on_settings(
    workspace: Workspace, webhook: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "settings")
    assert button(app, "Test webhook").disabled and button(app, "Test e-mail").disabled
    field(app, "Webhook address").set_value("ftp://nowhere/secret")
    app = button(app, "Save notifications").click().run()
    assert not app.exception and "begins with http:// or https://" in texts(app)
    assert notify_settings(workspace).webhook_url == ""
    field(app, "Webhook address").set_value(webhook.url)
    app = button(app, "Save notifications").click().run()
    assert notify_settings(workspace).webhook_url == webhook.url
    app = button(app, "Test webhook").click().run()
    assert not app.exception
    assert "This is a test" in webhook.taken[0]["text"]
    webhook.statuses = [404]
    app = button(app, "Test webhook").click().run()
    assert "answered with status 404" in texts(app)


def test_home_lists_what_nobody_has_seen(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stored(workspace, title="*My* <run>")
    tell(workspace, job, "failed", "The disk is full.")
    app = opened(workspace, monkeypatch, "home")
    assert "The disk is full." in texts(app)
    app = button(app, "Seen").click().run()
    assert not app.exception and "The disk is full." not in texts(app)
    assert workspace.notices.newest(limit=5, is_unseen=True) == []
    assert "The disk is full." not in texts(opened(workspace, monkeypatch, "home"))


def test_only_what_was_shown_is_taken_as_seen(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        tell(workspace, stored(workspace, title=f"run {number}"), "failed", f"Reason {number}.")
    app = opened(workspace, monkeypatch, "home")
    assert "Reason 6." in texts(app) and "Reason 1." not in texts(app)
    app = button(app, "Seen").click().run()
    assert "Reason 1." in texts(app) and "Reason 6." not in texts(app)
    left = workspace.notices.newest(limit=9, is_unseen=True)
    assert sorted(notice.reason for notice in left) == ["Reason 0.", "Reason 1."]


def test_every_page_tells_what_happens_while_it_is_open_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(workspace, stored(workspace, title="earlier"), "lost", "The machine restarted.")
    app = opened(workspace, monkeypatch, "emissions")
    assert len(app.toast) == 0  # what was before stands on Home
    tell(workspace, stored(workspace, title="*My* <run>"), "failed", "The disk is full.")
    app = app.run()
    assert not app.exception and len(app.toast) == 1
    assert "The disk is full" in app.toast[0].value.replace("\\", "")
    assert "<run>" not in app.toast[0].value  # names are not markup
    assert len(app.run().toast) == 0
