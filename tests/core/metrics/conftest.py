"""Small made-up test sets of three language pairs, with the translations of some systems."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

NUM_SEGMENTS = 40

SUBJECTS = {
    "gle_Latn": ["An bhanaltra", "Na tuismitheoirí", "Mo dheartháir", "An t-ollamh", "Bean an tí"],
    "mar_Deva": ["परिचारिकेने", "माझ्या भावाने", "शिक्षकांनी", "पालकांनी", "डॉक्टरांनी"],
    "eng_Latn": ["The nurse", "My brother", "Both parents", "The professor", "Nobody's doctor"],
}
REST = {
    "gle_Latn": [
        "scríobh litir fhada", "chonaic an traein", "cheannaigh 3.5 kg d'úlla,", "léigh an leabhar",
        "inné", "ar maidin", "sa bhaile mór", "gan mhoill", "(arís)",
    ],
    "mar_Deva": [
        "लांब पत्र लिहिले", "रेल्वे पाहिली", "३.५ किलो सफरचंदे घेतली,", "पुस्तक वाचले",
        "काल", "आज सकाळी", "गावात", "लगेच", "(पुन्हा)",
    ],
    "eng_Latn": [
        "wrote a long letter", "saw the train", "bought 3.5 kg of apples,", "read the book",
        "yesterday", "this morning", "in the town", "without delay", "(again)",
    ],
}  # fmt: skip
STOPS = {"gle_Latn": ".", "mar_Deva": "।", "eng_Latn": "."}


@dataclass(frozen=True)
class Texts:
    """References, and hypotheses by system; `same` repeats `base`, `silent` says nothing."""

    references: list[str]
    systems: dict[str, list[str]]


def made(tgt_lang: str, num_segments: int, seed: int = 7) -> Texts:
    """Makes a test set with some empty references and hypotheses."""
    rng = random.Random(seed)
    references = []
    for index in range(num_segments):
        words = [rng.choice(SUBJECTS[tgt_lang]), *rng.sample(REST[tgt_lang], rng.randint(0, 4))]
        references.append("" if index % 17 == 5 else " ".join(words) + STOPS[tgt_lang])
    words = " ".join(REST[tgt_lang]).split()

    def translated(rate: float) -> list[str]:
        found = []
        for index, reference in enumerate(references):
            kept = [
                rng.choice(words) if rng.random() < rate else word for word in reference.split()
            ]
            if rng.random() < rate:
                rng.shuffle(kept)
            found.append("" if index % 13 == 6 else " ".join(kept))
        return found

    base = translated(0.4)
    systems = {"base": base, "better": translated(0.2), "near": translated(0.38)}
    return Texts(references, {**systems, "same": list(base), "silent": [""] * num_segments})


@pytest.fixture(
    params=["gle_Latn", "mar_Deva", "eng_Latn"],
    ids=["eng_Latn-gle_Latn", "eng_Latn-mar_Deva", "mar_Deva-eng_Latn"],
)
def texts(request: pytest.FixtureRequest) -> Texts:
    """The test set of one language pair."""
    return made(request.param, NUM_SEGMENTS)


@pytest.fixture
def two_references(texts: Texts) -> list[list[str | None]]:
    """Two references a segment, the second of them other translations; some segments lack one."""
    second: list[str | None] = list(made_again(texts))
    second[3] = second[20] = None
    first: list[str | None] = list(texts.references)
    first[8] = None
    return [first, second]


def made_again(texts: Texts) -> list[str]:
    """Gives references with the words in another order."""
    rng = random.Random(3)
    return [" ".join(rng.sample(text.split(), len(text.split()))) for text in texts.references]
