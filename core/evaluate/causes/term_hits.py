"""How often each term of a glossary is translated as it is to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.evaluate.causes.parallel import check_parallel
from core.text.glossary import Glossary, Term, folded, terms_in

_Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class TermHits:
    """One term in the sources of a test set.

    Attributes:
        term: The term.
        positions: The segments whose source has it, counted from 0, ascending; at least one.
        missed: By the names of the systems, those whose hypothesis does not have its target.
    """

    term: Term
    positions: _Positions
    missed: dict[str, _Positions]

    def percent(self, system: str) -> float:
        """Gives the share of the segments in which a system has the target, 0 to 100."""
        return 100 * (1 - self.missed[system].size / self.positions.size)


def find_term_hits(
    sources: Sequence[str], hypotheses: Mapping[str, Sequence[str]], terms: Sequence[Term]
) -> list[TermHits]:
    """Gives the terms that the sources have, the most frequent one first.

    A term that stands in a source twice counts once. Its target counts as there if the hypothesis
    holds it without regard to case, also inside a word, as inflected forms do.

    Args:
        sources: One a segment.
        hypotheses: For each system one a segment, by the system's name.
        terms: The glossary.

    Raises:
        DataError: A system does not have as many hypotheses as there are sources.
    """
    check_parallel({"sources": sources}, hypotheses)
    glossary = Glossary(terms)
    positions: dict[Term, list[int]] = {}
    missed: dict[Term, dict[str, list[int]]] = {}
    for position, source in enumerate(sources):
        found = {use.term for use in terms_in(source, glossary)}
        texts = {name: folded(own[position]) for name, own in hypotheses.items()} if found else {}
        for term in found:
            positions.setdefault(term, []).append(position)
            misses = missed.setdefault(term, {name: [] for name in hypotheses})
            for name, text in texts.items():
                if folded(term.target) not in text:
                    misses[name].append(position)
    ranked = sorted(positions, key=lambda term: (-len(positions[term]), term.source))
    return [
        TermHits(
            term,
            np.array(positions[term], np.intp),
            {name: np.array(own, np.intp) for name, own in missed[term].items()},
        )
        for term in ranked
    ]
