"""The model card: what a model is, what it learnt from, its scores and its licence."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.corpora.leak_notes import LeakNote, split_note
from core.errors import DataError, TrainingError
from core.finetune.history import HistoryReader
from core.finetune.recipes import SCRATCH
from core.finetune.run_folder import RunFolder
from core.languages import language
from core.serving.card_energy import energy_lines
from core.serving.gate import gate_note
from core.serving.licences import licence_of, notice_of
from core.serving.models import find_model, learnt_directions
from core.serving.servable import Servable, is_servable, load_servable
from core.storage.corpus_records import Corpus
from core.storage.files import read_json
from core.storage.run_records import Run
from core.storage.workspace import Workspace

Form = Literal["transformers", "service"]

_HUB_LICENCES = {"CC BY-NC 4.0": "cc-by-nc-4.0", "MIT": "mit", "Apache-2.0": "apache-2.0"}
_HUB_METRICS = {"BLEU": "bleu", "TER": "ter", "chrF1": "chrf", "chrF3": "chrf", "chrF++": "chrf"}
_HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")
# What Markdown, HTML, tables, autolinks, mentions or mathematics on the Hub would take as theirs.
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&$]|[@:](?=\S))")
# Names and places, which the card says elsewhere or which are nobody's business.
_UNTOLD_SETTINGS = (
    "version", "name", "base_model", "base_model_revision", "corpus", "src_lang", "tgt_lang",
)  # fmt: skip


@dataclass(frozen=True)
class _Subject:
    """What a card is about.

    Attributes:
        name: The model's name for people.
        base_model: `starter`, a hub id or a folder.
        step: The checkpoint's step; 0 for a final or base model.
        run: The run it came from; None for a base model, or where the run is gone.
        servable: The served form, None where none was accepted.
        gate: Figures of the comparison with the original; may be empty.
        key: The model's canonical name.
        version_id: The version whose figures are told; empty for none.
    """

    name: str
    base_model: str
    step: int
    run: Run | None
    servable: Servable | None
    gate: dict[str, Any]
    key: str = ""
    version_id: str = ""

    @property
    def languages(self) -> tuple[list[str], list[str]]:
        """FLORES-200 codes of sources and targets; empty where they are not known."""
        if self.run is not None:
            sources, targets = zip(*learnt_directions(self.run), strict=True)
            return list(sources), list(targets)
        return (self.servable.sources, self.servable.targets) if self.servable else ([], [])


def model_card(
    workspace: Workspace, model: str, *, form: Form, repo_id: str = "", source_prefix: str = ""
) -> str:
    """Gives the card of a model as Markdown with the Hub's front matter.

    Args:
        workspace: Where its run, corpus and versions are recorded.
        model: RUN, RUN@STEP, a base model, or a folder with a prepared model.
        form: What lies beside the card: weights for Transformers, or a service.
        repo_id: The repository on the Hub, for the example of use.
        source_prefix: What the family puts before each source, as in `Adapter`.

    Raises:
        ModelError: There is no such model.
    """
    from huggingface_hub import ModelCard

    subject = _subject(workspace, model)
    corpus = _corpus(workspace, subject.run)
    name = plain(subject.name)
    sections = [
        f"# {escaped(subject.name)}",
        _introduction(subject),
        "## Licence\n\n" + _licence(subject),
        "## Languages\n\n" + _languages(subject),
        "## How to use\n\n" + _usage(subject, form, repo_id, source_prefix),
    ]
    if subject.run is not None:
        folder = workspace.run_folder(subject.run.id)
        sections += [
            "## Data\n\n" + _data(subject.run, corpus),
            "## Scores\n\n" + _scores(subject.run, subject.step, folder),
            "## Training\n\n" + _training(subject.run, folder),
        ]
    if subject.gate:
        sections.append("## The served form\n\n" + _gate(workspace, subject))
    sections += _energy(workspace, subject)
    front = _front_matter(subject, corpus, name, form)
    card = ModelCard(f"---\n{front}\n---\n\n" + "\n\n".join(sections) + "\n")
    return str(card)


def plain(text: str) -> str:
    """Gives a user's text as one line without control, direction and surrogate characters."""
    kept = (" " if c.isspace() else c for c in text if c.isspace() or _is_visible(c))
    return " ".join("".join(kept).split())


