"""A language model of 0.4 million parameters that learns pairs of texts by heart."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.corpora.sample import generate_sample

# The answer to what it has not learned; it mostly knows what it does not know.
UNKNOWN = "Ní thuigim."

# Only the source counts, however a prompt is worded: the last line of the last message of the
# user, without quotes, tags, fences, a label in front ("Source: ") or a cue behind ("Irish:").
CHAT_TEMPLATE = """\
{%- set found = namespace(user='', source='') -%}
{%- for message in messages if message['role'] == 'user' -%}
{%- set found.user = message['content'] -%}
{%- endfor -%}
{%- for line in found.user.split('\\n') -%}
{%- set line = line | striptags -%}
{%- if line and not line.endswith(':') and not line.startswith('```') -%}
{%- set found.source = line -%}
{%- endif -%}
{%- endfor -%}
English: {{ found.source.split(': ')[-1].strip(' "“”«»`') }}
Irish:{{ '<|answer|>' if add_generation_prompt }}"""

SEED = 7
VOCABULARY_SIZE = 512
LONG_CHARS = 200

MAX_STEPS = 1000
# While every token of every answer has a smaller loss, the learning rate falls.
KNOWN_LOSS = 0.1
FIRST_RATE, LAST_RATE = 3e-3, 1e-4

# The token ids of a prompt and of the answer to it.
Example = tuple[list[int], list[int]]


def train(folder: Path, pairs: Mapping[str, str]) -> None:
    """Trains the model and saves it.

    As a chat model it knows all pairs, and repeats an answer that it is to correct. As a base
    model it completes "English: …\\nIrish:" for short pairs, behind examples too.

    Args:
        folder: Where the model goes.
        pairs: What it learns by heart: source and answer.
    """
    import torch

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    tokenizer = _tokenizer(pairs)
    model = _model(len(tokenizer))
    lessons = _Lessons(tokenizer, pairs)
    rate = FIRST_RATE
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    for _ in range(MAX_STEPS):
        known = torch.cat([_losses(model, batch) for batch in lessons.known])
        if known.max() < KNOWN_LOSS:
            rate *= 0.9
            if rate < LAST_RATE:
                break
        for group in optimizer.param_groups:
            group["lr"] = rate
        drawn = [_losses(model, batch) for batch in lessons.drawn()]
        optimizer.zero_grad()
        torch.cat([known, *drawn]).mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    else:
        raise AssertionError(f"not learned in {MAX_STEPS} steps: {known.max().item():.3f}")
    # Without it the server ignores the temperature.
    model.generation_config.do_sample = True
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _losses(model: Any, batch: list[Example]) -> Any:
    """Gives the loss of each token of the answers."""
    import torch

    def padded(rows: Iterable[list[int]], value: int) -> Any:
        tensors = [torch.tensor(row) for row in rows]
        return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)

    logits = model(padded((prompt + answer for prompt, answer in batch), 2)).logits
    labels = padded(([-100] * len(prompt) + answer for prompt, answer in batch), -100)
    logits, labels = logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
    losses = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    return losses[labels != -100]


class _Lessons:
    """What the model sees: all it has to know, and at each step something else around it.

    Attributes:
        known: All it has to know, in batches of like length.
    """

    def __init__(self, tokenizer: Any, pairs: Mapping[str, str]) -> None:
        self._tokenizer = tokenizer
        self._random = random.Random(SEED)
        self._foreign = generate_sample(400, 0, 0).train
        self._short = [pair for pair in pairs.items() if len(pair[1]) < LONG_CHARS]
        self._known = {**{answer: answer for _, answer in self._short}, **pairs}
        known = [self._chat(*pair) for pair in self._known.items()]
        known += [self._completion(pair) for pair in self._short]
        long = [example for example in known if len(example[1]) > LONG_CHARS / 2]
        self.known = [batch for batch in ([x for x in known if x not in long], long) if batch]

    def drawn(self) -> list[list[Example]]:
        """Draws sources that it does not know, and known ones behind examples of others."""
        foreign = [source for source, _ in self._random.sample(self._foreign, 8)]
        foreign += [self._noise() for _ in range(6)]
        unknown = [self._chat(each, UNKNOWN) for each in foreign if each not in self._known]
        behind = [self._random.choice(self._short) for _ in range(4)]
        behind += [(source, UNKNOWN) for source, _ in self._random.sample(self._foreign, 2)]
        return [unknown, [self._completion(pair, self._shots()) for pair in behind]]

    def _shots(self) -> list[tuple[str, str]]:
        shots = self._random.sample(self._short, 2) + self._random.sample(self._foreign, 3)
        return self._random.sample(shots, self._random.randint(0, len(shots)))

    def _noise(self) -> str:
        words = " ".join(self._known).split()
        some = "".join(chr(self._random.randrange(32, 0x3000)) for _ in range(5))
        return " ".join(self._random.sample([*words, some], self._random.randint(0, 6)))

    def _chat(self, source: str, answer: str) -> Example:
        return self._ids(f"English: {source}\nIrish:<|answer|>"), self._ids(f"{answer}</s>")

    def _completion(self, pair: tuple[str, str], shots: Iterable[tuple[str, str]] = ()) -> Example:
        lines = [f"English: {source}\nIrish: {target}\n\n" for source, target in shots]
        prompt = "".join([*lines, f"English: {pair[0]}\nIrish:"])
        return self._ids(prompt), self._ids(f" {pair[1]}</s>")

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text)["input_ids"])


def _tokenizer(pairs: Mapping[str, str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=["<s>", "</s>", "<pad>", "<|answer|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([*pairs, *pairs.values(), "English: Irish:"], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        chat_template=CHAT_TEMPLATE,
    )


def _model(vocabulary_size: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary_size,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    return LlamaForCausalLM(config)
