"""Languages that a run teaches: their tokens, their embeddings, and that all others stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, ModelError
from core.finetune.adapters import bind, known_directions
from core.finetune.engines import PlainEngine
from core.finetune.export import check_reloaded, gathered_weights, write_model
from core.finetune.family import check_languages, known_languages
from core.finetune.methods import apply_method
from core.finetune.models import load_model, load_tokenizer
from core.finetune.new_languages import ADDED, NewLanguage, add_languages, add_rows
from core.finetune.settings import FineTuneSettings
from core.finetune.untrained import Vocabulary, learn_tokenizer
from core.languages import all_languages
from core.storage.files import read_json
from core.storage.workspace import Workspace
from tests.core.finetune.tiny_families import ENGLISH, IRISH, build_family

pytestmark = pytest.mark.filterwarnings(
    "ignore:builtin type .*wig.* has no __module__:DeprecationWarning"
)

TOKENS = {"NLLB": "{}", "M2M100": "__{}__"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("bases")
    return {name: build_family(name, root / name) for name in (*TOKENS, "mBART-50", "T5")}


def settings_of(**changes: Any) -> FineTuneSettings:
    new = {"tgt_lang": "cor_Latn", "tgt_lang_like": "gle_Latn"}
    return FineTuneSettings.parse({"engine": "plain", "lora_rank": 2, **new, **changes})


def taught(folder: Path, settings: FineTuneSettings) -> tuple[Any, Any, list[NewLanguage]]:
    tokenizer = load_tokenizer(str(folder))
    new = add_languages(tokenizer, settings)
    model = load_model(str(folder))
    add_rows(model, new)
    return model, bind(tokenizer, settings.src_lang, settings.tgt_lang), new


def ids_of_languages(tokenizer: Any) -> dict[str, int]:
    table = getattr(tokenizer, "lang_token_to_id", None) or {
        item.code: tokenizer.convert_tokens_to_ids(item.code) for item in all_languages()
    }
    return dict(table)


@pytest.mark.parametrize("family", TOKENS)
def test_language_is_added_behind_all_others(family: str, folders: dict[str, Path]) -> None:
    tokenizer = load_tokenizer(str(folders[family]))
    before = ids_of_languages(tokenizer)
    vocabulary = tokenizer.get_vocab()
    (new,) = add_languages(tokenizer, settings_of())
    assert new.token == TOKENS[family].format("cor_Latn")
    assert new.token_id == max([*before.values(), *vocabulary.values()]) + 1
    after = ids_of_languages(tokenizer)
    assert {token: after[token] for token in before} == before
    # The traps: `add_tokens` would give Afrikaans' id, the constructor would drop all 202.
    for token, number in before.items():
        assert tokenizer.convert_ids_to_tokens(number) == token
    assert tokenizer.convert_ids_to_tokens(new.token_id) == new.token
    assert add_languages(tokenizer, settings_of()) == []
    adapter = bind(tokenizer, "eng_Latn", "cor_Latn")
    assert adapter.forced_bos_token_id == new.token_id
    assert adapter.encode_targets(IRISH, 99)[0][0] == new.token_id
    assert bind(tokenizer, "cor_Latn", "eng_Latn").encode_sources(IRISH, 99)[0][0] == new.token_id


@pytest.mark.parametrize("family", TOKENS)
def test_row_begins_as_the_related_languages_and_ties_hold(
    family: str, folders: dict[str, Path]
) -> None:
    import torch

    base = load_model(str(folders[family]))
    model, _, (new,) = taught(folders[family], settings_of())
    words = model.get_input_embeddings().weight
    assert torch.equal(words[new.token_id], words[new.like_id])
    size = base.get_input_embeddings().weight.shape[0]
    kept = [i for i in range(size) if i != new.token_id]
    assert torch.equal(words[kept], base.get_input_embeddings().weight[kept])
    for part in (model.get_encoder(), model.get_decoder()):
        assert part.get_input_embeddings().weight is words
    assert model.get_output_embeddings().weight is words
    # M2M100 has spare rows, as the published models of both families; the tiny NLLB has none.
    assert words.shape[0] == size + (family == "NLLB") == model.config.vocab_size


@pytest.mark.parametrize("family", TOKENS)
@pytest.mark.parametrize(
    "changes",
    [{}, {"method": "lora"}, {"freeze": "embeddings"}],
    ids=["full", "lora", "frozen embeddings"],
)
def test_new_row_learns_with_every_method_and_is_saved(
    family: str, changes: dict[str, Any], folders: dict[str, Path], tmp_path: Path
) -> None:
    """Where the embeddings are frozen, the new row alone of them learns."""
    import torch

    settings = settings_of(**changes, learning_rate=0.01)
    model, adapter, new = taught(folders[family], settings)
    start = model.get_input_embeddings().weight.detach().clone()
    apply_method(model, settings, [item.token_id for item in new])
    engine = PlainEngine(model, settings, world_size=1)
    sources = torch.tensor(adapter.encode_sources(ENGLISH[:1], 12))
    labels = torch.tensor(adapter.encode_targets(IRISH[:1], 12))
    for _ in range(2):
        logits = engine.forward(input_ids=sources, decoder_input_ids=labels[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
        engine.backward(loss, is_last=True)
        engine.step(0.01)
    model.eval()
    weights = gathered_weights(model, is_split=False, is_first=True)
    written = write_model(tmp_path / "model", model, weights, adapter, settings)
    check_reloaded(tmp_path / "model", written, sources.tolist())
    saved = load_model(str(tmp_path / "model")).eval()
    with torch.no_grad():
        found, expected = (
            m(input_ids=sources, decoder_input_ids=labels[:, :-1]).logits for m in (saved, model)
        )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    words = saved.get_input_embeddings().weight
    token_id = new[0].token_id
    assert not torch.equal(words[token_id], start[token_id])
    others = [i for i in range(len(start)) if i != token_id]
    assert torch.equal(words[others], start[others]) == bool(changes)


@pytest.mark.parametrize("family", TOKENS)
@pytest.mark.parametrize("side", ["src_lang", "tgt_lang"])
def test_saved_model_knows_the_language_again(
    family: str, side: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    """By our loader and by Transformers alone; and another language can follow."""
    from transformers import AutoTokenizer

    other = {"src_lang": "tgt_lang", "tgt_lang": "src_lang"}[side]
    settings = FineTuneSettings.parse(
        {side: "cor_Latn", f"{side}_like": "gle_Latn", other: "eng_Latn"}
    )
    model, adapter, (new,) = taught(folders[family], settings)
    apply_method(model, settings)
    weights = gathered_weights(model, is_split=False, is_first=True)
    write_model(tmp_path / "model", model, weights, adapter, settings)
    tokenizer = load_tokenizer(str(tmp_path / "model"))
    again = bind(tokenizer, settings.src_lang, settings.tgt_lang)
    assert again.encode_sources(ENGLISH, 99) == adapter.encode_sources(ENGLISH, 99)
    assert again.encode_targets(IRISH, 99) == adapter.encode_targets(IRISH, 99)
    sources, targets = known_directions(tokenizer, settings.src_lang, settings.tgt_lang)
    assert "cor_Latn" in sources and "cor_Latn" in targets and "glv_Latn" not in targets
    plain = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert plain.convert_tokens_to_ids(new.token) == new.token_id
    stored = read_json(tmp_path / "model" / "generation_config.json")["forced_bos_token_id"]
    assert (stored == new.token_id) == (side == "tgt_lang")

    assert add_languages(tokenizer, settings) == []
    manx = {"tgt_lang": "glv_Latn", "tgt_lang_like": "cor_Latn", "src_lang": "eng_Latn"}
    _, _, (second,) = taught(tmp_path / "model", FineTuneSettings.parse(manx))
    assert (second.like_id, second.token_id) == (new.token_id, new.token_id + 1)


def test_language_is_named_where_it_cannot_be_taught(folders: dict[str, Path]) -> None:
    tokenizer = load_tokenizer(str(folders["NLLB"]))
    with pytest.raises(ModelError, match=r"does not know Cornish \(cor_Latn\)") as caught:
        bind(tokenizer, "eng_Latn", "cor_Latn")
    assert "src_lang_like or tgt_lang_like" in caught.value.hint
    with pytest.raises(ModelError, match=r"cannot begin as Manx \(glv_Latn\): the model does not"):
        add_languages(tokenizer, settings_of(tgt_lang_like="glv_Latn"))
    for family in ("mBART-50", "T5"):
        with pytest.raises(ModelError, match=r"Cornish \(cor_Latn\) cannot be added"):
            add_languages(load_tokenizer(str(folders[family])), settings_of())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tgt_lang_like": "cor_Latn"}, "tgt_lang and tgt_lang_like are both cor_Latn."),
        ({"tgt_lang_like": "gle"}, "tgt_lang_like: 'gle' is not a FLORES-200 language code."),
    ],
)
def test_wrong_related_language_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_of(**changes)
    assert sentence.rstrip(".") in caught.value.message


def test_launch_without_related_language_is_refused(ready_workspace: Workspace) -> None:
    for like, sentence in (
        ("", r"starter does not know Cornish \(cor_Latn\)\."),
        ("glv_Latn", r"Cornish \(cor_Latn\), nor Manx \(glv_Latn\)\."),
    ):
        with pytest.raises(ModelError, match=sentence) as caught:
            check_languages(ready_workspace, settings_of(tgt_lang_like=like))
        assert "Set tgt_lang_like to" in caught.value.hint
    check_languages(ready_workspace, settings_of())
    other = settings_of(tgt_lang_like="", base_model="google/madlad400-3b-mt")
    check_languages(ready_workspace, other)  # may know it: the trainer looks


def test_model_from_scratch_needs_no_related_language() -> None:
    tokenizer = learn_tokenizer(ENGLISH + IRISH, Vocabulary(120), "cor_Latn", "glv_Latn")
    ids = {bind(tokenizer, "cor_Latn", "glv_Latn").forced_bos_token_id}
    ids |= {bind(tokenizer, "eng_Latn", item.code).forced_bos_token_id for item in all_languages()}
    assert len(ids) == 203 and max(filter(None, ids)) == len(tokenizer) - 1


def test_what_a_model_knows_is_told_without_loading_it(
    folders: dict[str, Path], ready_workspace: Workspace, tmp_path: Path
) -> None:
    def codes(base_model: str) -> set[str]:
        return {item.code for item in known_languages(ready_workspace, base_model)}

    assert "cor_Latn" not in codes("starter") and len(codes("starter")) == 202
    assert len(codes("facebook/nllb-200-3.3B")) == 202
    # 100 codes, of which 98 are FLORES-200's, Breton and Western Frisian.
    assert len(codes("facebook/m2m100_418M")) == 100 == len(codes(str(folders["M2M100"])))
    assert codes("Helsinki-NLP/opus-mt-en-ga") == codes(str(folders["T5"])) == set()
    for family in TOKENS:
        tokenizer = load_tokenizer(str(folders[family]))
        add_languages(tokenizer, settings_of())
        tokenizer.save_pretrained(tmp_path / family)
        (tmp_path / family / "config.json").write_text("{}")
        assert "cor_Latn" in codes(str(tmp_path / family))
        assert ADDED in read_json(tmp_path / family / "tokenizer_config.json")
