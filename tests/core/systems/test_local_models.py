"""Local models on demand: prepared and served once, whoever asks; alone and in a chain."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from core.jobs import queue
from core.serving import services
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from core.systems.board import Board, Question
from core.systems.bringing_up import Loaded, bring_up
from core.systems.catalogue import add_chain, add_endpoint, find_system
from core.systems.chain import ChainSettings
from core.systems.conversation import ChatSettings, next_turn
from core.systems.endpoint import EndpointSettings
from core.systems.parameters import Parameters
from core.systems.protocol import Request
from tests.servers.tiny_llm import PAIRS, LlmServer

SOURCE = "The nurse writes a letter."
DIRECTION = ("eng_Latn", "gle_Latn")
LIMIT_S = 120


@pytest.fixture
def served(private_workspace: Workspace) -> Iterator[Workspace]:
    """A workspace with the run `demo` and an accepted version; its services end with the test."""
    yield private_workspace
    for record in private_workspace.services.all():
        if not record.job.has_ended:
            services.stop(private_workspace, record.id)
            queue.wait(private_workspace, record.id)


@pytest.fixture
def board(served: Workspace) -> Iterator[Board]:
    opened = Board(served)
    yield opened
    opened.close()


def by_service(workspace: Workspace, text: str) -> str:
    """What the model's service itself answers."""
    (record,) = [each for each in workspace.services.all() if each.job.state == "serving"]
    body = {"q": text, "source": "en", "target": "ga"}
    request = urllib.request.Request(
        f"{record.address}/translate",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["translatedText"])


def test_a_fine_tuned_model_is_loaded_once_for_all_who_ask(board: Board, served: Workspace) -> None:
    info = find_system(served, "demo")
    request = Request(SOURCE, *DIRECTION)
    asks = [board.ask([Question(info, request)]) for _ in range(3)]
    answers = [board.wait(ask_id, LIMIT_S)[0] for ask_id in asks]
    assert [answer.state for answer in answers] == ["done"] * 3, answers[0].failure
    assert len(served.services.all()) == 1
    assert {answer.text for answer in answers} == {by_service(served, SOURCE)}
    figures = answers[0].figures
    assert figures["characters"] == len(SOURCE) and figures["prompt_tokens"] == 0
    (record,) = served.services.all()
    assert record.settings["idle_minutes"] == 30.0

    # Several lines, and a search with more beams, go the same way.
    lines = f"{SOURCE}\n\nThe doctor is here."
    wide = Request(lines, *DIRECTION, Parameters(num_beams=4, temperature=1.5))
    (answer,) = board.wait(board.ask([Question(info, wide)]), LIMIT_S)
    assert answer.state == "done" and answer.text.count("\n") == 2


def test_an_llm_goes_into_the_fine_tuned_model_and_a_chat_through_it(
    board: Board, served: Workspace, tiny_llm: LlmServer
) -> None:
    settings = EndpointSettings(name="Tiny", base_url=tiny_llm.url, model=tiny_llm.model)
    tiny, demo = add_endpoint(served, settings), find_system(served, "demo")
    # As the original notebook: the LLM writes, the fine-tuned model translates what it wrote.
    chain = ChainSettings(name="Stacked", first=tiny.id, second=demo.id, pivot_lang="eng_Latn")
    info = add_chain(served, chain)
    parameters = Parameters(temperature=0.0)
    request = Request(SOURCE, *DIRECTION, parameters)
    (answer,) = board.wait(board.ask([Question(info, request)]), LIMIT_S)
    assert answer.state == "done", answer.failure
    assert answer.stages == [{"name": "in between", "text": PAIRS[SOURCE]}]
    assert answer.text == by_service(served, PAIRS[SOURCE])

    # A chat in two languages keeps all four texts. The model knows one direction only, which is
    # enough for the way there; the way back says in one sentence why it does not go.
    chat = ChatSettings(translator=demo.id, user_lang="eng_Latn", llm_lang="gle_Latn")
    turn = next_turn(tiny, chat, [], SOURCE, parameters)
    about = {"chat": chat.model_dump(exclude_defaults=True)}
    ask_id = board.ask([turn], purpose="chat", about=about)
    (answer,) = board.wait(ask_id, LIMIT_S)
    names = [stage["name"] for stage in answer.stages]
    assert names == ["your message, translated", "the answer, as the LLM wrote it"]
    assert answer.stages[0]["text"] == by_service(served, SOURCE)
    assert answer.state == "failed" and "does not translate" in answer.failure


def test_a_model_that_cannot_be_prepared_says_why(served: Workspace) -> None:
    from core.errors import AdaptMLLMError

    with pytest.raises(AdaptMLLMError, match="no corpus holds eng_Latn and fra_Latn"):
        bring_up(served, "starter", "eng_Latn", "fra_Latn", since=utc_now())
    with pytest.raises(AdaptMLLMError, match="neither a run nor a model"):
        bring_up(served, "nonsense", *DIRECTION, since=utc_now())


def test_a_service_that_runs_already_is_used(served: Workspace) -> None:
    from core.finetune.command import free_port
    from core.serving.settings import ServeSettings

    record = services.start(served, ServeSettings(model="demo", port=free_port()))
    for _ in range(600):
        if services.service_state(served, record).state == "serving":
            break
        queue.advance(served)
        import time

        time.sleep(0.1)
    step = bring_up(served, "demo", *DIRECTION, since=utc_now())
    assert isinstance(step, Loaded) and step.address == record.address
    assert len(served.services.all()) == 1