def _is_visible(character: str) -> bool:
    # Cf holds the direction overrides, but also the joiners that many scripts are spelt with.
    category = unicodedata.category(character)
    return category not in ("Cc", "Cs", "Cn", "Co") and (
        category != "Cf" or character in "\u200c\u200d"
    )


def escaped(text: str) -> str:
    """Gives a user's text as one line that Markdown renders as it is, in tables too."""
    return _MARKUP.sub(r"\\\1", plain(text))


def _code(text: str) -> str:
    """Gives a text of the program's own as code, in tables too."""
    return "`" + text.replace("|", "\\|") + "`"


def _subject(workspace: Workspace, model: str) -> _Subject:
    given = Path(model).expanduser()
    if is_servable(given):
        servable = load_servable(given)
        run = _run(workspace, str(servable.provenance.get("run", "")))
        base_model = str(servable.provenance.get("base_model", servable.model))
        step = int(servable.provenance.get("step", 0))
        of_version = (servable.model, given.resolve().parent.name)
        return _Subject(servable.name, base_model, step, run, servable, {}, *of_version)
    reference = find_model(workspace, model)
    version = workspace.versions.current(reference.key)
    served, gate = None, {}
    if version is not None:
        folder = workspace.version_folder(version.id) / "model"
        served = load_servable(folder) if is_servable(folder) else None
        gate = version.gate | {"engine": version.engine, "quantization": version.quantization}
    base_model = reference.run.base_model if reference.run else reference.name
    about = (reference.name, base_model, reference.step, reference.run)
    version_id = version.id if version else ""
    return _Subject(*about, served, gate, reference.key, version_id)


def _run(workspace: Workspace, run_id: str) -> Run | None:
    try:
        return workspace.runs.get(run_id) if run_id else None
    except TrainingError:
        return None


def _corpus(workspace: Workspace, run: Run | None) -> Corpus | None:
    try:
        return workspace.corpora.get(run.corpus_id) if run else None
    except DataError:
        return None


def _front_matter(subject: _Subject, corpus: Corpus | None, name: str, form: Form) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    sources, targets = subject.languages
    run = subject.run
    results = []
    # The scores on the test split are those of the finished model, not of a checkpoint.
    for score in run.scores.get("fine_tuned", []) if run and not subject.step else []:
        results.append(
            EvalResult(
                task_type="translation",
                dataset_type="own",
                dataset_name=plain(run.corpus_name) if run else "",
                dataset_split="test",
                metric_type=_HUB_METRICS.get(score["name"], "bleu"),
                metric_name=f"{score['name']} ({score['signature']}, n={score['num_segments']})",
                metric_value=score["value"],
            )
        )
    served = subject.servable if form == "service" else None
    licence = licence_of(subject.base_model)
    known = "unknown" if licence == "unknown" else "other"
    synthetic = ["synthetic-data"] if corpus is not None and corpus.is_synthetic else []
    data = ModelCardData(
        language=list(dict.fromkeys(language(code).iso for code in [*sources, *targets])) or None,
        license=_HUB_LICENCES.get(licence, known),
        license_name=None if licence in (*_HUB_LICENCES, "unknown") else "see-the-base-model",
        base_model=subject.base_model if _is_hub_id(subject.base_model) else None,
        pipeline_tag="translation",
        library_name=served.engine if served else "transformers",
        tags=["translation", "adaptmllm", *synthetic],
        model_name=(name or "model") if results else None,
        eval_results=results or None,
    )
    return str(data.to_yaml())


def _is_hub_id(base_model: str) -> bool:
    return bool(_HUB_ID.match(base_model)) and not Path(base_model).is_dir()


