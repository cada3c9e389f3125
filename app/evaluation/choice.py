"""What is compared: the test set, the systems, the baseline, the metrics, the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.forms import group_fields
from app.state import session
from app.text import counted
from core.evaluate.metric_names import metric_names
from core.evaluate.settings import DEFAULT_METRICS, FIRST_REFERENCE, EvaluationSettings
from core.evaluate.texts import display_names
from core.languages import language_name
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace

MAX_USUAL = 8
OPTIONS = ["test", "num_samples", "seed", "alpha", "tokenizer", "only_common", "is_normalized"]


@dataclass(frozen=True)
class Choice:
    """What the page shows.

    Attributes:
        settings: What is compared and how.
        sets: All translation sets of the test set, the oldest first.
        names: A name for each that no other one has.
        metrics: Names of all metrics there are by key, those of scorers included.
    """

    settings: EvaluationSettings
    sets: list[TranslationSet]
    names: dict[str, str]
    metrics: dict[str, str]


def choice(workspace: Workspace, sets: Sequence[TranslationSet]) -> Choice | None:
    """Shows the fields and gives what was chosen; None while no system is."""
    draft = session().evaluate
    _follow_link(workspace, sets, st.query_params.pop("set", ""))
    test_set = _test_set_select(sets)
    if test_set != draft.test_set:
        draft.replace(test_set, {})
    comparable = workspace.translation_sets.of_test_set(test_set)
    names, metrics = display_names(comparable), metric_names(workspace, test_set)
    values = dict(draft.values)
    key = f"evaluate.{draft.version}.{test_set[:12]}"
    values |= _system_fields(comparable, names, values, key)
    values |= _metric_field(metrics, values, key)
    with st.expander("Test and options", icon=":material/tune:"):
        values |= group_fields(EvaluationSettings, OPTIONS, values, key=key)
        values |= _reference_field(workspace, test_set, values, key)
    draft.values = values
    if not values["systems"] or not values["metrics"]:
        st.info("Choose at least one system and one metric.")
        return None
    settings = EvaluationSettings.parse({**values, "test_set": test_set})
    return Choice(settings, comparable, names, metrics)


def _follow_link(workspace: Workspace, sets: Sequence[TranslationSet], set_id: str) -> None:
    """Takes the set that an address names into the choice, once."""
    linked = next((each for each in sets if each.id == set_id), None)
    if linked is None:
        return
    draft, test_set = session().evaluate, linked.test_set_hash
    values = dict(draft.values) if test_set == draft.test_set else {}
    systems = values.get("systems") or _usual(workspace.translation_sets.of_test_set(test_set))
    if test_set != draft.test_set or set_id not in systems:
        values["systems"] = tuple(dict.fromkeys((*systems, set_id)))
        draft.replace(test_set, values)


def _usual(sets: Sequence[TranslationSet]) -> list[str]:
    """Gives the sets that are compared as long as nobody has chosen: the newest ones."""
    return [each.id for each in sets[-MAX_USUAL:]]


def _test_set_select(sets: Sequence[TranslationSet]) -> str:
    """Shows which test set is looked at, and gives its hash."""
    labels = test_set_labels(sets)
    options, wanted = list(labels), session().evaluate.test_set
    chosen: str = st.selectbox(
        "Test set",
        options,
        index=options.index(wanted) if wanted in options else 0,
        format_func=lambda each: labels[each],
        key=f"evaluate.test_set.{session().evaluate.version}",
    )
    return chosen


def test_set_labels(sets: Sequence[TranslationSet]) -> dict[str, str]:
    """Gives each test set of some translation sets, by hash, a label that no other one has."""
    by_hash = {each.test_set_hash: each for each in reversed(sets)}
    labels = {test_set: test_set_label(each) for test_set, each in by_hash.items()}
    counts = Counter(labels.values())
    return {
        test_set: f"{labels[test_set]} · {test_set[:6]}"
        if counts[labels[test_set]] > 1
        else labels[test_set]
        for test_set in dict.fromkeys(each.test_set_hash for each in sets)
    }


def test_set_label(each: TranslationSet) -> str:
    """Gives a test set in words."""
    direction = f"{language_name(each.src_lang)} → {language_name(each.tgt_lang)}"
    parts = [each.corpus_name, each.split, direction, counted(each.num_segments, "segment")]
    perturbed = each.provenance.get("perturbation")
    if perturbed:
        parts.append(f"sources perturbed: {perturbed['name']}")
    return " · ".join(parts)


def _system_fields(
    sets: Sequence[TranslationSet], names: dict[str, str], values: dict[str, Any], key: str
) -> dict[str, Any]:
    ids = [each.id for each in sets]
    before = [each for each in values.get("systems", ()) if each in ids]
    left, right = st.columns([3, 1])
    with left:
        chosen = st.multiselect(
            "Systems",
            ids,
            default=before or _usual(sets),
            format_func=lambda each: names[each],
            key=f"{key}.systems.{len(ids)}",
            wrap=True,
            help="Every set of translations of this test set.",
        )
    with right:
        baseline = values.get("baseline", "")
        found = st.selectbox(
            "Baseline",
            chosen,
            index=chosen.index(baseline) if baseline in chosen else 0,
            format_func=lambda each: names[each],
            key=f"{key}.baseline.{len(ids)}",
            help="The system that the others are compared with.",
        )
    return {"systems": tuple(chosen), "baseline": found or ""}


def _metric_field(
    metrics: dict[str, str], values: dict[str, Any], key: str
) -> dict[str, tuple[str, ...]]:
    chosen = st.multiselect(
        "Metrics",
        list(metrics),
        default=[each for each in values.get("metrics", DEFAULT_METRICS) if each in metrics],
        format_func=lambda each: metrics[each],
        key=f"{key}.metrics.{len(metrics)}",
        help="TER: lower is better; of all others higher is, unless their name says so.",
    )
    return {"metrics": tuple(chosen)}


def _reference_field(
    workspace: Workspace, test_set: str, values: dict[str, Any], key: str
) -> dict[str, tuple[str, ...]]:
    further = workspace.test_set_texts.names(test_set, "reference")
    if not further:
        return {"references": (FIRST_REFERENCE,)}
    names = [FIRST_REFERENCE, *further]
    chosen = st.multiselect(
        "References",
        names,
        default=[each for each in values.get("references", names) if each in names],
        key=f"{key}.references.{len(names)}",
        help="A hypothesis is compared with all of them; the signature tells how many.",
    )
    return {"references": tuple(chosen) or (FIRST_REFERENCE,)}
