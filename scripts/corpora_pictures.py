"""The picture of the data doctor: the sample with the faults that real corpora have."""

from __future__ import annotations

from collections.abc import Callable

from core.corpora import works
from core.corpora.checking import CheckSettings
from core.corpora.sample import generate_sample
from core.corpora.segments import Pair
from core.corpora.storing import store_corpus
from core.storage.workspace import Workspace

Shoot = Callable[[str, str, bool, tuple[int, int]], None]


def take(workspace: Workspace, shoot: Shoot) -> None:
    """Stores a faulty corpus, checks it, and photographs what was found."""
    made = generate_sample(num_train=1500, num_dev=100, num_test=100, seed=5)
    corpus = store_corpus(
        workspace,
        name="Clinic letters 2026",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits={"train": _faulty(made.train), "dev": made.dev, "test": made.test},
        origin="imported from letters.tmx",
        details={"made_by": "import"},
    )
    work = works.start(workspace, "check", CheckSettings(corpus=corpus.id))
    works.wait_for(workspace, work.id)
    shoot(f"corpus?id={corpus.id}&part=Data+doctor", "corpus-doctor", False, (1280, 1900))


def _faulty(pairs: list[Pair]) -> list[Pair]:
    """Gives the pairs with repeats, copies, a lost line, garbled letters and lost numbers."""
    shifted = [
        (source, target)
        for (source, _), (_, target) in zip(pairs[400:440], pairs[401:441], strict=True)
    ]
    garbled = [(s, t.encode().decode("cp1252", "replace")) for s, t in pairs[700:712]]
    lost = [(f"{s[:-1]} at 14:30.", t) for s, t in pairs[800:815]]
    copies = [(s, s) for s, _ in pairs[900:920]]
    return [*pairs[:400], *shifted, *pairs[441:], *pairs[:60], *garbled, *lost, *copies]
