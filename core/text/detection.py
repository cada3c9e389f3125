"""Which of a service's languages a text is written in."""

from __future__ import annotations

import threading
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from core.languages import all_languages, language
from core.text.spans import without_spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_DETECTED = 5

# More of a text tells nothing new.
_SAMPLE_CHARS = 3000

# Who asks a service writes in one of its languages rather than in any other of the world.
_CANDIDATE_WEIGHT = 10.0

# A language that the identifier does not know gets a share of what the known ones leave over.
_UNKNOWN_WEIGHT = 0.5

# Labels of the identifier for languages that it knows under another code or in a near relative.
_NEAREST_LABELS = {
    "acm": "ar",
    "acq": "ar",
    "aeb": "ar",
    "ajp": "ar",
    "apc": "ar",
    "ars": "ar",
    "ckb": "sdh",
    "gn": "gug",
    "ki": "kik",
    "prs": "fa",
    "quy": "qu",
}

_SCRIPTS_BY_FIRST_WORD = {
    "ARABIC": ("Arab",),
    "ARMENIAN": ("Armn",),
    "BENGALI": ("Beng",),
    "BOPOMOFO": ("Hant",),
    "CJK": ("Hans", "Hant", "Jpan"),
    "CYRILLIC": ("Cyrl",),
    "DEVANAGARI": ("Deva",),
    "ETHIOPIC": ("Ethi",),
    "FULLWIDTH": ("Latn",),
    "GEORGIAN": ("Geor",),
    "GREEK": ("Grek",),
    "GUJARATI": ("Gujr",),
    "GURMUKHI": ("Guru",),
    "HALFWIDTH": ("Jpan",),
    "HANGUL": ("Hang",),
    "HEBREW": ("Hebr",),
    "HIRAGANA": ("Jpan",),
    "KANNADA": ("Knda",),
    "KATAKANA": ("Jpan",),
    "KHMER": ("Khmr",),
    "LAO": ("Laoo",),
    "LATIN": ("Latn",),
    "MALAYALAM": ("Mlym",),
    "MODIFIER": ("Latn",),
    "MYANMAR": ("Mymr",),
    "ORIYA": ("Orya",),
    "SINHALA": ("Sinh",),
    "TAMIL": ("Taml",),
    "TELUGU": ("Telu",),
    "THAI": ("Thai",),
    "TIBETAN": ("Tibt",),
    "TIFINAGH": ("Tfng",),
}

_LOADING = threading.Lock()


@dataclass(frozen=True)
class Detected:
    """A language that a text may be in.

    Attributes:
        lang: FLORES-200 code.
        confidence: 0 to 100.
    """

    lang: str
    confidence: float


def detect(text: str, candidates: Sequence[str]) -> list[Detected]:
    """Gives the likeliest languages of a text, best first, at most five.

    The first call takes about a second. May be called from several threads.

    Args:
        text: Any text; the first 3,000 characters count.
        candidates: FLORES-200 codes to choose from. A text in another language gives them low
            confidences; one without letters gives the first one with confidence 0.

    Raises:
        ConfigError: A candidate is no FLORES-200 code.
    """
    isos = {lang: language(lang).iso for lang in candidates}
    sample = without_spans(text[:_SAMPLE_CHARS])
    shares = _script_shares(sample)
    if not shares or not candidates:
        return [Detected(lang, 0.0) for lang in candidates[:1]]
    by_label = dict(_identifier().rank(sample))
    chances = {
        lang: by_label.get(_label(iso, isos.values()), 0.0) * shares.get(_script(lang), 0.0)
        for lang, iso in isos.items()
    }
    rest = max(0.0, 1.0 - sum(chances.values()))
    for lang, iso in isos.items():
        if _label(iso, isos.values()) not in by_label:
            share = shares.get(_script(lang), 0.0) / _num_unknown(_script(lang))
            chances[lang] = _UNKNOWN_WEIGHT * rest * share
    others = max(0.0, 1.0 - sum(chances.values()))
    total = _CANDIDATE_WEIGHT * sum(chances.values()) + others
    found = [
        Detected(lang, round(100 * _CANDIDATE_WEIGHT * chance / total, 1))
        for lang, chance in sorted(chances.items(), key=lambda item: -item[1])
    ]
    return found[:MAX_DETECTED]


def known_label(lang: str) -> str | None:
    """Gives the label that the identifier has for a language or for a near relative of it.

    Raises:
        ConfigError: `lang` is no FLORES-200 code.
    """
    label = _label(language(lang).iso, ())
    return label if label in _identifier().nb_classes else None


