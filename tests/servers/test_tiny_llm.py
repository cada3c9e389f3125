"""The tiny model behind its real server: exact texts, exact refusals, and a stop that stops."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import psutil
import pytest

from tests.servers.tiny_llm import LONG_SOURCE, PAIRS, LlmServer

NURSE = "The nurse writes a letter."


@pytest.fixture(scope="module")
def client(tiny_llm: LlmServer) -> Iterator[openai.OpenAI]:
    plain = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(
        base_url=tiny_llm.url, api_key="none", max_retries=0, http_client=plain
    ) as opened:
        yield opened


def asked(source: str, wording: str = "{}") -> list[dict[str, str]]:
    return [{"role": "user", "content": wording.format(source)}]


@pytest.mark.parametrize("source", PAIRS)
def test_a_learned_source_is_answered_exactly(
    tiny_llm: LlmServer, client: openai.OpenAI, source: str
) -> None:
    system = {"role": "system", "content": "You translate.\nGive only the translation."}
    wording = "Translate this text from English into Irish:\n\n{}"
    answer = client.chat.completions.create(
        model=tiny_llm.model, messages=[system, *asked(source, wording)], temperature=0
    )
    assert answer.choices[0].message.content == PAIRS[source]
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    "wording",
    [
        "{}",
        "English:\n{}\n\nDraft in Irish:\n\nIrish:",
        "<source>{}</source>",
        "```\n{}\n```",
        'Text: "{}"',
        "word " * 400 + "\n\n{}\n",
    ],
)
def test_the_wording_around_a_source_does_not_matter(
    tiny_llm: LlmServer, client: openai.OpenAI, wording: str
) -> None:
    answer = client.chat.completions.create(
        model=tiny_llm.model, messages=asked(NURSE, wording), temperature=0
    )
    assert answer.choices[0].message.content == PAIRS[NURSE]


def test_a_stream_gives_the_same_text_piece_by_piece(
    tiny_llm: LlmServer, client: openai.OpenAI
) -> None:
    with client.chat.completions.create(
        model=tiny_llm.model, messages=asked(LONG_SOURCE), temperature=0, stream=True
    ) as stream:
        chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert "".join(pieces) == PAIRS[LONG_SOURCE]
    assert len(pieces) > 200
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.completion_tokens > 200


def test_as_a_base_model_it_completes_lines(tiny_llm: LlmServer, client: openai.OpenAI) -> None:
    answer = client.completions.create(
        model=tiny_llm.model, prompt=f"English: {NURSE}\nIrish:", temperature=0, max_tokens=50
    )
    assert answer.choices[0].text == f" {PAIRS[NURSE]}"


def test_seeds_decide_what_a_high_temperature_gives(
    tiny_llm: LlmServer, client: openai.OpenAI
) -> None:
    texts = [
        client.chat.completions.create(
            model=tiny_llm.model,
            messages=asked(NURSE),
            temperature=5,
            seed=seed,
            max_tokens=20,
        )
        .choices[0]
        .message.content
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_a_closed_stream_frees_the_server(tiny_llm: LlmServer, client: openai.OpenAI) -> None:
    process = psutil.Process(tiny_llm.pid)

    def cpu_s(num_pieces: int) -> float:
        before = process.cpu_times()
        with client.chat.completions.create(
            model=tiny_llm.model, messages=asked(LONG_SOURCE), temperature=0, stream=True
        ) as stream:
            for _, _ in zip(range(num_pieces), stream, strict=False):
                pass
        # Served after the stream, so it waits for what is left of that.
        client.chat.completions.create(
            model=tiny_llm.model, messages=asked(NURSE), temperature=0, max_tokens=1
        )
        after = process.cpu_times()
        return after.user + after.system - before.user - before.system

    # Once in 20 to 40 times `transformers serve` does not notice: where the client leaves while it
    # sends, nobody tells its generator (seen with 5.x).
    assert min(cpu_s(num_pieces=5) for _ in range(4)) < cpu_s(num_pieces=1000) / 2


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"model": "another"}, 400, "Server is pinned to"),
        ({"extra_body": {"top_k": 4}}, 422, "Unexpected fields"),
    ],
)
def test_other_models_and_unknown_fields_are_refused(
    tiny_llm: LlmServer, client: openai.OpenAI, fields: dict, status: int, words: str
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(
            **{"model": tiny_llm.model, "messages": asked(NURSE), **fields}
        )
    assert refused.value.status_code == status
    assert words in str(refused.value.response.text)
