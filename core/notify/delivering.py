"""The process that sends one notice: `python -m core.notify.delivering WORKSPACE NOTICE`."""

from __future__ import annotations

import sys
from pathlib import Path

from core.errors import AdaptMLLMError
from core.notify import mail, webhook
from core.notify.message import payload, subject, text
from core.notify.settings import NotifySettings, notify_settings
from core.storage.files import utc_now
from core.storage.notice_records import Notice
from core.storage.workspace import Workspace

SENT = "sent"


def send(settings: NotifySettings, notice: Notice, way: str) -> None:
    """Sends a notice one way: `webhook` or `e-mail`.

    Raises:
        AdaptMLLMError: It was not taken; the sentence says why.
    """
    if way == "webhook":
        webhook.post(settings.webhook_url, payload(notice, settings.address))
    else:
        mail.send(settings, subject(notice), text(notice, settings.address))


def sample_notice() -> Notice:
    """Gives a message to try the ways with; it is stored nowhere."""
    reason = "This is a test: messages about runs will look like it."
    return Notice("", "", "", "finished", "run", "test message", reason, "", utc_now())


def deliver(workspace: Workspace, notice: Notice) -> dict[str, str]:
    """Sends a notice every way that is set up; gives and stores what came of each."""
    settings = notify_settings(workspace)
    sent = {}
    for way in settings.ways:
        try:
            send(settings, notice, way)
            sent[way] = SENT
        except AdaptMLLMError as error:
            sent[way] = error.message
        workspace.notices.store_sent(notice.id, sent)
    return sent


def main() -> None:
    """Sends the notice that the command line names."""
    workspace = Workspace(Path(sys.argv[1]))
    notice = workspace.notices.get(sys.argv[2])
    if notice is not None:
        deliver(workspace, notice)


if __name__ == "__main__":
    main()
