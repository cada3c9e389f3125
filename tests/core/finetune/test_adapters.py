"""Real tokenizers of every family, built tiny on the spot and loaded as users load them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, ModelError
from core.finetune.adapters import bind
from core.finetune.models import load_tokenizer
from core.finetune.segments import Split, encode_split
from core.finetune.settings import FineTuneSettings
from core.languages import all_languages
from tests.core.finetune.tiny_families import (
    ENGLISH,
    IRISH,
    build_m2m100,
    build_madlad,
    build_marian,
    build_mbart50,
    build_multilingual_marian,
    build_t5,
)

# Marian recommends a package that changes no token of ours; sentencepiece is built with SWIG.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses"),
    pytest.mark.filterwarnings("ignore:builtin type .*wig.* has no __module__:DeprecationWarning"),
]

SOURCE, TARGET = "The nurse opened the small box.", IRISH[0]

BUILDERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "M2M100": (build_m2m100, "m2m_100"),
    "mBART-50": (build_mbart50, "mbart"),
    "Marian": (build_marian, "marian"),
    "multilingual Marian": (build_multilingual_marian, "marian"),
    "T5": (build_t5, "t5"),
    "MADLAD": (build_madlad, "t5"),
}


@pytest.fixture(scope="module")
def tokenizer_folders(
    tmp_path_factory: pytest.TempPathFactory, ready_folder: Path
) -> dict[str, Path]:
    """A saved tokenizer of each family; NLLB's is the starter model's."""
    folders = {"NLLB": ready_folder / "models/starter"}
    for name, (build, model_type) in BUILDERS.items():
        saved = folders[name] = tmp_path_factory.mktemp("tokenizer") / "saved"
        build(saved.parent).save_pretrained(saved)
        (saved / "config.json").write_text(json.dumps({"model_type": model_type}))
    return folders


# family -> (languages, prefix of the source, start and end of source, of labels, forced token)
MARKS: dict[str, tuple[tuple[str, str], str, tuple[list[str], str], tuple[list[str], str], str]] = {
    "NLLB": (
        ("eng_Latn", "gle_Latn"),
        "",
        (["eng_Latn", "▁The"], "</s>"),
        (["gle_Latn", "▁D"], "</s>"),
        "gle_Latn",
    ),
    "M2M100": (
        ("eng_Latn", "gle_Latn"),
        "",
        (["__en__", "▁"], "</s>"),
        (["__ga__", "▁"], "</s>"),
        "__ga__",
    ),
    "mBART-50": (
        ("eng_Latn", "mar_Deva"),
        "",
        (["en_XX", "▁"], "</s>"),
        (["mr_IN", "▁"], "</s>"),
        "mr_IN",
    ),
    "Marian": (("eng_Latn", "gle_Latn"), "", (["▁"], "</s>"), (["▁"], "</s>"), ""),
    "multilingual Marian": (
        ("eng_Latn", "gle_Latn"),
        ">>ga<< ",
        ([">>ga<<", "▁"], "</s>"),
        (["▁"], "</s>"),
        "",
    ),
    "T5": (
        ("eng_Latn", "gle_Latn"),
        "translate English to Irish: ",
        (["▁"], "</s>"),
        (["▁"], "</s>"),
        "",
    ),
    "MADLAD": (
        ("eng_Latn", "gle_Latn"),
        "<2ga> ",
        (["▁", "<2ga>", "▁"], "</s>"),
        (["▁"], "</s>"),
        "",
    ),
}


@pytest.mark.parametrize("family", MARKS)
def test_family_is_told_the_languages_in_its_own_way(
    family: str, tokenizer_folders: dict[str, Path]
) -> None:
    languages, prefix, (source_start, source_end), (label_start, label_end), forced = MARKS[family]
    tokenizer = load_tokenizer(str(tokenizer_folders[family]))
    adapter = bind(tokenizer, *languages)
    assert adapter.family == {"multilingual Marian": "Marian", "MADLAD": "T5"}.get(family, family)
    assert adapter.source_prefix == prefix
    assert adapter.fp16_is_safe == (adapter.family != "T5")
    (source,) = adapter.encode_sources([SOURCE], 99)
    (labels,) = adapter.encode_targets([TARGET], 99)
    for ids, start, end in ((source, source_start, source_end), (labels, label_start, label_end)):
        tokens = tokenizer.convert_ids_to_tokens(ids)
        shown = [token[: len(mark)] for token, mark in zip(tokens, start, strict=False)]
        assert shown == start
        assert tokens[-1] == end
        assert tokenizer.unk_token_id not in ids
    if forced:
        assert tokenizer.convert_ids_to_tokens(adapter.forced_bos_token_id) == forced
        assert labels[0] == adapter.forced_bos_token_id
    else:
        assert adapter.forced_bos_token_id is None


@pytest.mark.parametrize("family", MARKS)
def test_generated_ids_are_decoded_to_the_text_alone(
    family: str, tokenizer_folders: dict[str, Path]
) -> None:
    """As generation gives them: the start token first, padding behind the end."""
    tokenizer = load_tokenizer(str(tokenizer_folders[family]))
    adapter = bind(tokenizer, *MARKS[family][0])
    rows = adapter.encode_targets(IRISH, 99)
    width = max(map(len, rows))
    start, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    generated = [[start, *row, *[pad] * (width - len(row))] for row in rows]
    assert adapter.decode(generated) == IRISH


@pytest.mark.parametrize("family", MARKS)
def test_long_segments_are_cut_and_keep_their_marks(
    family: str, tokenizer_folders: dict[str, Path]
) -> None:
    tokenizer = load_tokenizer(str(tokenizer_folders[family]))
    adapter = bind(tokenizer, *MARKS[family][0])
    rows = adapter.encode_sources([SOURCE * 9, ""], 6) + adapter.encode_targets([TARGET * 9, ""], 6)
    assert all(1 <= len(row) <= 6 for row in rows)
    assert {row[-1] for row in rows} == {tokenizer.eos_token_id}
    assert len(rows[0]) == len(rows[2]) == 6
    assert rows[2][0] == rows[3][0] or adapter.forced_bos_token_id is None


UNKNOWN = [
    ("M2M100", "eng_Latn", "mai_Deva", "This M2M100 model does not know Maithili (mai_Deva)."),
    ("M2M100", "kmb_Latn", "eng_Latn", "This M2M100 model does not know Kimbundu (kmb_Latn)."),
    ("mBART-50", "eng_Latn", "gle_Latn", "This mBART-50 model does not know Irish (gle_Latn)."),
    (
        "multilingual Marian",
        "eng_Latn",
        "deu_Latn",
        "This OPUS-MT model does not know German (deu_Latn).",
    ),
    ("MADLAD", "eng_Latn", "deu_Latn", "This MADLAD model does not know German (deu_Latn)."),
]


@pytest.mark.parametrize(("family", "src_lang", "tgt_lang", "sentence"), UNKNOWN)
def test_language_that_the_model_does_not_know_is_refused(
    family: str, src_lang: str, tgt_lang: str, sentence: str, tokenizer_folders: dict[str, Path]
) -> None:
    tokenizer = load_tokenizer(str(tokenizer_folders[family]))
    with pytest.raises(ModelError) as caught:
        bind(tokenizer, src_lang, tgt_lang)
    assert caught.value.message == sentence


@pytest.mark.parametrize("code", ["gle_Latin", "ga", "en_XX", ""])
def test_misspelt_code_never_becomes_the_unknown_token(
    code: str, tokenizer_folders: dict[str, Path]
) -> None:
    tokenizer = load_tokenizer(str(tokenizer_folders["NLLB"]))
    # The trap: the tokenizer itself takes any code without a word.
    assert tokenizer.convert_tokens_to_ids(code) == tokenizer.unk_token_id
    for languages in ((code, "eng_Latn"), ("eng_Latn", code)):
        with pytest.raises(ConfigError, match=f"'{code}' is not a FLORES-200 language code"):
            bind(tokenizer, *languages)


def test_nllb_tokenizer_without_a_code_is_refused() -> None:
    from transformers import NllbTokenizer

    tokenizer = NllbTokenizer(extra_special_tokens=["eng_Latn"])
    assert tokenizer.convert_tokens_to_ids("gle_Latn") == tokenizer.unk_token_id
    with pytest.raises(ModelError, match=r"This NLLB model does not know Irish \(gle_Latn\)"):
        bind(tokenizer, "eng_Latn", "gle_Latn")


def test_every_flores_code_is_a_token_of_its_own_in_nllb(
    tokenizer_folders: dict[str, Path],
) -> None:
    tokenizer = load_tokenizer(str(tokenizer_folders["NLLB"]))
    forced = {
        bind(tokenizer, "eng_Latn", item.code).forced_bos_token_id for item in all_languages()
    }
    assert len(forced) == len(all_languages())
    assert tokenizer.unk_token_id not in forced


def test_script_of_madlads_target_is_named_where_there_are_two(
    tokenizer_folders: dict[str, Path],
) -> None:
    tokenizer = load_tokenizer(str(tokenizer_folders["MADLAD"]))
    assert bind(tokenizer, "eng_Latn", "kas_Deva").source_prefix == "<2ks_Deva> "
    assert bind(tokenizer, "eng_Latn", "kas_Arab").source_prefix == "<2ks> "


def test_other_tokenizers_are_refused_by_name() -> None:
    class GPT2TokenizerFast:
        pass

    with pytest.raises(ModelError, match="The model's tokenizer is a GPT2Tokenizer") as caught:
        bind(GPT2TokenizerFast(), "eng_Latn", "gle_Latn")
    assert "NLLB" in caught.value.hint


def test_split_is_encoded_in_parallel(tokenizer_folders: dict[str, Path]) -> None:
    adapter = bind(load_tokenizer(str(tokenizer_folders["NLLB"])), "eng_Latn", "gle_Latn")
    encoded = encode_split(adapter, Split(ENGLISH, IRISH), FineTuneSettings())
    assert len(encoded.sources) == len(encoded.targets) == 3
    assert encoded.lengths.target == [len(ids) for ids in encoded.targets]


def test_labels_in_another_form_than_generation_are_refused(
    tokenizer_folders: dict[str, Path],
) -> None:
    """The older form of NLLB puts the code behind the text."""
    tokenizer = load_tokenizer(str(tokenizer_folders["NLLB"]))
    tokenizer.legacy_behaviour = True
    adapter = bind(tokenizer, "eng_Latn", "gle_Latn")
    with pytest.raises(ModelError, match="translations would begin with 'gle_Latn'"):
        encode_split(adapter, Split(ENGLISH, IRISH), FineTuneSettings())
