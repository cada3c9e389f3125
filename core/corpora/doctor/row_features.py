"""What the checks that look across rows need to know of each row: a few numbers, no text."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from core.corpora.doctor.batch import SIDES, Batch, Mark
from core.corpora.doctor.checks import BITS
from core.corpora.doctor.language_check import unidentified, wrong_language
from core.corpora.doctor.pair_checks import (
    identical,
    markup,
    numbers,
    placeholders,
    too_long,
    urls,
)
from core.corpora.doctor.repairs import repaired
from core.corpora.doctor.settings import DoctorSettings
from core.corpora.doctor.text_checks import (
    control,
    is_blank_text,
    mojibake,
    punctuation,
    wrong_script,
)
from core.corpora.segments import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The checks of one row by itself.
ROW_CHECKS: dict[str, Callable[[Batch], Iterator[Mark]]] = {
    "identical": identical,
    "too_long": too_long,
    "wrong_script": wrong_script,
    "wrong_language": wrong_language,
    "markup": markup,
    "placeholders": placeholders,
    "urls": urls,
    "numbers": numbers,
    "control": control,
    "mojibake": mojibake,
    "punctuation": punctuation,
}

# What translations leave as it is: links, numbers, and names in Latin letters.
# They are found twice as fast when the pattern begins with what any of them may begin with.
_ANCHOR = re.compile(r"[hw\dA-Z](?:(?<=h)ttps?://\S+|(?<=w)ww\.\S+|(?<=\d)\d*|(?<=[A-Z])\w+)")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class RowFeatures:
    """Numbers about consecutive rows of a split; arrays are parallel, one entry a row.

    Attributes:
        masks: The bits of the checks of one row by itself.
        pairs: 64-bit hashes of both sides; of all hashes, 0 stands for a row with a blank side.
        sources, targets: Hashes of the sides without regard to case, spacing and punctuation.
        source_skeletons, target_skeletons: The same, with numbers masked.
        source_chars, target_chars: Lengths.
        source_anchors, target_anchors: 32-bit hashes of what translations leave as it is, all
            rows one after another.
        num_source_anchors, num_target_anchors: How many of them each row has.
        details: What the checks found, by the row's place here.
        num_repaired: Rows that repairs changed.
        unidentified: Languages whose texts the identifier cannot judge.
    """

    masks: NDArray[np.int64]
    pairs: NDArray[np.uint64]
    sources: NDArray[np.uint64]
    targets: NDArray[np.uint64]
    source_skeletons: NDArray[np.uint64]
    target_skeletons: NDArray[np.uint64]
    source_chars: NDArray[np.int32]
    target_chars: NDArray[np.int32]
    source_anchors: NDArray[np.uint32]
    target_anchors: NDArray[np.uint32]
    num_source_anchors: NDArray[np.uint16]
    num_target_anchors: NDArray[np.uint16]
    details: dict[int, str]
    num_repaired: int
    unidentified: tuple[str, ...]

    @property
    def num_rows(self) -> int:
        """How many rows these are."""
        return len(self.masks)


def row_features(
    rows: Sequence[Row], src_lang: str, tgt_lang: str, settings: DoctorSettings
) -> RowFeatures:
    """Gives the features of rows, mended if the settings say so, and what is wrong with each."""
    import numpy as np

    pairs = [(row.source, row.target) for row in rows]
    mended = pairs
    if settings.has_repairs:
        mended = [(repaired(s, settings), repaired(t, settings)) for s, t in pairs]
    full = [
        place
        for place, (source, target) in enumerate(mended)
        if not is_blank_text(source) and not is_blank_text(target)
    ]
    sources, targets = ([mended[place][side] for place in full] for side in (0, 1))
    batch = Batch(sources, targets, src_lang, tgt_lang, settings)
    masks = np.zeros(len(pairs), np.int64)
    if settings.empty:
        masks[:] = BITS["empty"]
        masks[full] = 0
    details = _checked(batch, full, masks)
    return RowFeatures(
        masks=masks,
        **_measured(batch, full, len(pairs)),
        details=details,
        num_repaired=sum(map(tuple.__ne__, pairs, mended)),
        unidentified=unidentified((src_lang, tgt_lang)) if full and settings.wrong_language else (),
    )


def _measured(batch: Batch, full: list[int], num_rows: int) -> dict[str, Any]:
    """Gives the arrays about texts; those of rows that are not in the batch stay 0."""
    import numpy as np

    pairs, sides, skeletons = _hashes(batch)
    arrays: dict[str, Any] = {"pairs": _spread(pairs, np.uint64, full, num_rows)}
    for place, (side, texts) in enumerate(zip(SIDES, batch.sides, strict=True)):
        anchors, counts = _anchors(texts)
        arrays[f"{side}s"] = _spread(sides[place], np.uint64, full, num_rows)
        arrays[f"{side}_skeletons"] = _spread(skeletons[place], np.uint64, full, num_rows)
        arrays[f"{side}_chars"] = _spread(list(map(len, texts)), np.int32, full, num_rows)
        arrays[f"{side}_anchors"] = np.array(anchors, np.uint32)
        arrays[f"num_{side}_anchors"] = _spread(counts, np.uint16, full, num_rows)
    return arrays


def _spread(values: Any, kind: Any, places: list[int], num_rows: int) -> NDArray[Any]:
    import numpy as np

    whole = np.zeros(num_rows, kind)
    whole[places] = values
    return whole


def _checked(batch: Batch, full: list[int], masks: NDArray[np.int64]) -> dict[int, str]:
    """Sets the bits of what is wrong in `masks`, and gives the details by place."""
    found: dict[int, list[str]] = {}
    if not full:
        return {}
    for key in batch.settings.active:
        if key in ROW_CHECKS:
            for row, detail in ROW_CHECKS[key](batch):
                masks[full[row]] |= BITS[key]
                if detail:
                    found.setdefault(full[row], []).append(detail)
    return {place: "; ".join(parts) for place, parts in found.items()}


def _hashes(
    batch: Batch,
) -> tuple[NDArray[np.uint64], list[NDArray[np.uint64]], list[NDArray[np.uint64]]]:
    """Gives the hashes of the pairs, of the sides, and of the sides with numbers masked."""
    pairs = _hashed([f"{source}\0{target}" for source, target in batch.pairs()])
    sides = [_hashed(texts) for texts in batch.normal]
    skeletons = []
    for texts, hashes in zip(batch.normal, sides, strict=True):
        masked = hashes.copy()
        rows = [row for row, text in enumerate(texts) if _NUMBER.search(text)]
        masked[rows] = _hashed([_NUMBER.sub("0", texts[row]) for row in rows])
        skeletons.append(masked)
    return pairs, sides, skeletons


def _hashed(texts: list[str]) -> NDArray[np.uint64]:
    """Gives 64-bit hashes that are the same in every process, never 0."""
    import numpy as np

    digests = b"".join(
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts
    )
    hashes = np.frombuffer(digests, np.uint64).copy()
    hashes[hashes == 0] = 1
    return hashes


def _anchors(texts: list[str]) -> tuple[list[int], list[int]]:
    """Gives the hashes of the anchors of all texts, and how many each has."""
    hashes: list[int] = []
    counts = []
    for text in texts:
        found = set(_ANCHOR.findall(text))
        hashes.extend(map(_anchor_hash, found))
        counts.append(min(len(found), 65_535))
    return hashes, counts


@lru_cache(maxsize=50_000)
def _anchor_hash(anchor: str) -> int:
    """Gives the hash of an anchor without regard to case and to the script of its digits."""
    if not anchor.isascii() and anchor.isdecimal():
        anchor = str(int(anchor[:4000]))
    return zlib.crc32(anchor.casefold().encode("utf-8", "surrogatepass"))
