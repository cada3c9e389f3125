"""When members and raters were here last."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from core.access.roles import Visitor
from core.storage.files import utc_now
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


def note_visit(workspace: Workspace, visitor: Visitor) -> None:
    """Stores that a member or rater came just now; of the owner of this machine nothing is kept.

    When somebody was here is worth less than that the page opens: a database that cannot be
    written at this moment is told to the log alone.
    """
    try:
        if visitor.rater_id:
            workspace.raters.change(visitor.rater_id, seen_at=utc_now())
        elif visitor.member_id:
            workspace.members.change(visitor.member_id, seen_at=utc_now())
    except SQLAlchemyError as error:
        log.warning("a visit could not be noted: %s", error)