def label_chances(texts: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Gives how likely each text is in each language that the identifier knows.

    What `LanguageIdentifier.rank` gives for one text, for thousands at several times its speed.

    Args:
        texts: Any texts; the first 3,000 characters of each count.

    Returns:
        The labels of the columns, and chances that add up to 1 in each row,
        shape (texts, labels). A text without any clue has the same chance everywhere.
    """
    import numpy as np

    identifier = _identifier()
    encoded = [_encoded(text[:_SAMPLE_CHARS]) for text in texts]
    scores = _scores(identifier, encoded)
    # As the identifier does: divided by the root of the bytes, chances of long texts are not
    # overconfident.
    roots = np.sqrt([max(1, len(data)) for data in encoded]).astype(np.float32)
    scores /= roots[:, None]
    scores -= scores.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    labels = list(dict.fromkeys(identifier.nb_classes))
    chances = np.zeros((len(texts), len(labels)), np.float32)
    for column, label in enumerate(identifier.nb_classes):  # two columns may share a label
        chances[:, labels.index(label)] += scores[:, column]
    return labels, chances


def _encoded(text: str) -> bytes:
    lower = text.lower() if text.isupper() else text
    return unicodedata.normalize("NFC", lower).encode("utf-8", errors="surrogatepass")


def _scores(identifier: Any, encoded: Sequence[bytes]) -> NDArray[np.float32]:
    """Gives the log-likelihoods of naive Bayes, shape (texts, columns of the identifier)."""
    import numpy as np
    from scipy.sparse import csr_array

    scores = np.zeros((len(encoded), len(identifier.nb_classes)), np.float32)
    rows, features = _visited(encoded)
    if not len(features):
        return scores
    used = np.flatnonzero(np.bincount(features))
    places = np.zeros(used[-1] + 1, np.int32)
    places[used] = np.arange(len(used), dtype=np.int32)
    counts = csr_array(
        (np.ones(len(features), np.float32), (rows, places[features])),
        shape=(len(encoded), len(used)),
    )
    counts.sum_duplicates()
    counts.data = np.log1p(counts.data)
    scores += counts @ identifier.nb_ptc[used].astype(np.float32)
    scores[np.diff(counts.indptr) > 0] += identifier.nb_pc
    return scores


def _visited(encoded: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gives text and feature of each visit of the identifier's automaton, in no special order.

    All texts are walked at once, a byte of each at a time, the longest first.
    """
    import numpy as np

    following, row_starts, output = _automaton()
    lengths = np.array([len(data) for data in encoded], np.int64)
    order = np.argsort(-lengths, kind="stable")
    if not len(order) or not lengths[order[0]]:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])[order]
    data = np.frombuffer(b"".join(encoded), np.uint8)
    # How many texts have more bytes than the step's number.
    active = len(order) - np.searchsorted(lengths[order[::-1]], np.arange(lengths.max()), "right")
    states = np.zeros(len(order), np.int64)
    rows, features = [], []
    for step, num in enumerate(active.tolist()):
        states = following[row_starts[states[:num]] + data[starts[:num] + step]]
        found = output[states]
        hits = np.flatnonzero(found >= 0)
        rows.append(order[hits])
        features.append(found[hits])
    return np.concatenate(rows), np.concatenate(features)


@cache
def _automaton() -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    """Gives the identifier's table of next states, the start of each state's row, its features."""
    import numpy as np

    identifier = _identifier()
    row_starts = np.array(identifier.tk_row, np.int64) << 8
    return (
        np.frombuffer(identifier.tk_nextmove, np.uint32),
        row_starts,
        np.array(identifier.tk_output, np.int64),
    )


def _label(iso: str, offered: Collection[str]) -> str:
    """Gives the identifier's label for a language; a near relative's if that is not offered."""
    nearest = _NEAREST_LABELS.get(iso, iso)
    return iso if nearest in offered else nearest


def _script(lang: str) -> str:
    return lang.partition("_")[2]


def _script_shares(text: str) -> dict[str, float]:
    """Gives for each script the share of the letters that can belong to it."""
    letters = Counter(char for char in text if char.isalpha())
    counts: Counter[str] = Counter()
    for char, times in letters.items():
        for script in _scripts(char):
            counts[script] += times
    total = sum(letters.values())
    shares = {script: count / total for script, count in counts.items()}
    han = shares.get("Hans", 0.0)
    if han:
        shares.update(_chinese_shares(letters, han))
    return shares


def _chinese_shares(letters: Counter[str], han: float) -> dict[str, float]:
    """Divides Chinese between its two scripts by the characters that only one of them has."""
    simplified = sum(times for char, times in letters.items() if _is_simplified(char))
    traditional = sum(times for char, times in letters.items() if _is_traditional(char))
    # Without such characters simplified is a little likelier, as more people write it.
    ratio = (simplified + 0.6) / (simplified + traditional + 1.0)
    return {"Hans": han * ratio, "Hant": han * (1.0 - ratio)}


def _is_simplified(char: str) -> bool:
    return _is_in(char, "gb2312") and not _is_in(char, "big5")


def _is_traditional(char: str) -> bool:
    return _is_in(char, "big5") and not _is_in(char, "gb2312")


def _is_in(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _scripts(char: str) -> tuple[str, ...]:
    first_word = unicodedata.name(char, "").partition(" ")[0]
    return _SCRIPTS_BY_FIRST_WORD.get(first_word, ())


@cache
def _num_unknown(script: str) -> int:
    """Gives how many languages in a script the identifier does not know, at least 1."""
    labels = set(_identifier().labels)
    codes = [item.code for item in all_languages() if item.iso not in labels]
    return max(1, sum(_script(code) == script for code in codes))


def _identifier() -> Any:
    with _LOADING:
        return _loaded_identifier()


@cache
def _loaded_identifier() -> Any:
    # `rank` only reads it, so that threads can share it.
    from py3langid.langid import (  # type: ignore[import-untyped]
        MODEL_FILE,
        LanguageIdentifier,
    )

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
