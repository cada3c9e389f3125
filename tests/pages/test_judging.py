"""The arena, batches and Evaluate: votes that come too late, confirmations, names in tables."""

import uuid
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.playground.columns import BADGES, EMPTY, figure_words
from app.playground.standings import _trace
from core.storage.files import utc_now
from core.storage.vote_records import Vote
from core.storage.workspace import Workspace
from core.systems.arena import duels
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from tests.pages.reading import button, shown
from tests.pages.test_playground import NAME, answer, opened, translation_set

DUEL = "duel-1"


@pytest.fixture
def ids(ready_workspace: Workspace) -> list[str]:
    """Two endpoints, one with a hostile name, and a pair of answers that nobody has judged."""
    settings = [
        EndpointSettings(name=name, base_url="http://127.0.0.1:9/v1", model="m")
        for name in (NAME, "Other")
    ]
    found = [add_endpoint(ready_workspace, each).id for each in settings]
    ready_workspace.answers.add(
        [
            answer(
                DUEL,
                number,
                purpose="arena",
                system_id=system_id,
                text=f"Téacs {number}.",
                request={"pool": found},
            )
            for number, system_id in enumerate(found)
        ]
    )
    return found


def vote(ids: list[str], ask_id: str = DUEL, outcome: str = "a") -> Vote:
    where = ("eng_Latn", "gle_Latn", "", None)
    return Vote(str(uuid.uuid4()), ask_id, *ids, outcome, False, "", *where, utc_now())


def arena(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(workspace, monkeypatch, "playground", part="Arena", duel=DUEL)


def test_a_vote_is_stored_with_its_absolute_judgement_and_can_be_taken_back(
    ready_workspace: Workspace, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = arena(ready_workspace, monkeypatch)
    app.toggle[0].set_value(True)
    app = app.run()
    button(app, "A is better").click()
    app = app.run()
    assert "vote saved" in shown(app) and "elsewhere" not in shown(app)
    stored = ready_workspace.votes.of_ask(DUEL)
    assert stored is not None and stored.are_both_unacceptable
    button(app, "Undo").click()
    app = app.run()
    assert ready_workspace.votes.of_ask(DUEL) is None
    assert button(app, "A is better")


def test_a_vote_after_that_of_another_tab_is_told_to_be_too_late(
    ready_workspace: Workspace, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = arena(ready_workspace, monkeypatch)
    ready_workspace.votes.add(vote(ids))
    button(app, "Tie").click()
    app = app.run()
    assert "judged already elsewhere" in shown(app)
    stored = ready_workspace.votes.of_ask(DUEL)
    assert stored is not None and stored.outcome == "a"


def test_the_arena_has_the_systems_of_the_last_pair_and_at_first_none_that_costs(
    ready_workspace: Workspace, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = arena(ready_workspace, monkeypatch)
    assert app.multiselect[0].value == ids
    ready_workspace.answers.delete(DUEL)
    app = opened(ready_workspace, monkeypatch, "playground", part="Arena")
    assert app.multiselect[0].value == ["model:starter"]


def test_ratings_have_names_and_no_markup_also_without_a_history(
    ready_workspace: Workspace, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_workspace.votes.add(vote(ids))
    ready_workspace.answers.delete(DUEL)
    app = opened(ready_workspace, monkeypatch, "playground", part="Arena")
    assert list(app.dataframe[0].value["System"]) == [NAME, "Other"]
    assert "Group" not in app.dataframe[0].value
    found = duels.standings(ready_workspace, [vote(ids)])
    trace = _trace([(number, 1.0, each) for number, each in enumerate(found, 1)])
    assert trace.customdata[0] == "*a* &lt;b&gt; $x$ :red[y]" and list(trace.text) == ["1", "2"]


def test_two_sets_of_one_system_are_told_apart_and_deleted_after_a_confirmation_only(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (translation_set(workspace, "Same") for _ in range(2))
    app = opened(workspace, monkeypatch, "evaluate", set=first.id)
    assert list(app.dataframe[0].value["System"]) == ["Same (1) (baseline)", "Same (2)"]
    button(app, "Delete a set").click()
    app = app.run()
    assert len(workspace.translation_sets.all()) == 2
    button(app, "Delete a set").click()  # what a dialog's own rerun need not repeat
    button(app, "Delete for good").click()
    app.run()
    assert [each.id for each in workspace.translation_sets.all()] == [second.id]


@pytest.mark.parametrize(
    ("values", "badge", "hidden"),
    [
        ({"text": "", "failure": "The answer is empty."}, EMPTY, ""),
        (
            {"text": "", "state": "failed", "finish_reason": "incomplete", "failure": "Refused."},
            BADGES["failed"],
            "finish reason",
        ),
    ],
)
def test_what_is_no_answer_does_not_look_like_one(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, Any],
    badge: tuple[str, str, str],
    hidden: str,
) -> None:
    stage = {"name": "the answer, as the LLM wrote it", "text": "x"}
    workspace.answers.add([answer("ask", 0, stages=[stage], **values)])
    add_endpoint(workspace, EndpointSettings(name="E", base_url="http://127.0.0.1:9/v1", model="m"))
    app = opened(workspace, monkeypatch, "playground", ask="ask")
    text = shown(app)
    assert badge[0] in text and "done" not in text
    assert not hidden or hidden not in text
    assert "The answer, as the LLM wrote it" in [each.label for each in app.expander]
    assert figure_words({}, "incomplete") == ["finish reason: incomplete"]
