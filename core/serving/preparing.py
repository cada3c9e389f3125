"""The preparation: what its process does, `python -m core.serving.preparing FOLDER`."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from core.corpora.segments import read_segments
from core.errors import ConfigError, DataError
from core.finetune.adapters import Adapter, bind, known_directions
from core.finetune.models import load_tokenizer
from core.finetune.settings import FineTuneSettings
from core.hub.downloading import download
from core.hub.telling import Telling
from core.jobs.failures import record_failure
from core.jobs.folder import JobFolder
from core.jobs.processes import die_with_supervisor
from core.jobs.recorder import Recorder
from core.serving import conversion
from core.serving.gate import GateInput, compare
from core.serving.licences import licence_of, notice_of
from core.serving.models import ModelReference, find_model, learnt_directions
from core.serving.servable import Servable
from core.serving.settings import PrepareSettings
from core.storage.corpus_records import Corpus
from core.storage.files import read_json, utc_now, write_json
from core.storage.workspace import Workspace

DEFAULT_MAX_TARGET_LENGTH = 256
MODEL_FOLDER = "model"

log = logging.getLogger(__name__)


def prepare(folder: JobFolder) -> None:
    """Converts the model, compares it with the original and leaves it in `model/`."""
    settings = PrepareSettings.load(folder.settings_file)
    workspace = Workspace(Path(read_json(folder.job_file)["workspace"]))
    recorder = Recorder(folder, 0)
    recorder.phase("preparing", "reading the model")
    reference = find_model(workspace, settings.model)
    corpus, src_lang, tgt_lang = comparison(workspace, settings, reference)
    original = _original(workspace, reference, folder)
    tokenizer = load_tokenizer(str(original))
    adapter = bind(tokenizer, src_lang, tgt_lang)  # refuses languages that the model does not know
    recorder.phase("converting", f"to {settings.quantization}")
    partial = folder.path / f"{MODEL_FOLDER}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    servable = _converted(original, partial, adapter, settings, reference, (src_lang, tgt_lang))
    recorder.phase("evaluating", "dev lines by the original and the prepared model")
    segments = read_segments(workspace.split_file(corpus.id, "dev"), limit=settings.num_segments)
    is_forward = corpus.src_lang == src_lang
    given = GateInput(
        sources=[pair[0 if is_forward else 1] for pair in segments],
        references=[pair[1 if is_forward else 0] for pair in segments],
        src_lang=src_lang,
        tgt_lang=tgt_lang,
        num_beams=settings.num_beams,
        max_target_length=servable.max_target_length,
        threads=settings.threads,
    )
    gate = compare(original, partial, given, folder.path)
    gate |= {"corpus": corpus.name, "corpus_id": corpus.id}
    gate["engine_reason"] = servable.engine_reason
    gate["is_recommended"] = gate["chrf_difference"] >= -settings.max_chrf_drop
    recorder.phase("saving", "")
    shutil.rmtree(folder.path / "original", ignore_errors=True)
    shutil.rmtree(folder.path / MODEL_FOLDER, ignore_errors=True)
    partial.rename(folder.path / MODEL_FOLDER)
    write_json(folder.result_file, {"engine": servable.engine, "gate": gate, "time": utc_now()})


def comparison(
    workspace: Workspace, settings: PrepareSettings, reference: ModelReference
) -> tuple[Corpus, str, str]:
    """Gives corpus and direction of the comparison.

    Raises:
        ConfigError: A base model came without a corpus, or the direction is not the corpus's.
        DataError: The corpus does not exist or has no dev lines.
    """
    run = reference.run
    if not settings.corpus and run is None:
        raise ConfigError(
            f"The base model {reference.name} needs a corpus to be compared on.",
            hint="Choose one whose languages it will translate.",
        )
    corpus = workspace.corpora.get(settings.corpus or (run.corpus_id if run else ""))
    default = (run.src_lang, run.tgt_lang) if run else (corpus.src_lang, corpus.tgt_lang)
    pair = (settings.src_lang, settings.tgt_lang) if settings.src_lang else default
    if set(pair) != {corpus.src_lang, corpus.tgt_lang}:
        raise ConfigError(
            f"The corpus {corpus.name!r} holds {corpus.src_lang} and {corpus.tgt_lang}, not "
            f"{pair[0]} and {pair[1]}.",
            hint="Choose a corpus of the model's languages.",
        )
    if not corpus.num_dev:
        raise DataError(
            f"The dev split of {corpus.name!r} is empty.", hint="Split the corpus again."
        )
    return corpus, *pair


def _original(workspace: Workspace, reference: ModelReference, folder: JobFolder) -> Path:
    """Gives the folder of the model as Transformers loads it; makes it for a checkpoint."""
    if reference.run is not None and reference.step:
        from core.finetune.checkpoint_model import write_checkpoint_model

        made = folder.path / "original"
        settings = FineTuneSettings.parse(reference.run.settings)
        run_folder = workspace.run_folder(reference.run.id)
        write_checkpoint_model(run_folder, reference.step, settings, reference.source, made)
        return made
    if Path(reference.source).is_dir():
        return Path(reference.source)
    telling = Telling(Recorder(folder, 0), reference.source, counts_bytes=False)
    return download(reference.source, "", telling)


def _converted(
    original: Path,
    partial: Path,
    adapter: Adapter,
    settings: PrepareSettings,
    reference: ModelReference,
    direction: tuple[str, str],
) -> Servable:
    """Writes the served form into `partial` and gives what it is."""
    reason = conversion.why_not_converted(original)
    if settings.engine == "transformers":
        reason = reason or "the preparation asked for Transformers"
    if reason:
        conversion.copy_original(original, partial)
    else:
        conversion.convert(original, partial, settings.quantization)
    conversion.save_tokenizer(adapter.tokenizer, partial)
    sources, targets = [direction[0]], [direction[1]]
    if reference.run is not None and direction in learnt_directions(reference.run):
        sources, targets = map(list, zip(*learnt_directions(reference.run), strict=True))
    if reference.run is None or settings.directions == "all":
        sources, targets = known_directions(adapter.tokenizer, *direction)
    if not reason and adapter.forced_bos_token_id is not None:
        tokens = [_token(adapter, code) for code in dict.fromkeys([*sources, *targets])]
        conversion.check_converted_vocabulary(partial, tokens)
    servable = _described(original, adapter, settings, reference, reason, (sources, targets))
    servable = replace(servable, size_bytes=conversion.weights_bytes(partial))
    servable.save(partial)
    return servable


def _described(
    original: Path,
    adapter: Adapter,
    settings: PrepareSettings,
    reference: ModelReference,
    reason: str,
    languages: tuple[list[str], list[str]],
) -> Servable:
    """Says what a prepared model is; its size is not known yet."""
    positions = conversion.max_positions(original)
    run = reference.run
    base_model = run.base_model if run else reference.name
    longest = run.settings["max_target_length"] if run else DEFAULT_MAX_TARGET_LENGTH
    return Servable(
        name=reference.name,
        model=reference.key,
        family=adapter.family,
        engine="transformers" if reason else "ctranslate2",
        engine_reason=reason,
        quantization="original" if reason else settings.quantization,
        sources=languages[0],
        targets=languages[1],
        licence=licence_of(base_model),
        notice=notice_of(base_model),
        max_target_length=min(int(longest), positions or int(longest)),
        max_positions=positions,
        num_beams=settings.num_beams,
        size_bytes=0,
        created_at=utc_now(),
        provenance={
            "run": run.id if run else "",
            "step": reference.step,
            "base_model": base_model,
            "corpus": run.corpus_name if run else "",
        },
    )


def _token(adapter: Adapter, code: str) -> str:
    """Gives the token by which the model's family names a language."""
    other = bind(adapter.tokenizer, code, code)
    return str(other.tokenizer.convert_ids_to_tokens(other.forced_bos_token_id))


def main() -> None:
    """Runs the preparation; its failure goes into a file for the supervisor."""
    die_with_supervisor()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    folder = JobFolder(Path(sys.argv[1]))
    try:
        prepare(folder)
    except BaseException as error:
        log.exception("the preparation failed")
        shutil.rmtree(folder.path / f"{MODEL_FOLDER}.partial", ignore_errors=True)
        shutil.rmtree(folder.path / "original", ignore_errors=True)
        record_failure(folder, 0, error)
        os._exit(1)


if __name__ == "__main__":
    main()
