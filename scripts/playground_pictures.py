"""The README's pictures of the Playground: three systems compared, a judged pair, a chat."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.corpora.segments import read_segments
from core.jobs import queue
from core.serving import services
from core.storage.workspace import Workspace
from core.systems.arena import duels
from core.systems.board import Board, Question
from core.systems.catalogue import add_endpoint, find_system
from core.systems.conversation import ChatSettings, next_turn
from core.systems.endpoint import EndpointSettings
from core.systems.parameters import Parameters
from core.systems.probe import probe
from core.systems.prompt_choice import PromptChoice
from core.systems.protocol import Request
from tests.servers.tiny_llm import PAIRS, LlmServer, make_tiny_llm

Shoot = Callable[[str, str, bool, tuple[int, int]], None]
LIMIT_S = 300.0
GREEDY = Parameters(temperature=0.0)


def take(workspace: Workspace, run: str, shoot: Shoot) -> None:
    """Asks a fine-tuned model, the starter and a tiny LLM, and photographs what comes of it.

    Args:
        workspace: A workspace with a finished run.
        run: The run's id.
        shoot: Takes a page's address below the root, a picture's name, dark or not, and the size.
    """
    with tempfile.TemporaryDirectory() as folder:
        make_tiny_llm(Path(folder) / "llm")
        with LlmServer(Path(folder) / "llm") as llm:
            llm.wait_until_ready()
            values = {"name": "Tiny LLM", "base_url": llm.url, "model": llm.model}
            add_endpoint(workspace, EndpointSettings.parse({**values, "price_out_usd": 2.0}))
            board = Board(workspace)
            try:
                _take(workspace, board, run, shoot)
            finally:
                board.close()
                _stop_services(workspace)


def _take(workspace: Workspace, board: Board, run: str, shoot: Shoot) -> None:
    names = (run, "starter", "Tiny LLM")
    infos = [find_system(workspace, name) for name in names]
    source = next(iter(PAIRS))
    request = Request(source, "eng_Latn", "gle_Latn", GREEDY)
    questions = [Question(info, request, position=n) for n, info in enumerate(infos)]
    ask_id = board.ask(questions, reference="Scríobhann an bhanaltra litir.")
    board.wait(ask_id, LIMIT_S)
    shoot(f"playground?ask={ask_id}", "playground", False, (1280, 1120))
    shoot(f"playground?ask={ask_id}", "playground-dark", True, (1280, 1120))
    duel = _judged(workspace, board, [infos[0].id, infos[2].id])
    shoot(f"playground?part=Arena&duel={duel}", "arena", False, (1280, 1120))
    shoot(f"playground?part=Chat&chat={_chat(board, workspace)}", "chat-dark", True, (1280, 900))
    with ThreadPoolExecutor(1) as thread:  # this one has a loop: the browser's
        thread.submit(asyncio.run, probe(workspace, infos[2].id)).result()
    shoot("settings", "settings", False, (1280, 900))


def _judged(workspace: Workspace, board: Board, ids: list[str]) -> str:
    """Judges some pairs by their references, and gives the last one's id."""
    corpus = workspace.corpora.all()[0]
    references = dict(read_segments(workspace.split_file(corpus.id, "test")))
    ask_id = ""
    for number in range(5):
        task = duels.next_task(workspace, ids, corpus, "", seed=str(number))
        ask_id = f"picture-{number}"
        duels.begin(
            board,
            workspace,
            task,
            ask_id=ask_id,
            choice=PromptChoice(),
            parameters=GREEDY,
            session_keys={},
        )
        answers = board.wait(ask_id, LIMIT_S)
        if not duels.why_not(workspace, answers):
            left, right = duels.sides(answers)
            reference = references[task.source]
            choice: duels.Choice = "left" if left.text == reference else "right"
            duels.vote(workspace, answers, "tie" if left.text == right.text else choice)
    return ask_id


def _chat(board: Board, workspace: Workspace) -> str:
    info, settings, ask_id = find_system(workspace, "Tiny LLM"), ChatSettings(), ""
    for message in ("What is your name?", "Cad is ainm duit?"):
        turns = board.answers(ask_id) if ask_id else []
        question = next_turn(info, settings, turns, message, GREEDY)
        ask_id = board.ask([question], purpose="chat", ask_id=ask_id)
        board.wait(ask_id, LIMIT_S)
    return ask_id


def _stop_services(workspace: Workspace) -> None:
    for record in workspace.services.all():
        if not record.job.has_ended:
            services.stop(workspace, record.id)
            queue.wait(workspace, record.id)


def main() -> int:
    """Takes only these pictures: `python -m scripts.playground_pictures`."""
    from playwright.sync_api import sync_playwright

    from core.demo import run_demo
    from scripts.browser import ARGUMENTS, chromium
    from scripts.screenshots import photograph, served

    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace")
        run = run_demo(workspace, lambda _: None)["run"]
        with served(workspace.root) as url, sync_playwright() as playwright:
            path = chromium()
            browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))

            def shoot(page: str, name: str, dark: bool, size: tuple[int, int]) -> None:
                photograph(browser, f"{url}/{page}", name, dark=dark, size=size)

            take(workspace, run, shoot)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
