"""When a vote on two answers is fair, and which of the two stands left."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

from core.systems.protocol import is_whole_reason
from core.text.spans import UNSPACED

# What models call themselves or their makers. Words that are common in texts ("bard", "cohere")
# would cost more votes than they save.
WELL_KNOWN_NAMES = (
    "Anthropic", "ChatGPT", "Claude", "DeepL", "DeepSeek", "Gemini", "Gemma", "GPT", "Llama",
    "Mistral", "NLLB", "OpenAI", "Qwen",
)  # fmt: skip

_FLAWS = {
    "length": "was cut off because it grew too long",
    "content_filter": "was withheld by a filter",
    "stopped": "was stopped",
    "cancelled": "was stopped",
}

_INVISIBLE = regex.compile(r"(?!\s)[\p{Cc}\u200b\u2060\ufeff]")
_EMPTY = regex.compile(r"[\s\p{Cc}\p{Cf}]*")

# In writing without spaces a name stands between letters and is a word all the same.
_LETTER = rf"[\w--{UNSPACED}]"


@dataclass(frozen=True)
class Answer:
    """What one system made of a source.

    Attributes:
        text: The hypothesis, as the rater sees it.
        finish_reason: Why the system ended: `stop` when it had said all.
        failure: Why there is no whole answer; empty when there is.
        names: What would tell the rater which system it is, such as the id of its model.
        source: What was to be translated.
    """

    text: str
    finish_reason: str
    failure: str
    names: tuple[str, ...]
    source: str


def why_no_vote(a: Answer, b: Answer) -> str:
    """Gives a sentence why two answers may not be voted on; empty when they may.

    They may not when one of them failed, is not whole or is empty, when a rater sees no difference,
    or when one names itself: it has one of its `names` or of `WELL_KNOWN_NAMES` as whole words,
    which neither the source nor the other answer has. (What both say is about the text, or at
    least tells them not apart.)
    """
    for answer in (a, b):
        if flaw := _flaw(answer):
            return f"One of the two answers {flaw}, so there is no vote."
    if _as_seen(a.text) == _as_seen(b.text):
        return "The two answers are the same, so there is no vote."
    for answer, other in ((a, b), (b, a)):
        if name := _betraying_name(answer, other):
            return f"One of the two answers names a system, “{name}”, so there is no vote."
    return ""


def is_swapped(vote_id: str) -> bool:
    """Tells whether the first system stands right: so for half of all ids, and always for one."""
    digest = hashlib.sha256(vote_id.encode("utf-8", errors="surrogatepass")).digest()
    return digest[0] % 2 == 1


def _flaw(answer: Answer) -> str:
    if answer.failure:
        return "failed"
    if not is_whole_reason(answer.finish_reason):
        return _FLAWS.get(answer.finish_reason, "is incomplete")
    if _EMPTY.fullmatch(answer.text):
        return "is empty"
    return ""


def _as_seen(text: str) -> str:
    """Gives a text with single spaces and without what is invisible."""
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).split())


def _betraying_name(answer: Answer, other: Answer) -> str:
    text, source, others = map(_folded, (answer.text, answer.source, other.text))
    for name in (*answer.names, *WELL_KNOWN_NAMES):
        words = _folded(name)
        if words and words not in source and words not in others and _has_words(text, words):
            return name
    return ""


def _has_words(text: str, words: str) -> bool:
    """Finds whole words; a number may follow without a space, as in “Qwen3”."""
    if words not in text:
        return False
    number = r"(?:(?<=\D)\d\w*)?"
    pattern = rf"(?V1)(?<!{_LETTER}){regex.escape(words)}{number}(?!{_LETTER})"
    return regex.search(pattern, text) is not None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", _as_seen(text)).casefold()
