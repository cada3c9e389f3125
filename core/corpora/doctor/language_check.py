"""The check for another language than the declared one, and for swapped sides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from core.corpora.doctor.batch import SIDES, Batch, Mark
from core.languages import language_name, selectable_languages
from core.text.detection import known_label, label_chances

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A relative is hard to tell apart in a line: it must be this many times surer.
_RELATIVE_CAUTION = 5.0

# Labels of the identifier for languages that share most of what it goes by.
_RELATIVES = tuple(
    frozenset(group.split())
    for group in (
        "en pcm",
        "ga gd",
        "da no nn sv",
        "fo is",
        "de lb nl fy af",
        "an ca es ext gl oc pt",
        "it vec lij la",
        "fr wa gcf gcr ht oc",
        "bs hr sl sr",
        "cs sk",
        "be ru uk",
        "bg mk",
        "lt lv ltg",
        "et fi",
        "az crh tk tr",
        "ba tt kk ky uz uzs",
        "hi mr ne sa gom",
        "as bn",
        "ar ary arz",
        "fa ps tg ur",
        "ku sdh",
        "he hbo",
        "el grc",
        "id ms jv ace",
        "tl bcl",
        "nso st",
        "xh zu",
        "rw lg kik sn sw",
        "wuu yue zh",
    )
)

# Labels that name no language of a segment: none at all, and what lists of names look like.
_NO_LANGUAGES = frozenset({"zxx", "vo"})

# Characters that tell as much as about three letters do.
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_MAX_CHARS = 400  # more of a text tells nothing new


def unidentified(langs: tuple[str, ...]) -> tuple[str, ...]:
    """Gives those of the languages that the identifier does not know: only script is checked."""
    return tuple(lang for lang in langs if known_label(lang) is None)


def wrong_language(batch: Batch) -> Iterator[Mark]:
    """Finds sides that are surely in another language, and pairs whose sides are swapped."""
    labels = known_label(batch.src_lang), known_label(batch.tgt_lang)
    chances: list[NDArray[np.float32] | None] = [None, None]
    names: list[str] = []
    for place, (label, texts) in enumerate(zip(labels, batch.plain, strict=True)):
        if label is not None:
            names, chances[place] = label_chances([text[:_MAX_CHARS] for text in texts])
    for place, (side, label) in enumerate(zip(SIDES, labels, strict=True)):
        found = chances[place]
        if label is not None and found is not None:
            yield from _strangers(batch, side, label, names, found, batch.plain[place])
    source, target = chances
    if source is not None and target is not None and labels[0] != labels[1]:
        swapped = (source[:, names.index(str(labels[1]))] > 0.5) & (
            target[:, names.index(str(labels[0]))] > 0.5
        )
        for row in swapped.nonzero()[0].tolist():
            if any(_is_judged(texts[row], batch) for texts in batch.plain):
                yield row, "the sides seem to be swapped"


def _strangers(
    batch: Batch,
    side: str,
    label: str,
    names: list[str],
    chances: NDArray[np.float32],
    texts: list[str],
) -> Iterator[Mark]:
    """Finds texts that are likelier than not, and surely enough, in one other language."""
    import numpy as np

    confidence = batch.settings.language_confidence
    needed = np.array([_needed(name, label, confidence) for name in names], np.float32)
    # The first one above what it needs; there is one at most, as each needs more than half
    # unless the confidence asked for is small.
    excess = np.where(chances >= needed, chances, 0.0)
    best = excess.argmax(axis=1)
    is_found = excess[np.arange(len(best)), best] > chances[:, names.index(label)]
    for row in np.flatnonzero(is_found).tolist():
        if _is_judged(texts[row], batch):
            name = names[best[row]]
            yield row, f"{side} seems to be {_name_of(name)} ({chances[row, best[row]]:.0%})"


def _needed(name: str, label: str, confidence: float) -> float:
    """Gives how sure the identifier must be of a label to call a text a stranger."""
    if name == label or name in _NO_LANGUAGES:
        return 2.0  # never
    if any(name in group and label in group for group in _RELATIVES):
        return 1.0 - (1.0 - confidence) / _RELATIVE_CAUTION
    return confidence


def _is_judged(text: str, batch: Batch) -> bool:
    """Tells whether a text has letters enough to be judged by."""
    count = sum(map(str.isalpha, text))
    if not text.isascii():
        count += 2 * len(_DENSE.findall(text))
    return count >= batch.settings.language_min_letters


@cache
def _name_of(label: str) -> str:
    """Gives the name of a language by its label; the label where FLORES-200 does not have it."""
    codes = (item.code for item in selectable_languages() if item.iso == label)
    code = next(codes, None)
    return language_name(code) if code else f"“{label}”"
