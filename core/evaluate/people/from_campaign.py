"""Campaigns in Evaluate: their ratings beside metrics, their texts as translation sets."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

import numpy as np

from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import Preset
from core.annotate.results.scoring import SegmentScores, segment_scores
from core.annotate.stored import load_campaign
from core.errors import ConfigError, DataError
from core.evaluate.adding import MAX_NAME, UPLOADED, Target
from core.evaluate.people.ratings import HUMAN
from core.storage.files import utc_now
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.test_set_text_records import Kind as TextKind
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace

NOT_JUDGED = "The campaign holds no output of this segment."
_KIND = "campaign"
# WMT rates references as systems too: ref, refA, ref-B, Human-A.0.
_REFERENCE = re.compile(r"(ref|human)([^a-z].*|[a-z])?", re.IGNORECASE)


def publish_ratings(workspace: Workspace, campaign_id: str, preset: Preset) -> Scoring:
    """Stores what raters of a campaign gave so far as ratings of its translation sets.

    There is a score for each rater and output, by WMT's averaging within a segment. Publishing
    again with the same preset replaces them; evaluations that use them stay as they are.

    Args:
        workspace: Where both are stored.
        campaign_id: The campaign.
        preset: What MQM errors cost; other protocols need none.

    Raises:
        DataError: There is no such campaign, or nothing in it was finished.
        ConfigError: The campaign has no translation sets, or an error has a severity that the
            preset does not weigh.
    """
    data = load_campaign(workspace, campaign_id)
    campaign = workspace.campaigns.get(campaign_id)
    set_ids = _set_ids(workspace, data, campaign.test_set_hash)
    if not any(set_ids):
        raise ConfigError(
            f"The systems of the campaign {data.name!r} have no translation sets.",
            hint="Add translation sets of the campaign first.",
        )
    found = segment_scores(data, preset)
    scoring = _scoring(data, found, campaign.test_set_hash)
    scores = _scores(scoring.id, data, found, set_ids)
    if not scores:
        raise DataError(
            f"Nothing of the campaign {data.name!r} is finished that has a translation set.",
            hint="Publish it once raters have finished items.",
        )
    workspace.scorings.replace(scoring, scores)
    return scoring


def add_translation_sets(
    workspace: Workspace, campaign_id: str, *, reference_system: str | None = None
) -> list[TranslationSet]:
    """Stores the texts of a campaign as a test set with a translation set a system, and links them.

    Those that are there already are given back. A segment that a system has no output for is a
    failure of that system.

    Args:
        workspace: Where all is stored.
        campaign_id: The campaign.
        reference_system: The system whose outputs are the references where segments have none, as
            WMT's human references are; None: the first that is called so, "" for none at all.

    Raises:
        DataError: There is no such campaign, or no such system in it.
        ConfigError: The languages of the campaign are not known.
    """
    data = load_campaign(workspace, campaign_id)
    campaign = workspace.campaigns.get(campaign_id)
    known = {each.id: each for each in _sets(workspace, campaign.test_set_hash)}
    linked = _set_ids(workspace, data, campaign.test_set_hash)
    if all(linked):
        return [known[set_id] for set_id in linked if set_id is not None]
    target = _target(data, _references(data, reference_system))
    ids = [
        str(uuid.uuid5(uuid.NAMESPACE_OID, f"{campaign_id}:{target.hash}:{number}"))
        for number in range(len(data.systems))
    ]
    records = _stored(workspace, data, target, ids)
    positions = {at: at for at in range(len(data.segments))}
    workspace.campaigns.link_sets(campaign_id, target.hash, dict(enumerate(ids)), positions)
    return records


def _stored(
    workspace: Workspace, data: CampaignData, target: Target, ids: Sequence[str]
) -> list[TranslationSet]:
    """Stores the sets that are not there yet, and gives all."""
    there = {each.id: each for each in _sets(workspace, target.hash)}
    records = [there.get(own) or _record(data, target, at, own) for at, own in enumerate(ids)]
    new = [
        (record, _hypotheses(data, target, number, record.id))
        for number, record in enumerate(records)
        if record.id not in there
    ]
    if new:
        documents = [each.document for each in data.segments]
        texts: dict[tuple[TextKind, str], list[str]] = {("document", "document"): documents}
        workspace.translation_sets.add_whole(new, texts if any(documents) else None)
    return records


def _sets(workspace: Workspace, test_set_hash: str) -> list[TranslationSet]:
    return workspace.translation_sets.of_test_set(test_set_hash) if test_set_hash else []


def _set_ids(workspace: Workspace, data: CampaignData, test_set_hash: str) -> list[str | None]:
    """Gives each system's translation set, None where it has none any more."""
    there = {each.id for each in _sets(workspace, test_set_hash)}
    return [each.set_id if each.set_id in there else None for each in data.systems]


