"""The prompt for one segment: a template filled with the source and all that helps with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex  # type: ignore[import-untyped]

from core.errors import ConfigError
from core.languages import language_name
from core.systems.prompts.sandbox import MAX_PROMPT_CHARS, Pair, fill, too_long
from core.systems.prompts.template import Template
from core.text import glossary as service_glossary

MAX_PAIRS = 1_000

_SURROGATE = regex.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Filling:
    """What a template is filled with.

    Attributes:
        source: The segment to translate.
        src_lang, tgt_lang: FLORES-200 codes.
        examples: Source segments with their translations; the best ones first.
        glossary: Terms with their translations; only those in the source are shown.
        context: The segments before this one with their translations, which may be empty.
        draft: A translation to be improved; may be empty.
    """

    source: str
    src_lang: str
    tgt_lang: str
    examples: tuple[tuple[str, str], ...] = ()
    glossary: tuple[tuple[str, str], ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    draft: str = ""


def render(template: Template, filling: Filling) -> list[dict[str, str]]:
    """Gives the messages for a chat model; for the style "completion" one message with it all.

    Lone surrogates, which cannot be sent, become U+FFFD.

    Raises:
        ConfigError: A language is unknown, the prompt would be too long, or the template cannot be
            filled.
    """
    if template.style == "completion":
        return [{"role": "user", "content": render_completion(template, filling)}]
    system, user = _texts(template, filling)
    messages = [{"role": "system", "content": system}] if system.strip() else []
    return [*messages, {"role": "user", "content": user}]


def render_completion(template: Template, filling: Filling) -> str:
    """Gives the prompt as one text: the system's part, an empty line, the user's part.

    In the style "completion" each text stands on one line, as a base model goes by the lines: line
    breaks inside a text become spaces.

    Raises:
        ConfigError: As `render`.
    """
    system, user = _texts(template, filling)
    return f"{system.rstrip()}\n\n{user}" if system.strip() else user


def terms_in(source: str, glossary: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Gives the pairs of a glossary whose first part occurs in a source, in the glossary's order.

    Whole words are compared, without case; where terms overlap, the longest counts. In writing
    without spaces each character is a word.
    """
    if not glossary:
        return ()
    pairs = tuple((term, translation) for term, translation in glossary)
    uses = _indexed(pairs).uses_in(source)
    found = {service_glossary.folded(use.term.source) for use in uses}
    return tuple(pair for pair in pairs if service_glossary.folded(pair[0]) in found)


@lru_cache(maxsize=4)
def _indexed(pairs: tuple[tuple[str, str], ...]) -> service_glossary.Glossary:
    return service_glossary.Glossary([service_glossary.Term(*pair) for pair in pairs])


def _texts(template: Template, filling: Filling) -> tuple[str, str]:
    """Gives the filled texts of system and user."""
    is_line = template.style == "completion"
    texts = {
        "source": filling.source,
        "draft": filling.draft if template.draft_from != "none" else "",
        "source_language": language_name(filling.src_lang),
        "target_language": language_name(filling.tgt_lang),
    }
    lists = {
        "examples": _examples(template, filling),
        "glossary": terms_in(filling.source, filling.glossary) if template.uses_glossary else (),
        "context": filling.context if template.uses_context else (),
    }
    _check_size(list(texts.values()), [pair for pairs in lists.values() for pair in pairs])
    variables: dict[str, str | tuple[Pair, ...]] = {
        name: _sendable(text, is_line) for name, text in texts.items()
    }
    for name, pairs in lists.items():
        variables[name] = tuple(
            Pair(_sendable(source, is_line), _sendable(target, is_line)) for source, target in pairs
        )
    system, user = fill(template.system, variables), fill(template.user, variables)
    if len(system) + len(user) > MAX_PROMPT_CHARS:
        raise too_long()
    return system, user


def _examples(template: Template, filling: Filling) -> tuple[tuple[str, str], ...]:
    examples = filling.examples
    if template.examples_from == "fixed" and template.fixed_examples:
        # The segment's own translation would give the answer away.
        own = filling.source.strip()
        fixed = template.fixed_examples
        examples = tuple((pair.source, pair.target) for pair in fixed if pair.source.strip() != own)
    return examples[: template.num_examples]


def _check_size(texts: Sequence[str], pairs: Sequence[tuple[str, str]]) -> None:
    """Bounds the work of filling, whatever the template does."""
    if len(pairs) > MAX_PAIRS:
        raise ConfigError(
            f"{len(pairs):,} examples, terms and context segments are more than the {MAX_PAIRS:,} "
            "that a prompt can hold.",
            hint="Translate the source in parts, or give less context.",
        )
    if sum(map(len, texts)) + sum(len(text) for pair in pairs for text in pair) > MAX_PROMPT_CHARS:
        raise too_long()


def _sendable(text: str, is_line: bool) -> str:
    text = _SURROGATE.sub("\ufffd", text)
    if not is_line:
        return text
    return " ".join(line.strip() for line in text.splitlines() if line.strip())
