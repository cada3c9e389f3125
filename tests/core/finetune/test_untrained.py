from __future__ import annotations

from pathlib import Path

import pytest

from core.corpora.sample import generate_sample
from core.errors import ConfigError
from core.finetune.adapters import bind
from core.finetune.models import load_model, load_tokenizer
from core.finetune.untrained import (
    Sizes,
    Vocabulary,
    build_untrained,
    learn_tokenizer,
    num_pieces,
)
from core.languages import all_languages

TEXTS = [text for pair in generate_sample(200, 1, 1).train for text in pair]
TINY = Sizes(d_model=12, num_layers=2, num_heads=3, ffn_dim=20, dropout=0.3, num_positions=64)


def built(folder: Path, *, seed: int = 1, num_wanted: int = 150) -> Path:
    tokenizer = learn_tokenizer(TEXTS, Vocabulary(num_wanted), "eng_Latn", "gle_Latn")
    build_untrained(folder, tokenizer, TINY, seed=seed, card="# Untrained\n")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_seed_decides_the_weights_and_nothing_else(tmp_path: Path) -> None:
    first, again, other = (
        files_of(built(tmp_path / name, seed=seed))
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again
    assert {name for name in first if first[name] != other[name]} == {"model.safetensors"}


def test_model_has_the_sizes_that_were_asked_for(tmp_path: Path) -> None:
    model = load_model(str(built(tmp_path / "model")))
    config = model.config
    assert (config.d_model, config.encoder_layers, config.decoder_layers) == (12, 2, 2)
    assert (config.encoder_attention_heads, config.decoder_attention_heads) == (3, 3)
    assert (config.encoder_ffn_dim, config.decoder_ffn_dim) == (20, 20)
    assert (config.dropout, config.attention_dropout, config.encoder_layerdrop) == (0.3, 0, 0)
    assert config.max_position_embeddings == 64
    assert model.num_parameters() == TINY.num_parameters(config.vocab_size)


def test_every_language_code_is_one_token_of_its_own(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(built(tmp_path / "model")))
    ids = set()
    for code in [item.code for item in all_languages()]:
        adapter = bind(tokenizer, code, "gle_Latn")
        (tokens,) = adapter.encode_sources([TEXTS[0]], 64)
        ids.add(tokens[0])
        assert tokenizer.convert_ids_to_tokens(tokens)[0] == code
        assert tokenizer.decode(tokens, skip_special_tokens=True).strip() == TEXTS[0]
    assert len(ids) == len(all_languages())
    assert [tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id] == [1, 2, 3]


@pytest.mark.parametrize("num_wanted", [120, 200])
def test_vocabulary_has_the_pieces_that_were_asked_for(num_wanted: int) -> None:
    tokenizer = learn_tokenizer(TEXTS, Vocabulary(num_wanted), "eng_Latn", "gle_Latn")
    assert num_pieces(tokenizer) == num_wanted
    assert len(tokenizer) == num_wanted + 203


def test_texts_that_give_fewer_pieces_give_all_they_have() -> None:
    vocabulary = Vocabulary(1000, min_count=2)
    tokenizer = learn_tokenizer(["aab aab", "b"], vocabulary, "eng_Latn", "gle_Latn")
    # Four special tokens, ▁ a b, and what stands together at least twice.
    assert num_pieces(tokenizer) == 10
    assert tokenizer.tokenize("aab") == ["▁aab"]


def test_a_word_has_the_same_pieces_before_punctuation() -> None:
    texts = ["the house, the house. (the house) l'eau, मांजर।"] * 9
    tokenizer = learn_tokenizer(
        texts, Vocabulary(200, splits_punctuation=True), "eng_Latn", "mar_Deva"
    )
    assert tokenizer.tokenize("house, the l'eau मांजर।") == [
        *("▁house", ",", "▁the", "▁l", "'", "eau", "▁मांजर", "।")
    ]
    joined = learn_tokenizer(texts, Vocabulary(200), "eng_Latn", "mar_Deva")
    assert joined.tokenize("house,") == ["▁house,"]


def test_more_characters_than_pieces_is_refused() -> None:
    han = "".join(chr(0x4E00 + i) for i in range(300))
    with pytest.raises(ConfigError) as caught:
        learn_tokenizer([han], Vocabulary(200), "zho_Hans", "eng_Latn")
    assert caught.value.message == (
        "The texts hold 301 different characters and the vocabulary is to have 200 pieces: none "
        "is left to learn."
    )
    assert "larger vocabulary" in caught.value.hint


def test_what_an_ended_build_left_is_no_obstacle(tmp_path: Path) -> None:
    left = tmp_path / ".model.partial"
    left.mkdir()
    (left / "half").touch()
    folder = built(tmp_path / "model")
    assert not left.exists()
    assert not (folder / "half").exists()
