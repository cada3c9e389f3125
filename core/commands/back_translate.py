"""`python -m core corpora back-translate`."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands.answers import Answer, given_options
from core.commands.corpora_following import worked
from core.corpora.doctor.checks import REASONS
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.corpora.formats.files import InputFile

_SAID_OTHERWISE = {
    "name",
    "corpus",
    "file_name",
    "text_sha256",
    "system",
    "from_lang",
    "to_lang",
    "parameters",
    "prompt",
}


def add_back_translate(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds this action to the group `corpora`."""
    from core.systems.back_translation.settings import BackTranslateSettings
    from core.systems.parameters import Parameters

    parser = commands.add_parser(
        "back-translate",
        parents=[common],
        help="make a corpus of monolingual text and its machine translations",
    )
    parser.add_argument(
        "text", metavar="FILE|CORPUS", help="a text file with a segment a line, or a corpus"
    )
    parser.add_argument("--system", required=True, help="id or name of who translates")
    parser.add_argument(
        "--from", dest="from_lang", required=True, metavar="LANG", help="language of the text"
    )
    parser.add_argument(
        "--to", dest="to_lang", required=True, metavar="LANG", help="language to translate into"
    )
    parser.add_argument("--name", default="", help="name of the new corpus")
    parser.add_argument("--template", default="Zero-shot", help="prompt template of LLMs")
    BackTranslateSettings.add_arguments(parser, without=_SAID_OTHERWISE)
    Parameters.add_arguments(parser)
    parser.set_defaults(command=_back_translate)


def _back_translate(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.formats.files import kind_at, local_file
    from core.systems.back_translation.settings import BackTranslateSettings
    from core.systems.parameters import Parameters

    values = given_options(BackTranslateSettings, chosen)
    parameters = given_options(Parameters, chosen)
    if "stop" in parameters:
        parameters["stop"] = (parameters["stop"],)
    values |= {"parameters": parameters, "prompt": {"template": chosen.template}}
    files: list[InputFile] = []
    path = Path(chosen.text)
    if kind_at(path):
        file = local_file(path)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        files = [file]
        values |= {"file_name": file.name, "text_sha256": digest}
    else:
        values["corpus"] = chosen.text
    settings = BackTranslateSettings.parse(values)
    result = worked(workspace, "back-translate", settings, files=files)
    corpus = workspace.corpora.get(result["corpus"])
    rejected = result["rejected"]
    words = ", ".join(f"{count:,} {REASONS[key].label}" for key, count in rejected.items())
    tag = corpus.details["tag"]
    text = (
        f"{corpus.name}: {corpus.num_train:,} pairs to learn from; left out: {words or 'nothing'}."
        f"\nMix it in: python -m core finetune … --mixed corpus={corpus.id}"
        + (f" 'tag={tag}'" if tag else "")
    )
    return Answer(text, {**vars(corpus), **result})
