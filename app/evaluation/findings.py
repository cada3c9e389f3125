"""What checks, training words and novelty say of an evaluation, computed once for each."""

from __future__ import annotations

import streamlit as st

from core.corpora.segments import read_segments
from core.evaluate.causes.novelty import Novelty, measure_novelty
from core.evaluate.causes.stored_findings import Findings, find_all, is_quick, stored_findings
from core.evaluate.causes.training_words import count_words, words_used
from core.evaluate.evaluating import Evaluated
from core.evaluate.settings import EvaluationSettings
from core.storage.workspace import Workspace
from core.systems.retrieval.nearest import ExampleIndex

KEPT = 6


def findings(
    workspace: Workspace, settings: EvaluationSettings, found: Evaluated
) -> Findings | None:
    """Gives what each check found, by translation set, then by the key of the check.

    Where looking takes minutes, they are those of a job; None until it has found them.
    """
    if is_quick(found.texts, settings):
        return _findings(found.result.made_at, found)
    return stored_findings(workspace, found)


@st.cache_resource(max_entries=KEPT, show_spinner="Looking for defects …")
def _findings(made_at: str, _found: Evaluated) -> Findings:
    return find_all(_found)


def training_counts(workspace: Workspace, corpus_id: str, found: Evaluated) -> dict[str, int]:
    """Gives how often the words of references and hypotheses stand in a training split."""
    return _training_counts(corpus_id, found.result.made_at, workspace, found)


@st.cache_resource(max_entries=KEPT, show_spinner="Counting the words of the training split …")
def _training_counts(
    corpus_id: str, made_at: str, _workspace: Workspace, _found: Evaluated
) -> dict[str, int]:
    texts = _found.texts
    among = words_used(texts.first_reference, *texts.hypotheses.values())
    return dict(count_words(_targets(_workspace, corpus_id, _found.result.tgt_lang), among=among))


def novelty(workspace: Workspace, corpus_id: str, found: Evaluated) -> Novelty:
    """Gives how like each source is to the nearest one of a training split."""
    return _novelty(corpus_id, found.result.test_set_hash, workspace, found)


@st.cache_resource(max_entries=KEPT, show_spinner="Looking for the nearest training segments …")
def _novelty(corpus_id: str, test_set: str, _workspace: Workspace, _found: Evaluated) -> Novelty:
    corpus = _workspace.corpora.get(corpus_id)
    pairs = read_segments(_workspace.split_file(corpus.id, "train"))
    if corpus.src_lang != _found.result.src_lang:
        pairs = [(target, source) for source, target in pairs]
    return measure_novelty(_found.texts.sources, ExampleIndex(pairs))


def _targets(workspace: Workspace, corpus_id: str, tgt_lang: str) -> list[str]:
    corpus = workspace.corpora.get(corpus_id)
    pairs = read_segments(workspace.split_file(corpus.id, "train"))
    return [pair[0] if corpus.src_lang == tgt_lang else pair[1] for pair in pairs]
