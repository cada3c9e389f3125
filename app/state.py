"""What one browser tab remembers between pages; nothing here is true of the work itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.finetune.settings import RECIPES


def _new_id() -> str:
    return str(uuid.uuid4())


def _first_draft() -> dict[str, Any]:
    _, values = next(iter(RECIPES.values()))
    return dict(values)


@dataclass
class Session:
    """The state of one tab.

    Attributes:
        draft: Settings on the Fine-tune page; a fresh tab has those of the first recipe.
        draft_version: Changes when the draft is replaced as a whole, so that widgets start anew.
        launch_id: Id of the run that the next click on Launch makes; a double click has the same.
        corpus_id: The corpus that is looked at.
        import_version: Changes after an import, so that the form starts empty.
        version_id: The prepared version that is looked at.
        prepare_id: Id of the version that the next click on Prepare makes.
        service_id: Id of the service that the next click on Start makes.
        key_version: Changes after an API key was made, so that the form starts empty.
        new_key: The API key that was just made, until its owner has copied it.
        notice: A sentence to show once on the next page.
    """

    draft: dict[str, Any] = field(default_factory=_first_draft)
    draft_version: int = 0
    launch_id: str = field(default_factory=_new_id)
    corpus_id: str = ""
    import_version: int = 0
    version_id: str = ""
    prepare_id: str = field(default_factory=_new_id)
    service_id: str = field(default_factory=_new_id)
    key_version: int = 0
    new_key: str = ""
    notice: str = ""

    def replace_draft(self, values: dict[str, Any]) -> None:
        """Starts the Fine-tune page from other settings."""
        self.draft = dict(values)
        self.draft_version += 1

    def renew_launch_id(self) -> None:
        """Makes the next launch another run."""
        self.launch_id = _new_id()

    def renew_prepare_id(self) -> None:
        """Makes the next preparation another version, and its form start anew."""
        self.prepare_id = _new_id()

    def renew_service_id(self) -> None:
        """Makes the next start another service, and its form start anew."""
        self.service_id = _new_id()


def session() -> Session:
    """Gives the state of this tab."""
    state: Session = st.session_state.setdefault("session", Session())
    return state
