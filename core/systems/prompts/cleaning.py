"""The translation alone: what chat models put around it is taken away.

Where the source gives reason to believe that something belongs to the translation, it stays.
"""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

from core.systems.prompts.introductions import without_introductions

_TAG = r"(?:think|thinking|thought|reasoning)>"
_THOUGHT = regex.compile(rf"<{_TAG}.*?</{_TAG}", regex.DOTALL | regex.IGNORECASE)
_THOUGHT_START = regex.compile(rf"\s*<{_TAG}", regex.IGNORECASE)
_THOUGHT_END = regex.compile(rf"</{_TAG}", regex.IGNORECASE)
_STARTS = ("<think>", "<thinking>", "<thought>", "<reasoning>")

# The end is missing when the model was stopped at its limit.
_FENCE = regex.compile(r"```[\w+-]{0,20}[ \t]*\n(?P<text>.*?)(?:\n[ \t]*```)?", regex.DOTALL)

_QUOTES = {
    '"': '"', "“": "”", "„": "“”", "”": "”", "'": "'", "‘": "’", "‚": "‘’", "«": "»", "»": "«",
    "‹": "›", "›": "‹", "「": "」", "『": "』", "`": "`", "**": "**",
}  # fmt: skip
_MARKS = frozenset("".join([*_QUOTES, *_QUOTES.values()]))
_APOSTROPHE = regex.compile(r"(?<=\w)['’](?=\w)")

_PARAGRAPH_END = regex.compile(r"\n[^\S\n]*\n\s*")
_COLON = regex.compile("[:：]")
_NOTE = regex.compile(
    r"[(\[*_#\s]{0,6}(?:"
    r"(?:translat(?:ion|or|or['’]s)\s+)?notes?\b[^\n:：]{0,40}[:：]"
    r"|(?:explanation|breakdown)\b[^\n:：]{0,40}[:：])",
    regex.IGNORECASE,
)
# What a model says to its user; in English, so a translation into English might say it as well.
_CHAT = regex.compile(
    r"[(*_\s]{0,6}(?:please\s+note\b|(?:please\s+)?let\s+me\s+know\b|feel\s+free\b"
    r"|i\s+hope\s+(?:this|that)\b|if\s+you(?:['’]d|\s+(?:would|need|want|have))\b)",
    regex.IGNORECASE,
)
# What may stand behind a note: the items of a list, and more talk.
_FOLLOWING = regex.compile(rf"(?:[-*•]|\d{{1,3}}[.)])\s|(?i:{_CHAT.pattern})")


def clean_output(raw: str, *, source: str = "", tgt_language: str = "") -> str:
    """Gives the translation in the answer of a chat model.

    These go: thoughts in `<think>` tags, a code fence, an introduction ("Here is the translation:")
    or a label ("Translation:", "Irish:"), quotation marks around the whole, notes behind an empty
    line, and white space at both ends. What is clean comes back as it is.

    Args:
        raw: The answer.
        source: What was translated. What it has itself stays: a label, quotation marks, tags, as
            many paragraphs.
        tgt_language: English name of the target language, as in the prompt.
    """
    text = raw.strip()
    source = source.strip()
    before = None
    while text not in (before, source):
        before = text
        text = _without_thoughts(text, source).strip()
        text = without_introductions(text, source, tgt_language)
        text = _without_fence(text, source).strip()
        text = _without_quotes(text, source).strip()
        text = _without_notes(text, source, tgt_language).strip()
    return text


def clean_so_far(raw: str) -> str:
    """Gives what can be shown of an answer that is still being written: all but its thoughts."""
    text = _without_thoughts(raw, "").lstrip()
    is_start_of_tag = any(start.startswith(text.lower()) for start in _STARTS)
    return "" if is_start_of_tag else text


def _without_thoughts(text: str, source: str) -> str:
    if "<" not in text or _THOUGHT_START.search(source) or _THOUGHT_END.search(source):
        return text
    ends = [match.end() for match in _THOUGHT_END.finditer(text)]
    if ends:
        # A search for blocks behind the last end would look through the rest again and again.
        text = _THOUGHT.sub("", text[: ends[-1]]) + text[ends[-1] :]
        # Some chat formats begin the block in the prompt, so only its end is in the answer.
        *_, behind = _THOUGHT_END.split(text)
        text = behind if behind.strip() else _THOUGHT_END.sub("", text)
    return "" if _THOUGHT_START.match(text) else text


def _without_fence(text: str, source: str) -> str:
    match = None if "```" in source else _FENCE.fullmatch(text)
    if not match or "```" in match["text"] or not match["text"].strip():
        return text
    return str(match["text"])


def _without_quotes(text: str, source: str) -> str:
    if source and (source[0] in _MARKS or source[-1] in _MARKS):
        return text
    opening = "**" if text.startswith("**") else text[:1]
    inner = text[len(opening) : -len(opening) or None]
    closing = text[len(opening) + len(inner) :]
    closings = _QUOTES.get(opening)
    if not closings or not closing or closing not in closings or not inner.strip():
        return text
    if opening in "'‘‚":
        if inner[-1] in "sSzZxX":  # may be a plural: 'the boys'
            return text
        checked = _APOSTROPHE.sub("", inner)
    else:
        checked = inner
    return text if any(mark in checked for mark in (opening, *closings)) else inner


def _without_notes(text: str, source: str, tgt_language: str) -> str:
    """Cuts the paragraphs from a note on if the source has no paragraphs for them."""
    breaks = list(_PARAGRAPH_END.finditer(text))
    is_english = tgt_language in ("", "English")

    def is_note(index: int) -> bool:
        start = breaks[index].end()
        return bool(_NOTE.match(text, start) or (not is_english and _CHAT.match(text, start)))

    if source:
        places = range(len(_PARAGRAPH_END.findall(source)), len(breaks))
        first = next(filter(is_note, places), None)
    else:
        first = None
        for index in reversed(range(len(breaks))):
            if is_note(index):
                first = index
            elif not _FOLLOWING.match(text, breaks[index].end()):
                break
    if first is None or not _is_surplus(text, breaks[first], source):
        return text
    return text[: breaks[first].start()]


def _is_surplus(text: str, paragraph_end: regex.Match[str], source: str) -> bool:
    """Tells whether a text is whole without the note behind the end of a paragraph."""
    translation = text[: paragraph_end.start()]
    if translation.rstrip("*_ ").endswith((":", "：")):  # an introduction to what follows
        return False
    if not source:
        return True
    if _NOTE.match(source) and not _COLON.search(translation):
        return False
    # The note may be one in the middle of the source, but then that has the colon as well.
    line = text[paragraph_end.end() :].partition("\n")[0]
    return not _COLON.search(line) or len(_COLON.findall(text)) > len(_COLON.findall(source))