def _base_name(base_model: str) -> str:
    # The path of a folder says where somebody keeps what.
    return base_model if _is_hub_id(base_model) else Path(base_model).name


def _introduction(subject: _Subject) -> str:
    base = escaped(_base_name(subject.base_model))
    if subject.run is None:
        return f"The base model {base}, made ready for serving with adaptMLLM."
    which = f" This is the checkpoint after {subject.step} steps." if subject.step else ""
    languages = f"{_named(subject.run.src_lang)} into {_named(subject.run.tgt_lang)}"
    if subject.base_model == SCRATCH:
        return (
            "A small Transformer, trained from random weights with adaptMLLM to translate "
            f"{languages}.{which}"
        )
    return f"The base model {base}, fine-tuned with adaptMLLM to translate {languages}.{which}"


def _licence(subject: _Subject) -> str:
    if subject.base_model == SCRATCH:
        return "There is no base model: the weights were random before the training."
    licence = licence_of(subject.base_model)
    text = f"Base model: {escaped(_base_name(subject.base_model))}. Its licence: {licence}."
    if not licence.startswith(("none", "unknown")):
        text += " A fine-tuned model stays under it."
    notice = notice_of(subject.base_model)
    return text + (f"\n\n> **Warning.** {notice}" if notice else "")


def _named(code: str) -> str:
    return f"{language(code).name} (`{code}`)"


def _languages(subject: _Subject) -> str:
    sources, targets = subject.languages
    if not sources:
        return "Those of the base model."
    return f"From {', '.join(map(_named, sources))}\n\nInto {', '.join(map(_named, targets))}"


def _usage(subject: _Subject, form: Form, repo_id: str, source_prefix: str) -> str:
    sources, targets = subject.languages
    source = sources[0] if sources else "SOURCE"
    target = next((code for code in targets if code != source), "TARGET")
    if form == "service":
        sent = json.dumps({"q": "Good morning.", "source": source, "target": target})
        return (
            "README.md beside this card says how to start the service. Then:\n\n```\n"
            "curl http://127.0.0.1:5000/translate -H 'Content-Type: application/json' \\\n"
            f"  -H 'Authorization: Bearer KEY' -d '{sent}'\n```"
        )
    name = json.dumps(plain(repo_id) or "FOLDER")
    text = json.dumps(f"{source_prefix}Good morning.")
    # No language is named: tokenizer and generation configuration were saved with the direction.
    return (
        "```python\nfrom transformers import AutoModelForSeq2SeqLM, AutoTokenizer\n\n"
        f"tokenizer = AutoTokenizer.from_pretrained({name})\n"
        f"model = AutoModelForSeq2SeqLM.from_pretrained({name})\n"
        f'batch = tokenizer([{text}], return_tensors="pt")\n'
        "output = model.generate(**batch, max_new_tokens=256)\n"
        "print(tokenizer.batch_decode(output, skip_special_tokens=True))\n```"
    )


def _data(run: Run, corpus: Corpus | None) -> str:
    if corpus is None:
        return (
            f"Corpus {escaped(run.corpus_name)}, which is no longer there. "
            "Whether test segments also stand in train is not known."
        )
    counts = ", ".join(f"{count:,} {split}" for split, count in corpus.counts.items())
    lines = [f"Corpus {escaped(corpus.name)}: {counts} segments.\n"]
    if corpus.origin:
        lines.append(f"- Origin: {escaped(corpus.origin)}.")
    if corpus.is_synthetic:
        lines.append("- **Synthetic**: generated text, whose scores say nothing about translation.")
    lines += [f"- Leaks, {split}: {_leaks(split_note(corpus, split))}" for split in ("dev", "test")]
    lines.append("- Whether the base model saw these segments before is not known.")
    return "\n".join(lines)


def _leaks(note: LeakNote) -> str:
    sentence = escaped(note.sentence)
    return f"**{sentence}**" if note.badge == "leaks" else sentence


