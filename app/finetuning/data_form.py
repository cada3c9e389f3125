"""What a run learns from besides its corpus: both directions, further corpora, general text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import cache
from app.forms import group_fields
from app.state import session
from app.text import plain
from core.errors import AdaptMLLMError
from core.finetune.parts import Part, planned_parts, training_sources
from core.finetune.settings import MAX_MIXED, FineTuneSettings, MixedCorpus
from core.languages import language_name
from core.storage.corpus_records import Corpus

NONE = "none"


def is_used(values: Mapping[str, Any]) -> bool:
    """Whether anything of it was chosen, so that it should be seen."""
    return any(values.get(name) for name in ("both_directions", "mixed", "general_corpus"))


def data_fields(
    corpora: Sequence[Corpus], values: Mapping[str, Any], *, key: str
) -> dict[str, Any]:
    """Shows the part "Data" of the form and gives what was chosen.

    Args:
        corpora: All there are.
        values: What the form holds: the main corpus and its direction are in it.
        key: Prefix of the widget keys.
    """
    pair = {values["src_lang"], values["tgt_lang"]}
    others = {
        corpus.id: corpus
        for corpus in corpora
        if {corpus.src_lang, corpus.tgt_lang} == pair and corpus.id != values["corpus"]
    }
    names = ["both_directions"]
    chosen = group_fields(FineTuneSettings, names, values, key=key)
    chosen["mixed"] = _mixed(others, values, key=key)
    chosen |= _general(others, values, chosen["mixed"], key=key)
    _effective_numbers({**values, **chosen})
    return chosen


def _known(name: Any, others: Mapping[str, Corpus]) -> str:
    """Gives the id of a corpus that may be chosen; empty if it may not."""
    return next((each.id for each in others.values() if name in (each.id, each.name)), "")


def _mixed(
    others: Mapping[str, Corpus], values: Mapping[str, Any], *, key: str
) -> list[dict[str, Any]]:
    """Shows a row for each further corpus, and what adds one."""
    kept: list[dict[str, Any]] = []
    for item in values.get("mixed", ()):
        corpus_id = _known(item["corpus"], others)
        if corpus_id and corpus_id not in {each["corpus"] for each in kept}:
            kept.append({**item, "corpus": corpus_id})
    if len(kept) < len(values.get("mixed", ())):
        st.toast("A further corpus was left out: it is gone, or holds other languages.")
    found = [each for each in (_mixed_row(others, item, key=key) for item in kept) if each]
    used = {each["corpus"] for each in kept}
    free = [corpus for corpus in others.values() if corpus.id not in used and corpus.num_train]
    if free and len(kept) < MAX_MIXED:
        added = _add_row(free, key=f"{key}.mixed.add.{len(kept)}")
        if added is not None:
            _again({**values, "mixed": [*found, added]})
    elif not others:
        st.caption("Further corpora of the same two languages can be mixed in; there is none yet.")
    if len(found) < len(kept):
        _again({**values, "mixed": found})
    return found


def _again(values: Mapping[str, Any]) -> None:
    """Shows the page anew with other rows; everything else that was chosen stays."""
    session().replace_draft({**session().draft, **values})
    st.rerun()


def _mixed_row(
    others: Mapping[str, Corpus], item: Mapping[str, Any], *, key: str
) -> dict[str, Any] | None:
    """Shows one further corpus and gives it as it is chosen now; None once it was removed."""
    corpus = others[item["corpus"]]
    key = f"{key}.mixed.{corpus.id}"
    with st.container(border=True, key=key):
        st.text(f"{corpus.name} · {corpus.num_train:,} training segments")
        weight = MixedCorpus.model_fields["weight"]
        tag = MixedCorpus.model_fields["tag"]
        columns = st.columns([2, 2, 1], vertical_alignment="bottom")
        with columns[0]:
            chosen_weight = st.number_input(
                "Weight",
                min_value=0.001,
                max_value=1000.0,
                value=float(item.get("weight", 1.0)),
                step=0.5,
                format="%g",
                key=f"{key}.weight",
                help=weight.description,
            )
        with columns[1]:
            chosen_tag = st.text_input(
                "Tag",
                item.get("tag", ""),
                key=f"{key}.tag",
                max_chars=100,
                help=plain(tag.description or ""),
                placeholder="none",
            )
        with columns[2]:
            if st.button("Remove", icon=":material/close:", key=f"{key}.remove"):
                return None
    return {"corpus": corpus.id, "weight": chosen_weight, "tag": chosen_tag.strip()}


def _add_row(free: Sequence[Corpus], *, key: str) -> dict[str, Any] | None:
    """Shows the corpora that may be added and gives the one that was, with its own tag."""
    by_id = {corpus.id: corpus for corpus in free}
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with left:
        chosen = st.selectbox(
            "Further corpus",
            list(by_id),
            format_func=lambda corpus_id: _named(by_id[corpus_id]),
            key=f"{key}.corpus",
            help="Its train split is mixed in; dev and test stay those of the main corpus. What "
            "stands in them is left out.",
        )
    with right:
        if st.button("Add", icon=":material/add:", key=f"{key}.go"):
            tag = str(by_id[chosen].details.get("tag", ""))
            return {"corpus": chosen, "weight": 1.0, "tag": tag}
    return None


def _named(corpus: Corpus) -> str:
    kind = " · back-translated" if corpus.details.get("made_by") == "back-translate" else ""
    return f"{corpus.name} · {corpus.num_train:,}{kind}"


def _general(
    others: Mapping[str, Corpus],
    values: Mapping[str, Any],
    mixed: Sequence[Mapping[str, Any]],
    *,
    key: str,
) -> dict[str, Any]:
    """Shows which corpus of general text is mixed in against forgetting, and how much of it."""
    used = {each["corpus"] for each in mixed}
    free = {each.id: each for each in others.values() if each.num_dev and each.id not in used}
    now = _known(values.get("general_corpus", ""), free)
    if not free:
        return {"general_corpus": ""}
    options = ["", *free]
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox(
            "General-domain corpus",
            options,
            index=options.index(now),
            format_func=lambda corpus_id: _named(free[corpus_id]) if corpus_id else NONE,
            key=f"{key}.general.{'.'.join(sorted(used))}",
            help=FineTuneSettings.model_fields["general_corpus"].description,
        )
    found: dict[str, Any] = {"general_corpus": chosen}
    if chosen:
        with right:
            found |= group_fields(FineTuneSettings, ["general_share"], values, key=key, columns=1)
    return found


def _effective_numbers(values: Mapping[str, Any]) -> None:
    """Says how many segments an epoch has, and from where."""
    try:
        settings = FineTuneSettings.parse(dict(values))
        parts = planned_parts(training_sources(cache.workspace(), settings), settings)
    except AdaptMLLMError as error:
        st.caption(str(error))
        return
    st.text(in_words(parts))


def in_words(parts: Sequence[Part]) -> str:
    """Gives where the segments of an epoch come from, such as `8,112 + 2 × 1,000 → 10,112 …`."""
    one_way = [part for part in parts if not part.is_reversed]
    terms = []
    for part in one_way:
        weight = part.source.weight
        if part.source.role == "general":
            terms.append(f"{part.num_drawn:,} general")
        elif weight == 1:
            terms.append(f"{part.num_segments:,}")
        else:
            terms.append(f"{weight:g} × {part.num_segments:,}")
    total = sum(part.num_drawn for part in parts)
    sum_of_terms = " + ".join(terms)
    if len(one_way) < len(parts):
        sum_of_terms = (
            f"({sum_of_terms}) × 2 directions" if terms[1:] else f"{terms[0]} × 2 directions"
        )
    return f"{sum_of_terms} → {total:,} training segments an epoch"


def part_label(part: Mapping[str, Any]) -> str:
    """Gives a part of an epoch in one line, from its plain values."""
    role = {"main": "", "mixed": "mixed in", "general": "general text"}[part["role"]]
    way = f"{language_name(part['src_lang'])} → {language_name(part['tgt_lang'])}"
    counts = f"{part['num_drawn']:,} an epoch of {part['num_segments']:,}"
    left_out = part["num_left_out"]
    leaks = f"{left_out:,} left out: they stand in dev or test" if left_out else ""
    tag = f"tag {part['tag']}" if part["tag"] else ""
    return " · ".join(filter(None, (part["corpus"], role, way, tag, counts, leaks)))
