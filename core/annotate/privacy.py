"""What is kept of a rater as a person: consent, everything stored of them, and its deletion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from core.annotate.settings import CampaignSettings
from core.storage.campaign_records import Rater
from core.storage.files import utc_now
from core.storage.workspace import Workspace

ERASED = "erased rater"
_CONSENT = "consent_text"


def needs_consent(rater: Rater, settings: CampaignSettings) -> bool:
    """Tells whether a rater has still to agree to the campaign's terms, or to changed ones.

    Terms of the campaign's own are compared with those agreed to; the usual ones are asked once.
    """
    text = settings.consent_text.strip()
    return not rater.consented_at or (bool(text) and rater.profile.get(_CONSENT) != text)


def give_consent(workspace: Workspace, rater_id: str, text: str) -> None:
    """Records that a rater agreed: when, and to which words.

    Raises:
        DataError: There is no such rater.
    """
    rater = workspace.raters.get(rater_id)
    profile = {**rater.profile, _CONSENT: text.strip()}
    workspace.raters.change(rater_id, consented_at=utc_now(), profile=profile)


def consent_record(workspace: Workspace, campaign_id: str) -> list[dict[str, Any]]:
    """Gives who agreed to what: rows of rater, consented_at (UTC or None) and text."""
    return [
        {
            "rater": rater.name,
            "consented_at": rater.consented_at,
            "text": str(rater.profile.get(_CONSENT, "")),
        }
        for rater in workspace.raters.of_campaign(campaign_id)
    ]


def my_data(workspace: Workspace, rater_id: str) -> dict[str, Any]:
    """Gives everything that is stored of a rater, for them to read: it has no system names.

    Raises:
        DataError: There is no such rater.
    """
    rater = workspace.raters.get(rater_id)
    ratings = workspace.ratings.of_rater(rater_id)
    return {
        "rater": {
            key: value
            for key, value in asdict(rater).items()
            if key not in ("id", "campaign_id", "link_version")
        },
        "campaign": workspace.campaigns.get(rater.campaign_id).name,
        "ratings": [
            {
                "place": item.place + 1,
                **{
                    key: value
                    for key, value in asdict(ratings[item.id]).items()
                    if key not in ("item_id", "revision")
                },
                "saves": [
                    {"revision": revision, "annotation": annotation}
                    for _, revision, annotation in workspace.ratings.saves(item.id)
                ],
            }
            for item in workspace.raters.items(rater_id)
            if item.id in ratings
        ],
    }


def pseudonymise(workspace: Workspace, rater_id: str) -> str:
    """Takes away who a rater is, and keeps what was judged; the link ends for good.

    The name, the profile, the consent and the last visit go. Comments stay as they were written.

    Returns:
        The name that stands in its place.

    Raises:
        DataError: There is no such rater.
    """
    rater = workspace.raters.get(rater_id)
    taken = {each.name for each in workspace.raters.of_campaign(rater.campaign_id)}
    number = 1
    while f"rater {number}" in taken:
        number += 1
    name = f"rater {number}"
    workspace.raters.change(
        rater_id,
        name=name,
        profile={},
        consented_at=None,
        seen_at=None,
        link_version=rater.link_version + 1,
        revoked_at=utc_now(),
    )
    _rename_in_gold(workspace, rater.campaign_id, rater.name, name)
    return name


def delete_my_data(workspace: Workspace, rater_id: str) -> None:
    """Removes a rater with everything that they judged; what was decided from it stays, unnamed.

    `pseudonymise` keeps what was judged instead.

    Raises:
        DataError: There is no such rater.
    """
    rater = workspace.raters.get(rater_id)
    workspace.raters.erase(rater_id)
    _rename_in_gold(workspace, rater.campaign_id, rater.name, ERASED)


def _rename_in_gold(workspace: Workspace, campaign_id: str, old: str, new: str) -> None:
    def renamed(each: dict[str, Any]) -> dict[str, Any]:
        return {**each, "rater": new} if each.get("rater") == old else each

    for gold in workspace.ratings.gold(campaign_id):
        marks = [_with_sources(mark, renamed) for mark in gold.annotation.get("marks", [])]
        annotation = {**gold.annotation, "marks": marks}
        if annotation != gold.annotation:
            workspace.ratings.put_gold(replace(gold, annotation=annotation))


def _with_sources(
    mark: dict[str, Any], renamed: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    origin = mark.get("origin") or {}
    if "from" not in origin:
        return mark
    return {**mark, "origin": {**origin, "from": [renamed(each) for each in origin["from"]]}}
