from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import AdaptMLLMError
from core.storage.answer_records import AnswerRecord
from core.storage.workspace import Workspace
from core.systems.batch.forecast import SAMPLE, Forecast, forecast
from core.systems.batch.settings import BatchSettings
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from core.systems.prompting import messages_of
from core.systems.prompts.tokens import count_messages, estimate_tokens
from core.systems.protocol import Request, SystemInfo, Usage
from tests.core.systems.small_corpus import TEST, add_corpus

DIRECTION = ("eng_Latn", "gle_Latn")


def endpoint(workspace: Workspace, name: str = "LLM", **values: Any) -> SystemInfo:
    plain = {"name": name, "base_url": "https://e.org/v1", "model": "m"}
    return add_endpoint(workspace, EndpointSettings.parse({**plain, **values}))


def settings(*systems: str, **values: Any) -> BatchSettings:
    return BatchSettings.parse({"corpus": "Small", "systems": systems, **values})


def only(workspace: Workspace, system: SystemInfo, **values: Any) -> Forecast:
    (found,) = forecast(workspace, settings(system.id, **values))
    assert found.info == system
    return found


def test_mt_service_is_paid_by_the_character(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace, kind="deepl", model="", price_characters_usd=20.0)
    found = only(workspace, info)
    characters = sum(len(source) for source, _ in TEST)
    assert replace(found.usage, cost_usd=0.0) == Usage(characters=characters, is_estimated=True)
    assert found.num_segments == 2
    assert found.cost_usd == pytest.approx(characters * 20.0 / 1e6)
    assert found.cost_per_segment_usd == pytest.approx(found.cost_usd / 2)
    back = only(workspace, info, src_lang="gle_Latn", tgt_lang="eng_Latn")
    assert back.usage.characters == sum(len(target) for _, target in TEST)


@pytest.mark.parametrize("num", [1, SAMPLE - 1, SAMPLE, SAMPLE + 1, 45, 1000])
def test_llm_is_paid_by_the_token_of_prompts_and_answers(num: int, workspace: Workspace) -> None:
    source, reference = TEST[0]
    add_corpus(workspace, test=[(source, reference)] * num)
    info = endpoint(workspace, price_in_usd=1.0, price_out_usd=2.0)
    found = only(workspace, info)
    prompt = count_messages(messages_of(Request(source, *DIRECTION)))
    answer = estimate_tokens(reference)
    expected = Usage(num * prompt, num * answer, is_estimated=True)
    assert replace(found.usage, cost_usd=0.0) == expected
    assert found.cost_usd == pytest.approx(num * (prompt + 2 * answer) / 1e6)
    assert found.cost_per_segment_usd == pytest.approx((prompt + 2 * answer) / 1e6)


def test_sample_is_taken_from_the_whole_test_set(workspace: Workspace) -> None:
    # Half of the segments are ten times as long, and these come first.
    source, reference = TEST[0]
    long = (f"{source} " * 10, f"{reference} " * 10)
    add_corpus(workspace, test=[long] * 200 + [(source, reference)] * 200)
    found = only(workspace, endpoint(workspace))
    answers = 200 * (estimate_tokens(long[1]) + estimate_tokens(reference))
    assert found.usage.completion_tokens == answers


