"""Roles, and which pages each of them may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from core.errors import ConfigError

Role: TypeAlias = Literal["owner", "member", "rater"]

RATER_PAGES = ("annotate",)


@dataclass(frozen=True)
class Visitor:
    """Somebody who was let in.

    Attributes:
        role: `owner` sees and changes everything; `member` everything but who may enter; `rater`
            the own items of one campaign.
        name: As the owner calls the visitor; empty for the owner of this machine.
        rater_id, campaign_id: Of a rater, else empty.
        member_id: Of a member, and of an owner who entered as one; else empty.
    """

    role: Role
    name: str = ""
    rater_id: str = ""
    campaign_id: str = ""
    member_id: str = ""

    @property
    def may_manage_access(self) -> bool:
        """Whether the visitor may let others in and see keys."""
        return self.role == "owner"


def may_see(visitor: Visitor, page: str) -> bool:
    """Tells whether a page may be shown to a visitor.

    Args:
        visitor: Who asks.
        page: Name of the page's file without its ending, such as `runs`.
    """
    return visitor.role != "rater" or page in RATER_PAGES


def check_may_see(visitor: Visitor, page: str) -> None:
    """Refuses a page that is not for the visitor.

    Raises:
        ConfigError: It is not.
    """
    if not may_see(visitor, page):
        raise ConfigError(
            f"The page {page!r} is not open to raters.",
            hint="Your work is on the page Annotate.",
        )


def check_may_manage_access(visitor: Visitor) -> None:
    """Refuses everybody but owners.

    Raises:
        ConfigError: The visitor is none.
    """
    if not visitor.may_manage_access:
        raise ConfigError(
            "Only the owner decides who may enter and sees the keys.",
            hint="Ask whoever started the application.",
        )
