"""A campaign with everything that was judged in it, as plain values.

Files of other tools are read into it, the database gives it, results and exports are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from core.annotate.annotation import Annotation

Protocol: TypeAlias = Literal["sqm", "mqm", "esa", "ranking"]
PROTOCOLS: tuple[Protocol, ...] = ("sqm", "mqm", "esa", "ranking")

# Why an item is shown. Only `main` items count for the systems; `calibration` items are shared by
# all raters and come first; the others check the rater.
Kind: TypeAlias = Literal["main", "calibration", "degraded", "repeat", "gold"]
KINDS: tuple[Kind, ...] = ("main", "calibration", "degraded", "repeat", "gold")


@dataclass(frozen=True)
class JudgedSystem:
    """One system of a campaign.

    Attributes:
        name: As the owner knows it; raters never see it.
        set_id: Its translation set, or None.
    """

    name: str
    set_id: str | None = None


@dataclass(frozen=True)
class JudgedSegment:
    """One segment of a campaign.

    Attributes:
        source: The text.
        document: Its name; segments of a document stand together, in order.
        document_segment: The segment's id within the document, as a file has it or from 1.
        label: The segment's id in the whole test set, as a file has it or from 1.
        position: Its place in the test set, from 0; None where there is no test set.
        reference: A human translation, or None.
    """

    source: str
    document: str = ""
    document_segment: str = ""
    label: str = ""
    position: int | None = None
    reference: str | None = None


@dataclass(frozen=True)
class JudgedItem:
    """What one rater made of one item.

    Attributes:
        rater: Name within the campaign.
        segment: Index into the campaign's segments.
        systems: Indices into the campaign's systems, in the order shown; one, but side by side.
        annotation: As it stands.
        kind: Why the item was shown.
        texts: What was shown instead of the systems' outputs, where the item is a check; else ().
        active_s: Seconds of work, pauses left out; None where a file tells nothing.
        saved_at: UTC ISO-8601, or "".
        item_id: UUID in the database, or "".
        of_item: Of a check: the item that it repeats or spoils, else "".
        place: The item's place in the rater's work, from 0.
        warnings: Codes of contradictions that the rater was told of.
        origin: What a file said of the item that has no other place.
    """

    rater: str
    segment: int
    systems: tuple[int, ...]
    annotation: Annotation
    kind: Kind = "main"
    texts: tuple[str, ...] = ()
    active_s: float | None = None
    saved_at: str = ""
    item_id: str = ""
    of_item: str = ""
    place: int = 0
    warnings: tuple[str, ...] = ()
    origin: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CampaignData:
    """A campaign with its texts and all that was judged.

    Attributes:
        name: Unique in a workspace.
        protocol: What raters did.
        src_lang, tgt_lang: FLORES-200 codes; empty where a file does not tell.
        systems, segments: What was judged.
        outputs: The text by (segment, system), both indices; not every system needs each segment.
        raters: All names, those who have not begun included.
        items: Those that were begun, of any kind.
        gold: What was adjudicated, by (segment, system).
        typology: Name of the error typology, or "".
        origin: Of an import: `format`, the file's name, its header and what else it takes to
            write the file again.
        campaign_id: UUID in the database, or "".
    """

    name: str
    protocol: Protocol
    src_lang: str
    tgt_lang: str
    systems: tuple[JudgedSystem, ...]
    segments: tuple[JudgedSegment, ...]
    outputs: Mapping[tuple[int, int], str]
    raters: tuple[str, ...]
    items: tuple[JudgedItem, ...]
    gold: Mapping[tuple[int, int], Annotation] = field(default_factory=dict)
    typology: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)
    campaign_id: str = ""

    def done(self, *kinds: Kind) -> Iterator[JudgedItem]:
        """Gives the finished items of these kinds; without any, those that count for systems."""
        wanted = kinds or ("main",)
        return (item for item in self.items if item.annotation.is_done and item.kind in wanted)

    def shown_text(self, item: JudgedItem, output: int = 0) -> str:
        """Gives the output that the rater saw."""
        if item.texts:
            return item.texts[output]
        return self.outputs[item.segment, item.systems[output]]
