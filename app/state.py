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
        notice: A sentence to show once on the next page.
    """

    draft: dict[str, Any] = field(default_factory=_first_draft)
    draft_version: int = 0
    launch_id: str = field(default_factory=_new_id)
    corpus_id: str = ""
    import_version: int = 0
    notice: str = ""

    def replace_draft(self, values: dict[str, Any]) -> None:
        """Starts the Fine-tune page from other settings."""
        self.draft = dict(values)
        self.draft_version += 1

    def renew_launch_id(self) -> None:
        """Makes the next launch another run."""
        self.launch_id = _new_id()


def session() -> Session:
    """Gives the state of this tab."""
    state: Session = st.session_state.setdefault("session", Session())
    return state