def test_draft_of_its_own_is_another_call(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    once = only(workspace, info, prompt={"template": "Post-edit a draft"})
    twice = only(workspace, info, prompt={"template": "Translate, then refine"})
    assert twice.usage.completion_tokens == 2 * once.usage.completion_tokens
    assert twice.usage.prompt_tokens > 1.5 * once.usage.prompt_tokens


def test_examples_and_context_cost_tokens(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    plain = only(workspace, info)
    examples = only(workspace, info, prompt={"template": "Retrieved few-shot", "corpus": "Small"})
    context = only(
        workspace, info, prompt={"template": "Document context", "context": "word " * 500}
    )
    assert plain.usage.prompt_tokens < examples.usage.prompt_tokens < context.usage.prompt_tokens
    assert plain.usage.completion_tokens == examples.usage.completion_tokens


def test_fewer_segments_cost_less(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace, price_in_usd=1.0)
    assert only(workspace, info, num_segments=1).num_segments == 1
    assert only(workspace, info, num_segments=1).cost_usd < only(workspace, info).cost_usd


def test_cost_without_a_price_is_nothing(workspace: Workspace) -> None:
    add_corpus(workspace)
    assert only(workspace, endpoint(workspace)).cost_usd == 0.0
    assert Forecast(SystemInfo("e", "n", "openai"), 0, Usage(), 1.0, None).cost_per_segment_usd == 0


def test_each_system_has_a_forecast_of_its_own(workspace: Workspace) -> None:
    add_corpus(workspace)
    infos = [
        endpoint(workspace, "Dear", price_in_usd=9.0),
        endpoint(workspace, "MT", kind="deepl", model="", price_characters_usd=20.0),
        endpoint(workspace, "Cheap", price_in_usd=1.0),
    ]
    found = forecast(workspace, settings(*(info.id for info in infos)))
    assert [each.info for each in found] == infos
    assert found[0].cost_usd == pytest.approx(9 * found[2].cost_usd)


def asked(number: int, info: SystemInfo, seconds: float | None, **values: Any) -> AnswerRecord:
    plain = AnswerRecord(
        id=f"{info.name}{number}",
        ask_id=f"{info.name}{number}",
        position=0,
        purpose="compare",
        system_id=info.id,
        system_name=info.name,
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        source="Hello",
        asked_at=f"2024-01-01T{number:04}",
        state="done",
        figures={"total_s": seconds},
    )
    return replace(plain, **values)


def test_speed_is_that_of_earlier_answers(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    assert only(workspace, info).seconds is None
    times = (9.0, 1.0, 2.0)
    workspace.answers.add([asked(number, info, seconds) for number, seconds in enumerate(times)])
    assert only(workspace, info).seconds == 2.0


def test_speed_is_known_whatever_the_others_are_called(workspace: Workspace) -> None:
    add_corpus(workspace)
    info, other = endpoint(workspace, "e"), endpoint(workspace, "Hello, e")
    workspace.answers.add([asked(0, info, 3.0, system_name="an earlier name")])
    workspace.answers.add([asked(number, other, 90.0) for number in range(1, 200)])
    assert only(workspace, info).seconds == 3.0
    assert only(workspace, other).seconds == 90.0


def test_answers_that_say_nothing_of_the_speed_do_not_count(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    workspace.answers.add(
        [
            asked(1, info, 90.0, state="failed"),
            asked(2, info, 90.0, state="stopped"),
            asked(3, info, 90.0, purpose="chat"),
            asked(4, info, None),
            asked(5, info, 0.0),
            asked(6, info, 1.0, figures={}),
        ]
    )
    assert only(workspace, info).seconds is None
    workspace.answers.add([asked(0, info, 1.5, purpose="arena")])
    assert only(workspace, info).seconds == 1.5


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"corpus": "Other"}, "There is no corpus 'Other'"),
        ({"split": "dev"}, "The dev split of 'Small' is empty"),
        ({"tgt_lang": "mar_Deva"}, "The corpus 'Small' holds"),
        ({"systems": ("nothing",)}, "There is no system 'nothing'"),
        ({"prompt": {"template": "Nothing"}}, "There is no prompt template 'Nothing'"),
        ({"prompt": {"template": "Retrieved few-shot"}}, "no corpus was chosen"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_sent(
    values: dict[str, Any], sentence: str, workspace: Workspace
) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    with pytest.raises(AdaptMLLMError, match=sentence):
        forecast(
            workspace, BatchSettings.parse({"corpus": "Small", "systems": (info.id,), **values})
        )
