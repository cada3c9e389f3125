"""In which scripts and languages the sides of a corpus seem to be, and where that is not theirs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.corpora.sides import side_names
from app.text import counted, plain
from core.corpora.statistics import CorpusStatistics, SideStatistics, SplitStatistics
from core.errors import ConfigError
from core.languages import language_name
from core.storage.corpus_records import Corpus

MUCH_FOREIGN = 0.1  # of the letters; names and quotations are less
SHOWN_SHARES = 3
LEAST_GUESSED = 20  # segments; of fewer, one name more or less makes another language


def language_warnings(corpus: Corpus, found: CorpusStatistics) -> None:
    """Warns of each side that does not seem to be in its language or script."""
    said = [
        sentence
        for split, given in found.splits.items()
        for name, side in zip(side_names(corpus), (given.source, given.target), strict=True)
        for sentence in _doubts(split, name, side)
    ]
    if said:
        st.warning("  \n".join(map(plain, said)))


def _doubts(split: str, name: str, side: SideStatistics) -> list[str]:
    found = []
    guess = side.guess
    is_enough = guess.num_segments >= LEAST_GUESSED
    if is_enough and guess.guesses and guess.guesses[0][0] != side.lang:
        best, share = guess.guesses[0]
        found.append(
            f"The {name} side of {split} looks like {_name(best)}: so do {share:.0%} of "
            f"{counted(guess.num_segments, 'segment')}, and like {name} {guess.share or 0:.0%}."
        )
    if side.foreign_share is not None and side.foreign_share > MUCH_FOREIGN:
        found.append(
            f"{side.foreign_share:.0%} of the letters on the {name} side of {split} are of another "
            "script."
        )
    return found


def language_table(corpus: Corpus, given: SplitStatistics, *, key: str) -> None:
    """Shows scripts and guessed languages of both sides of a split."""
    sides = (given.source, given.target)
    rows = [
        {
            "Side": name,
            "Scripts": _shares(side.scripts),
            "Letters of another script": _percent(side.foreign_share),
            "Such letters": " ".join(char for char, _ in side.foreign_characters),
            "Looks like": _shares(tuple((_name(code), share) for code, share in side.guess.guesses))
            or side.guess.note,
        }
        for name, side in zip(side_names(corpus), sides, strict=True)
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key=key,
        column_config={"Side": st.column_config.TextColumn(width=110)},
        alt="Scripts and guessed languages of both sides",
    )
    measured = max(side.guess.num_segments for side in sides)
    if measured:
        st.caption(
            f"Languages are guessed offline from {counted(measured, 'segment')} of at least 20 "
            "characters; close relatives are easily taken for each other."
        )


def _name(code: str) -> str:
    """Gives the name of a language; the identifier knows some that FLORES-200 lacks."""
    try:
        return language_name(code)
    except ConfigError:
        return f"“{code}”"


def _shares(found: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{name} {_percent(share)}" for name, share in found[:SHOWN_SHARES])


def _percent(share: float | None) -> str:
    """Gives a share so that little is not taken for none."""
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.999 or share in (0, 1) else "> 99.9 %"
