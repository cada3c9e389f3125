"""What a measurement will do: which version of the model, which text, in which direction."""

from __future__ import annotations

from core.corpora import sample
from core.corpora.bundled import ensure_sample
from core.errors import AdaptMLLMError, ConfigError
from core.serving.servable import Servable, load_servable
from core.serving.versions import model_folder
from core.storage.corpus_records import Corpus
from core.storage.version_records import Version
from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import TestSet, read_test_set
from core.systems.bringing_up import usable_version
from core.systems.catalogue import find_system
from core.systems.descriptions import MODEL
from core.systems.footprint.settings import MeasureSettings, Plan
from core.systems.protocol import SystemInfo

# More would only make the start slower: in a minute most models do not come to their end.
MAX_SEGMENTS = 2_000


def plan_of(workspace: Workspace, settings: MeasureSettings) -> Plan:
    """Gives the plan of a measurement.

    Raises:
        ConfigError: The system is no local model, was not prepared, or no corpus fits to it.
        DataError: The corpus does not exist, or its test split is empty.
    """
    info = measurable(workspace, settings.system)
    version = _prepared(workspace, info)
    servable = load_servable(model_folder(workspace, version))
    corpus = _corpus(workspace, version, servable, settings.corpus)
    src_lang, tgt_lang = _direction(corpus, servable)
    plan = Plan(info.id, info.name, version.id, corpus.id, src_lang, tgt_lang, settings.seconds)
    planned_test_set(workspace, plan)
    return plan


def measurable(workspace: Workspace, system: str) -> SystemInfo:
    """Gives a local model by id or name.

    Raises:
        ConfigError: There is none, or the system runs elsewhere.
    """
    if not system.strip():
        raise ConfigError("No system was chosen.", hint="Name a run, RUN@STEP or a base model.")
    info = find_system(workspace, system)
    if info.kind != MODEL:
        raise ConfigError(
            f"{info.name!r} is no local model: what it takes elsewhere cannot be measured here.",
            hint="For LLMs there is an estimate, under Inference on the Emissions page. The parts "
            "of a chain are measured one by one.",
        )
    return info


def planned_test_set(workspace: Workspace, plan: Plan) -> TestSet:
    """Reads the segments that are translated, from the first.

    Raises:
        DataError: The corpus is gone, or its test split is empty.
    """
    wanted = BatchSettings(
        corpus=plan.corpus,
        systems=(plan.system_id,),
        src_lang=plan.src_lang,
        tgt_lang=plan.tgt_lang,
        num_segments=MAX_SEGMENTS,
    )
    return read_test_set(workspace, wanted)


def text_words(test_set: TestSet) -> str:
    """Says what is translated."""
    return f"{test_set.corpus.name}, {test_set.split} split"


def _prepared(workspace: Workspace, info: SystemInfo) -> Version:
    key = info.id.removeprefix(f"{MODEL}:")
    version = usable_version(workspace, key)
    if version is None:
        raise ConfigError(
            f"The model {info.name!r} has not been prepared for serving yet.",
            hint=f"Prepare it on the Deploy page, or by `python -m core deploy prepare --model "
            f"'{key}'`.",
        )
    return version


def _corpus(workspace: Workspace, version: Version, servable: Servable, asked: str) -> Corpus:
    """Gives the corpus that was asked for, the run's own, or the newest that fits."""
    if asked:
        corpus = workspace.corpora.get(asked)
        _direction(corpus, servable)  # says why it does not fit
        return corpus
    candidates = workspace.corpora.all()
    run_corpus = _corpus_of_run(workspace, version)
    if run_corpus is not None:
        candidates.insert(0, run_corpus)
    for corpus in candidates:
        if corpus.num_test and _offered((corpus.src_lang, corpus.tgt_lang), servable):
            return corpus
    if _offered((sample.SRC_LANG, sample.TGT_LANG), servable):
        return ensure_sample(workspace)
    raise ConfigError(
        f"No corpus with a test split holds languages of {version.name!r}.",
        hint="Import a corpus of these languages.",
    )


def _corpus_of_run(workspace: Workspace, version: Version) -> Corpus | None:
    try:
        run = workspace.runs.get(version.run_id) if version.run_id else None
        return workspace.corpora.get(run.corpus_id) if run else None
    except AdaptMLLMError:  # either is gone
        return None


def _offered(pair: tuple[str, str], servable: Servable) -> list[tuple[str, str]]:
    """Gives the directions between two languages that a model offers."""
    return [each for each in (pair, pair[::-1]) if each[1] in servable.targets_of(each[0])]


def _direction(corpus: Corpus, servable: Servable) -> tuple[str, str]:
    found = _offered((corpus.src_lang, corpus.tgt_lang), servable)
    if not found:
        raise ConfigError(
            f"The model {servable.name!r} does not translate between {corpus.src_lang} and "
            f"{corpus.tgt_lang}, the languages of {corpus.name!r}.",
            hint="Choose a corpus of the model's languages.",
        )
    return found[0]