def _scoring(data: CampaignData, found: SegmentScores, test_set_hash: str) -> Scoring:
    """Gives the record, whose id is the same for the same campaign and preset."""
    preset = found.scale if data.protocol == "mqm" else ""
    told = f"{data.protocol.upper()} {preset}".strip()
    return Scoring(
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{data.campaign_id}:{preset or data.protocol}")),
        kind=HUMAN,
        name=f"{told} ({data.name})"[:MAX_NAME],
        test_set_hash=test_set_hash,
        created_at=utc_now(),
        settings={
            "campaign": data.campaign_id,
            "preset": preset,
            "scale": found.scale,
            "averaging": found.averaging,
            "notes": [],
        },
    )


def _scores(
    scoring_id: str, data: CampaignData, found: SegmentScores, set_ids: Sequence[str | None]
) -> list[SegmentScore]:
    return [
        SegmentScore(scoring_id, set_id, position, float(values[row, column]), rater=rater)
        for rater, values in found.by_rater.items()
        for row, column in zip(*np.nonzero(np.isfinite(values)), strict=True)
        for set_id, position in [(set_ids[column], data.segments[row].position)]
        if set_id is not None and position is not None
    ]


def _references(data: CampaignData, reference_system: str | None) -> tuple[str, ...]:
    """Gives a reference for each segment; an empty one where there is none."""
    names = [each.name for each in data.systems]
    if reference_system and reference_system not in names:
        raise DataError(
            f"The campaign {data.name!r} has no system {reference_system[:60]!r}.",
            hint=f"Its systems are {', '.join(names)[:200]}.",
        )
    if reference_system is None:
        reference_system = next((name for name in names if _REFERENCE.fullmatch(name)), "")
    number = names.index(reference_system) if reference_system else -1
    return tuple(
        data.outputs.get((at, number), "") if each.reference is None else each.reference
        for at, each in enumerate(data.segments)
    )


def _target(data: CampaignData, references: tuple[str, ...]) -> Target:
    if not data.src_lang or not data.tgt_lang:
        raise ConfigError(
            f"The languages of the campaign {data.name!r} are not known.",
            hint="Import it again with its two languages, such as gle_Latn and eng_Latn.",
        )
    sources = tuple(each.source for each in data.segments)
    langs = (data.src_lang, data.tgt_lang)
    return Target(data.name[:MAX_NAME], UPLOADED, "", *langs, sources, references)


def _record(data: CampaignData, target: Target, number: int, set_id: str) -> TranslationSet:
    name = data.systems[number].name[:MAX_NAME]
    return TranslationSet(
        id=set_id,
        batch_id=None,
        system_id=f"{UPLOADED}:{name}",
        system_name=name,
        corpus_id="",
        corpus_name=target.name,
        split=target.split,
        src_lang=target.src_lang,
        tgt_lang=target.tgt_lang,
        test_set_hash=target.hash,
        num_segments=len(target.sources),
        created_at=utc_now(),
        provenance={
            "origin": UPLOADED,
            "file": str(data.origin.get("file", data.name)),
            "format": str(data.origin.get("format", _KIND)),
            "campaign": data.campaign_id,
            "notes": [],
        },
    )


def _hypotheses(data: CampaignData, target: Target, number: int, set_id: str) -> list[Hypothesis]:
    found = []
    for at, (source, reference) in enumerate(zip(target.sources, target.references, strict=True)):
        text = data.outputs.get((at, number))
        failure = NOT_JUDGED if text is None else ""
        found.append(Hypothesis(set_id, at, source, reference, text, failure=failure))
    return found
