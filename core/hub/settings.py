"""What is downloaded: declared once for page, command line and the job's settings file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from core.settings import Settings


class DownloadSettings(Settings):
    """One model of the hub in one revision."""

    version: Literal[1] = 1
    model: str = Field(
        default="",
        title="Hub id",
        description="The model on the hub: owner/name.",
        min_length=1,
        max_length=200,
    )
    revision: str = Field(
        default="",
        title="Revision",
        description="A commit, branch or tag; empty = the newest.",
        max_length=200,
    )

    @field_validator("model", "revision")
    @classmethod
    def _trimmed(cls, text: str) -> str:
        return text.strip()
