"""What is said of a corpus in tokens of a base model."""

from __future__ import annotations

from collections.abc import Iterator

from core.finetune.token_lengths import SideTokens, TokenLengths
from core.languages import language_name

TOO_MANY = 0.01  # of the segments cut, or of the tokens unknown
SHOWN_CHARACTERS = 8


def _sides(found: TokenLengths) -> Iterator[tuple[str, SideTokens]]:
    for split, given in found.splits.items():
        for side in (given.source, given.target):
            yield f"{split.capitalize()}, {language_name(side.lang)}", side


def cut_sentences(found: TokenLengths) -> list[str]:
    """Gives a sentence for each side of which more than 1 % would be cut."""
    return [
        f"{name}: {percent(side.share_longer)} of the segments ({side.num_longer:,}) have more "
        f"than {side.max_length:,} tokens and would be cut."
        for name, side in _sides(found)
        if side.share_longer > TOO_MANY
    ]


def unknown_sentences(found: TokenLengths) -> list[str]:
    """Gives a sentence for each side of which the model does not know more than 1 %."""
    return [
        f"{name}: the model does not know {percent(side.unknown_share)} of the tokens"
        f"{_characters(side)}."
        for name, side in _sides(found)
        if side.unknown_share > TOO_MANY
    ]


def _characters(side: SideTokens) -> str:
    shown = " ".join(char for char, _ in side.unknown_characters[:SHOWN_CHARACTERS])
    more = " …" if len(side.unknown_characters) > SHOWN_CHARACTERS else ""
    return f", because of {shown}{more}" if shown else ""


def percent(share: float) -> str:
    """Gives a share so that little is not taken for none, nor much for all."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"
