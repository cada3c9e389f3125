"""Invented files as WMT publishes them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

EARLIER = ("system", "doc", "doc_id", "seg_id", "rater", "source", "target", "category", "severity")
LATER = (
    "system", "doc", "docSegId", "globalSegId", "rater", "source", "target", "category",
    "severity", "metadata", "# Documentation: what the columns hold",
)  # fmt: skip
SOURCES = (
    "Tá an cat dubh.",
    '"Tá" sé ag ""rith"" anois.',
    "मांजर काळी आहे.",
    "القط أسود اللون.",
    "Cafe\u0301 👩\u200d👩\u200d👧 ar an mbord.",
)


def tsv(rows: Sequence[Sequence[str]], *, header: Sequence[str] = EARLIER) -> bytes:
    return "".join("\t".join(row) + "\n" for row in [header, *rows]).encode()


def big_file(num_rows: int, *, seed: int = 1) -> bytes:
    """A file of the later form: 4 systems, 6 raters, two of them on each output."""
    chance = random.Random(seed)
    rows: list[list[str]] = []
    segment = 0
    while len(rows) < num_rows:
        source = f"{SOURCES[segment % len(SOURCES)]} {segment}"
        for system in range(4):
            target = f'The 👍🏽 "cat" of system {system} is black in segment {segment}, is it not?'
            for rater in chance.sample(range(6), 2):
                shared = [
                    f"sys{system}",
                    f"talk.{segment // 10}",
                    str(segment % 10 + 1),
                    str(segment + 1),
                    f"rater{rater}",
                ]
                rows += [[*shared, *row] for row in _ratings(chance, source, target, len(rows))]
        segment += 1
    return tsv(rows[:num_rows], header=LATER)


def _ratings(chance: random.Random, source: str, target: str, number: int) -> list[list[str]]:
    metadata = json.dumps(
        {"timestamp": 1_690_000_000_000 + number, "note": "" if number % 9 else "?"}
    )
    num_errors = chance.choice([0, 1, 1, 2, 3])
    if not num_errors:
        return [[source, target, "No-error", chance.choice(["No-error", "no-error"]), metadata]]
    rows = []
    for _ in range(num_errors):
        in_source = chance.random() < 0.1
        text = source if in_source else target
        start = chance.randrange(len(text) - 8)
        end = start + chance.randint(1, 8)
        tagged = f"{text[:start]}<v>{text[start:end]}</v>{text[end:]}"
        texts = [tagged, target] if in_source else [source, tagged]
        category = chance.choice(
            ["Accuracy/Mistranslation", "fluency/grammar", "style/Odd wording"]
        )
        severity = chance.choice(["Major", "major", "Minor", "Neutral"])
        rows.append([*texts, category, severity, metadata])
    return rows
