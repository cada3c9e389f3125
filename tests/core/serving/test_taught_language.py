"""A language that a run taught to NLLB or M2M100 is served by CTranslate2 too."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.finetune.adapters import bind
from core.finetune.export import write_model
from core.finetune.models import load_model, load_tokenizer
from core.finetune.new_languages import add_languages, add_rows
from core.finetune.settings import FineTuneSettings
from core.serving import conversion
from core.serving.codec import Codec
from tests.core.finetune.tiny_families import ENGLISH, build_family

pytestmark = pytest.mark.filterwarnings(
    "ignore:builtin type .*wig.* has no __module__:DeprecationWarning"
)
COUNT = 6  # tokens of a translation, the forced one included


@pytest.mark.parametrize("family", ["NLLB", "M2M100"])
@pytest.mark.parametrize("is_target", [True, False], ids=["into", "from"])
def test_converted_model_translates_as_the_saved_one(
    family: str, is_target: bool, tmp_path: Path
) -> None:
    import ctranslate2
    import torch

    pair = ("eng_Latn", "cor_Latn") if is_target else ("cor_Latn", "eng_Latn")
    values = dict(zip(("src_lang", "tgt_lang"), pair, strict=True))
    side = "tgt_lang" if is_target else "src_lang"
    settings = FineTuneSettings.parse({**values, f"{side}_like": "gle_Latn"})
    base = str(build_family(family, tmp_path / "base"))
    tokenizer, model = load_tokenizer(base), load_model(base)
    new = add_languages(tokenizer, settings)
    add_rows(model, new)
    with torch.no_grad():  # as if it had learnt
        model.get_input_embeddings().weight[new[0].token_id] *= -1.5
    adapter = bind(tokenizer, *pair)
    write_model(tmp_path / "saved", model, dict(model.state_dict()), adapter, settings)

    conversion.convert(tmp_path / "saved", tmp_path / "served", "float32")
    conversion.save_tokenizer(load_tokenizer(str(tmp_path / "saved")), tmp_path / "served")
    conversion.check_converted_vocabulary(tmp_path / "served", [new[0].token])
    codec = Codec(tmp_path / "served")
    (source,) = codec.encode(ENGLISH[:1], *pair)
    tokens = codec.tokenizer.convert_ids_to_tokens
    translator = ctranslate2.Translator(str(tmp_path / "served"), device="cpu")
    (found,) = translator.translate_batch(
        [tokens(list(source.ids))],
        target_prefix=[[tokens(source.first_id)]],
        beam_size=1,
        max_decoding_length=COUNT,
        min_decoding_length=COUNT - 1,
    )
    saved = load_model(str(tmp_path / "saved")).eval()
    expected = saved.generate(
        input_ids=torch.tensor([source.ids]),
        forced_bos_token_id=source.first_id,
        max_length=None,
        max_new_tokens=COUNT,
        min_new_tokens=COUNT,
        num_beams=1,
        do_sample=False,
    )
    first = tokens(expected[0].tolist())[1:COUNT]
    assert first[0] == tokens(source.first_id)
    assert (first[0] == new[0].token) == is_target
    assert found.hypotheses[0][: COUNT - 1] == first
