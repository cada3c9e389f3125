"""What chat models say before a translation: "Sure! Here is the translation:", "Irish:"."""

from __future__ import annotations

from functools import lru_cache

import regex  # type: ignore[import-untyped]

# What a text may begin with of its own: "Tuairisc: Tá sé anseo", or the same on a line.
_OWN_LABEL = regex.compile(r"[^\n:：]{1,80}?(?:[:：]|\s[-–—]\s)")
_OWN_LINE = regex.compile(r"[^\n]{0,200}[:：][*_]{0,3}[^\S\n]*\n")

_COURTESY = (
    r"(?:sure|certainly|of\s+course|absolutely|okay|ok|yes|great|gladly)\b[^\n:：]{0,60}?[,.!]"
)
_HERE = r"(?:here(?:['’]s|\s+is|\s+are)|below\s+is|(?:the\s+)?following\s+is)"
_BETTER = r"(?:final|refined|improved|corrected|revised|post-?edited|polished)"
_ABOUT = r"(?:\s+(?:of|in|into|to|from|for|is|would\s+be)\b[^\n:：]{0,80})?"
_REMARK = r"(?:\s*\([^()\n]{1,40}\))?"

# What other languages call a translation.
_LABELS = (
    r"(?:an\s+t-)?aistriúchán|traduction|traducción|traducció|tradução|traduzione|traducere"
    r"|übersetzung|vertaling|översättning|oversættelse|oversettelse|käännös|tłumaczenie|překlad"
    r"|перевод|переклад|превод|μετάφραση|çeviri|terjemahan|bản\s+dịch|अनुवाद|भाषांतर"
    r"|ترجمة|ترجمه|翻译|翻譯|译文|譯文|翻訳|번역"
)


def without_introductions(text: str, source: str, tgt_language: str) -> str:
    """Gives a text without the introductions and labels at its start.

    One that stands in the line of the translation stays if the source begins with a label and the
    rest does not; one on a line of its own stays if the source begins with such a line and the rest
    does not; and one with nothing behind it stays.

    Args:
        text: An answer, without white space around it.
        source: What was translated, without white space around it.
        tgt_language: English name of the target language; may be empty.
    """
    pattern = _pattern(tgt_language)
    while match := pattern.match(text):
        rest = text[match.end() :]
        own = _OWN_LINE if "\n" in match["gap"] else _OWN_LABEL
        if not rest or (own.match(source) and not own.match(rest)):
            break
        text = rest
    return text


@lru_cache(maxsize=256)
def _pattern(tgt_language: str) -> regex.Pattern[str]:
    """Gives the pattern of all introductions; the group `gap` is the space behind one."""
    # "Chinese (Simplified)" is also called "Chinese".
    names = {tgt_language, tgt_language.partition(" (")[0]} - {""}
    languages = "|".join(regex.escape(name) for name in sorted(names, key=len, reverse=True))
    or_language = f"|(?:{languages})" if languages else ""
    lead_in = (
        rf"(?:{_COURTESY}\s*)?{_HERE}\b[^\n:：]{{0,80}}?\b"
        rf"(?:translat\w+|{_BETTER}\s+(?:version|text|draft){or_language})[^\n:：]{{0,80}}"
    )
    answer = rf"{_COURTESY}\s*here\s+(?:you\s+go|it\s+is|you\s+are)"
    label = (
        rf"(?:(?:the|my)\s+)?(?:{_BETTER}\s+)?(?:(?:{languages or 'translated'})\s+)?"
        rf"(?:translation|translated\s+text){_REMARK}{_ABOUT}"
    )
    core = rf"(?:{lead_in}|{answer}|{label}|(?:{_LABELS}{or_language}){_REMARK})"
    marked = r"(?(mark)(?:(?P=mark)\s?[:：]|[:：]\s?(?P=mark))|\s?[:：])"
    in_line = rf"(?P<mark>\*\*|__|\*|_)?{core}{marked}"
    heading = rf"(?:#{{1,6}}[ \t]+{core}[:：]?|\*\*{core}\*\*)[ \t]*(?=\n)"
    return regex.compile(rf"(?:{in_line}|{heading})(?P<gap>\s*)", regex.IGNORECASE)
