"""What one browser tab remembers between pages; nothing here is true of the work itself."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.annotate.asking import AskedItem
from core.finetune.settings import RECIPES
from core.storage.notice_records import Notice


def _new_id() -> str:
    return str(uuid.uuid4())


def _first_draft() -> dict[str, Any]:
    _, values = next(iter(RECIPES.values()))
    return dict(values)


@dataclass
class CompareDraft:
    """What stands in the Playground's fields, before it is asked.

    Attributes:
        source, reference: The texts.
        src_lang, tgt_lang: FLORES-200 codes.
        system_ids: The columns.
        corpus_id, segment: The test segment that was loaded; empty and None for a text of one's
            own.
        version: Changes when fields are filled by the program, so that widgets start anew.
        shown_ask_id: The question whose answers are shown, for a way back by the menu.
        last_question, asked_at_s: What was asked last, and when on the monotonic clock, so that a
            second click asks nothing.
    """

    source: str = ""
    reference: str = ""
    src_lang: str = ""
    tgt_lang: str = ""
    system_ids: list[str] = field(default_factory=list)
    corpus_id: str = ""
    segment: int | None = None
    version: int = 0
    shown_ask_id: str = ""
    last_question: Any = None
    asked_at_s: float = 0.0


@dataclass
class CorporaDraft:
    """What stands in the forms of the pages Corpora and Corpus.

    Attributes:
        work_id: Id of the next import or other work, so that a double click starts one.
        version: Changes when work was started, so that its form starts empty.
        shown_id: The corpus whose page was shown last, for a way back by the browser.
    """

    work_id: str = field(default_factory=_new_id)
    version: int = 0
    shown_id: str = ""

    def renew(self) -> None:
        """Makes the next work another one, and the form start anew."""
        self.work_id = _new_id()
        self.version += 1


@dataclass
class EvaluateDraft:
    """What is compared on the Evaluate page.

    Attributes:
        test_set: Its hash.
        values: Settings by name, as they were chosen last; of another test set none are kept.
        version: Changes when the program fills the fields, so that widgets start anew.
        focus: In words, which segments the page looks at; empty for all.
        positions: Their numbers, from 0.
        add_id: Changes after translations were added, so that the form starts empty.
        scoring_id: Id of the next scorer.
    """

    test_set: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    focus: str = ""
    positions: tuple[int, ...] = ()
    add_id: str = field(default_factory=_new_id)
    scoring_id: str = field(default_factory=_new_id)

    def replace(self, test_set: str, values: dict[str, Any]) -> None:
        """Starts the page from another choice."""
        self.test_set, self.values = test_set, dict(values)
        self.version += 1
        self.look_at("", ())

    def renew_add_id(self) -> None:
        """Makes the form for translations start empty."""
        self.add_id = _new_id()

    def renew_scoring_id(self) -> None:
        """Makes the next scorer another one, and its forms start anew."""
        self.scoring_id = _new_id()

    def look_at(self, focus: str, positions: Sequence[int]) -> None:
        """Makes the segments of a bucket, a check or an n-gram those that are shown."""
        self.focus, self.positions = focus, tuple(int(each) for each in positions)


@dataclass
class SearchDraft:
    """What stands in the form of a new study.

    Attributes:
        name: What to call it.
        start: What it starts from; empty for the first that is offered.
        base: Settings of the run that were chosen here: corpus, direction, length of a trial.
        preset: Changes to those settings by the preset that was chosen last.
        varied: Names of the settings that are varied, in the order in which they were chosen.
        fields: What stands in the fields of each of them, by name, right or wrong.
        study: Settings of the study by name.
        is_open: Whether the form was open; a study that another tab starts must not close it.
        version: Changes when the program fills the fields, so that widgets start anew.
    """

    name: str = ""
    start: str = ""
    base: dict[str, Any] = field(default_factory=dict)
    preset: dict[str, Any] = field(default_factory=dict)
    varied: list[str] = field(default_factory=list)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    study: dict[str, Any] = field(default_factory=dict)
    is_open: bool = False
    version: int = 0

    def fill(
        self, fields: dict[str, dict[str, Any]], study: dict[str, Any], preset: dict[str, Any]
    ) -> None:
        """Replaces what is varied, and how; name, start, corpus and direction stay."""
        self.varied, self.fields = list(fields), dict(fields)
        self.study, self.preset = dict(study), dict(preset)
        self.base = {name: value for name, value in self.base.items() if name not in preset}
        self.version += 1


NUM_SAVED_IDS = 20


@dataclass
class RateDraft:
    """Where a rater's tab stands; everything that was judged is in the database.

    Attributes:
        rater_id: Whose work it is.
        place: The item that is shown, from 0; None for the first that is open.
        item_id: The item that was shown last.
        touched_at_s: When it was shown or saved last, on the monotonic clock.
        saved_ids: The last saves that were stored, of this item and of those before.
        missing, warnings: Codes that the last wish to go on was answered with.
        problem: Why the last save was not stored, in words; else empty.
        feedback_for: The calibration item whose gold is shown.
        view: `work`, `overview` or `pause`.
        asked: The item as a save has just left it, for the page that is drawn next.
        shown: The item whose texts are on the page.
        states: Id, place and whether it is done of each item, when the shown one was opened.
    """

    rater_id: str = ""
    place: int | None = None
    item_id: str = ""
    touched_at_s: float = 0.0
    saved_ids: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: str = ""
    feedback_for: str = ""
    view: str = "work"
    asked: AskedItem | None = None
    shown: AskedItem | None = None
    states: list[tuple[str, int, bool]] = field(default_factory=list)

    def go_to(self, place: int | None) -> None:
        """Makes another item the one that is shown; None is the first open one."""
        self.place, self.view = place, "work"
        self.item_id = self.feedback_for = self.problem = ""
        self.missing = self.warnings = ()

    def take_asked(self, place: int) -> AskedItem | None:
        """Gives the item at a place if it was saved just now; once, for later it may be old."""
        found, self.asked = self.asked, None
        if found is None or (found.item.rater_id, found.item.place) != (self.rater_id, place):
            return None
        return found

    def saved(self, save_id: str) -> None:
        """Remembers a save that was stored, to tell the page of it."""
        self.saved_ids = (*self.saved_ids[1 - NUM_SAVED_IDS :], save_id)

    def elapsed_s(self) -> float:
        """Gives the seconds since the last sign of work, and begins to count anew."""
        now = time.monotonic()
        elapsed, self.touched_at_s = now - self.touched_at_s, now
        return elapsed


@dataclass
class Session:
    """The state of one tab.

    Attributes:
        draft: Settings on the Fine-tune page; a fresh tab has those of the first recipe.
        draft_version: Changes when the draft is replaced as a whole, so that widgets start anew.
        launch_id: Id of the run that the next click on Launch makes; a double click has the same.
        corpora: The forms of the pages Corpora and Corpus.
        version_id: The prepared version that is looked at.
        prepare_id: Id of the version that the next click on Prepare makes.
        service_id: Id of the service that the next click on Start makes.
        key_version: Changes after an API key was made, so that the form starts empty.
        new_key: The API key that was just made, until its owner has copied it.
        compare: The Playground's fields.
        evaluate: The choice of the Evaluate page.
        search: The form of a new study.
        study_id: Id of the study that the next click on Start makes.
        rate: Where a rater's work stands in this tab.
        gold_version: Changes when gold was changed beside its editor, so that it starts anew.
        gold_place: The (segment, system) that is to be decided on next, or None.
        gold_saved_id, gold_problem: The editor's last save, and why one was not stored.
        ask_id: Id of the next question to several systems.
        chat_id: The conversation that is looked at.
        turn_id: Changes with each turn of a chat, so that its field starts empty.
        duel_id: Id of the arena's next pair of answers.
        own_vote, late_vote: The last pair that this tab judged, and the last one that another tab
            had judged before.
        batch_id: Id of the next batch.
        endpoint_id: The endpoint that is edited; empty for a new one.
        form_version: Changes after a form of the settings was saved, so that it starts anew.
        saved_template: The prompt template that was just saved, to be shown again.
        session_keys: Keys of endpoints for this session only, by the system's id.
        member_version: Changes after a member was added, so that the form starts empty.
        identified: What the browser showed at the last run of a page, and who that is.
        notice: A sentence to show once on the next page.
        told: Ids of the notices about runs that this tab was told, or that are older than it; None
            before the first look.
        news: The last of those that it was told, for the notices of the browser.
    """

    draft: dict[str, Any] = field(default_factory=_first_draft)
    draft_version: int = 0
    launch_id: str = field(default_factory=_new_id)
    corpora: CorporaDraft = field(default_factory=CorporaDraft)
    version_id: str = ""
    prepare_id: str = field(default_factory=_new_id)
    service_id: str = field(default_factory=_new_id)
    key_version: int = 0
    new_key: str = ""
    compare: CompareDraft = field(default_factory=CompareDraft)
    evaluate: EvaluateDraft = field(default_factory=EvaluateDraft)
    search: SearchDraft = field(default_factory=SearchDraft)
    study_id: str = field(default_factory=_new_id)
    rate: RateDraft = field(default_factory=RateDraft)
    gold_version: int = 0
    gold_place: tuple[int, int] | None = None
    gold_saved_id: str = ""
    gold_problem: str = ""
    ask_id: str = field(default_factory=_new_id)
    chat_id: str = ""
    turn_id: str = field(default_factory=_new_id)
    duel_id: str = field(default_factory=_new_id)
    own_vote: str = ""
    late_vote: str = ""
    batch_id: str = field(default_factory=_new_id)
    endpoint_id: str = ""
    form_version: int = 0
    saved_template: str = ""
    session_keys: dict[str, str] = field(default_factory=dict)
    member_version: int = 0
    identified: Any = None
    notice: str = ""
    told: set[str] | None = None
    news: list[Notice] = field(default_factory=list)

    def __repr__(self) -> str:
        """Gives nothing away: keys are among the values."""
        return "Session()"

    def replace_draft(self, values: dict[str, Any]) -> None:
        """Starts the Fine-tune page from other settings."""
        self.draft = dict(values)
        self.draft_version += 1

    def renew_launch_id(self) -> None:
        """Makes the next launch another run."""
        self.launch_id = _new_id()

    def renew_study_id(self) -> None:
        """Makes the next start another study."""
        self.study_id = _new_id()

    def renew_prepare_id(self) -> None:
        """Makes the next preparation another version, and its form start anew."""
        self.prepare_id = _new_id()

    def renew_ask_id(self) -> None:
        """Makes the next question another one."""
        self.ask_id = _new_id()

    def renew_turn_id(self) -> None:
        """Makes the next turn of a chat another one."""
        self.turn_id = _new_id()

    def renew_duel_id(self) -> None:
        """Makes the arena ask another pair."""
        self.duel_id = _new_id()

    def renew_batch_id(self) -> None:
        """Makes the next batch another one, and its form start anew."""
        self.batch_id = _new_id()

    def renew_service_id(self) -> None:
        """Makes the next start another service, and its form start anew."""
        self.service_id = _new_id()


PART = "part"


def show_part(name: str) -> None:
    """Makes a page show one of its parts; only in a callback, before it is drawn."""
    st.session_state[PART] = name


def widget_value(key: str) -> Any:
    """Gives what a widget holds; None if it is not there."""
    return st.session_state.get(key)


def set_widget(key: str, value: Any) -> None:
    """Fills a widget; only in a callback, or before it is drawn."""
    st.session_state[key] = value


def session() -> Session:
    """Gives the state of this tab."""
    if "session" not in st.session_state:
        st.session_state["session"] = Session()
    state: Session = st.session_state["session"]
    return state