def _scores(run: Run, step: int, folder: Path) -> str:
    if step:
        return _dev_scores(folder, step)
    base = {score["name"]: score for score in run.scores.get("base", [])}
    tuned = {score["name"]: score for score in run.scores.get("fine_tuned", [])}
    if not tuned:
        return "This run has no scores on the test split."
    lines = [
        "On the corpus's test split, by sacreBLEU; 0 to 100, for TER lower is better.\n",
        "| metric | base model | fine-tuned | segments | signature |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for name, score in tuned.items():
        before = f"{base[name]['value']:.2f}" if name in base else "not scored"
        cells = (escaped(name), before, f"{score['value']:.2f}", str(score["num_segments"]))
        lines.append(f"| {' | '.join(cells)} | {_code(score['signature'])} |")
    return "\n".join(lines)


def _dev_scores(folder: Path, step: int) -> str:
    history = HistoryReader(folder).read()
    if step not in history.evals.x:
        return "This checkpoint was not scored; the scores of the finished model are not its own."
    index, first = list(history.evals.x).index(step), history.evals.x[0] == 0
    lines = [
        "Of this checkpoint, on dev segments; it was not scored on the test split.\n",
        "| metric | base model | checkpoint | signature |",
        "| --- | ---: | ---: | --- |",
    ]
    for name, signature in history.signatures.items():
        values = history.evals.values[name]
        before = f"{values[0]:.2f}" if first else "not scored"
        lines.append(f"| {escaped(name)} | {before} | {values[index]:.2f} | {_code(signature)} |")
    return "\n".join(lines)


def _training(run: Run, folder: Path) -> str:
    lines = ["| setting | value |", "| --- | --- |"]
    is_from_scratch = run.base_model == SCRATCH
    for name, value in run.settings.items():
        is_told = not name.startswith("scratch_") or is_from_scratch
        if name not in _UNTOLD_SETTINGS and is_told:
            lines.append(f"| {_code(name)} | {escaped(str(value))} |")
    if run.train_seconds is not None:
        lines.append(f"| seconds in training steps | {run.train_seconds:,.0f} |")
    try:
        environment = read_json(RunFolder(folder).environment_file)
    except (OSError, ValueError):
        environment = {}
    if environment.get("base_model_revision"):
        revision = escaped(str(environment["base_model_revision"]))
        lines.append(f"| revision of the base model | {revision} |")
    versions = environment.get("versions", {})
    for name in ("torch", "transformers", "deepspeed", "sacrebleu"):
        if versions.get(name):
            lines.append(f"| {name} | {escaped(str(versions[name]))} |")
    return "\n".join(lines)


def _energy(workspace: Workspace, subject: _Subject) -> list[str]:
    """Gives the section on energy, where there is something to say."""
    about = (subject.run, subject.step, subject.key, subject.version_id)
    lines = [escaped(line) for line in energy_lines(workspace, *about)]
    return ["\n\n".join(["## Energy", *lines])] if lines else []


def _gate(workspace: Workspace, subject: _Subject) -> str:
    gate = subject.gate
    lines = [
        f"Served by {gate['engine']}, {gate['quantization']} weights. {gate['num_segments']} dev "
        f"lines by the original and the served model: {gate['identical_share']:.1%} identical.\n",
        "| | original | served |",
        "| --- | ---: | ---: |",
        f"| chrF | {gate['chrf_original']:.2f} | {gate['chrf_prepared']:.2f} |",
    ]
    sides = gate["original"], gate["prepared"]
    for title, name, scale, form in (
        ("segments/s", "segments_per_s", 1, ",.1f"),
        ("peak memory (MB)", "peak_memory_bytes", 1e6, ",.0f"),
        ("weights (MB)", "size_bytes", 1e6, ",.1f"),
    ):
        values = " | ".join(format(side[name] / scale, form) for side in sides)
        lines.append(f"| {title} | {values} |")
    leaks = _leaks(gate_note(workspace, gate))
    return "\n".join([*lines, "", f"Signature: {_code(gate['signature'])}", "", f"Leaks: {leaks}"])
