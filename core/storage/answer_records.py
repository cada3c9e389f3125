"""The records of answers: everything that was asked in the Playground, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from core.errors import ConfigError
from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.tables import answers, votes

PURPOSES = ("compare", "chat", "arena", "command")
UNFINISHED = ("waiting", "streaming")
PAGE = 500
ORDER = (answers.c.asked_at.desc(), answers.c.ask_id, answers.c.position, answers.c.id)


@dataclass(frozen=True)
class AnswerRecord:
    """One question to one system, and its answer as far as it came.

    Attributes:
        id: UUID.
        ask_id: Shared by the systems that were asked the same together, and by the turns of a chat.
        position: The column, or the turn of a chat, from 0.
        purpose: One of PURPOSES.
        system_id, system_name: Who was asked.
        src_lang, tgt_lang: FLORES-200 codes; empty in a chat.
        source: What was asked.
        reference: A reference translation; may be empty.
        text: The answer, cleaned.
        raw: The answer as it came.
        stages: Texts in between, `{"name": …, "text": …}`: of a chain, of a draft, of a chat.
        state: `waiting`, `streaming`, `done`, `stopped`, `failed` or `interrupted`.
        finish_reason: What the endpoint said, such as `stop` or `length`; `incomplete` if nothing.
        failure: One sentence with its hint; empty while all is well.
        figures: first_token_s, total_s, prompt_tokens, completion_tokens, is_estimated, cost_usd,
            ignored.
        request: What decided the answer: messages, parameters, template, provenance.
        owner: The process that asks, as JSON; an unfinished answer of a dead one is interrupted.
        asked_at, ended_at: UTC ISO-8601.
    """

    id: str
    ask_id: str
    position: int
    purpose: str
    system_id: str
    system_name: str
    src_lang: str
    tgt_lang: str
    source: str
    asked_at: str
    reference: str = ""
    text: str = ""
    raw: str = ""
    stages: list[dict[str, str]] = field(default_factory=list)
    state: str = "waiting"
    finish_reason: str = ""
    failure: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    owner: str = ""
    ended_at: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state not in UNFINISHED


class AnswerRecords:
    """Reads and writes the `answers` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, records: Sequence[AnswerRecord]) -> bool:
        """Stores what was asked, before any answer, in one transaction.

        Gives False if the same was asked before under the same id (a double click).

        Raises:
            ConfigError: Another question has this id and position: a chat that went on elsewhere.
        """
        if not records:
            return False
        try:
            with self._database.writing() as connection:
                connection.execute(insert(answers), [asdict(record) for record in records])
        except IntegrityError:
            known = {(each.position, each.source) for each in self.of_ask(records[0].ask_id)}
            if all((record.position, record.source) in known for record in records):
                return False
            raise ConfigError(
                "The conversation went on elsewhere meanwhile, such as in another tab.",
                hint="Reload the page, then write again.",
            ) from None
        return True

    def update(self, answer_id: str, values: dict[str, Any]) -> None:
        """Stores how far an answer is; one that has ended is not changed any more.

        A late writer, of an earlier moment, must not overwrite the end.
        """
        query = update(answers).where(answers.c.id == answer_id, answers.c.ended_at.is_(None))
        with self._database.writing() as connection:
            connection.execute(query.values(**values))

    def of_ask(self, ask_id: str) -> list[AnswerRecord]:
        """Gives the answers that were asked together, by position."""
        return self._rows(
            select(answers).where(answers.c.ask_id == ask_id).order_by(answers.c.position)
        )

    def unfinished(self) -> list[AnswerRecord]:
        """Gives the answers that are awaited, or were when a process ended."""
        return self._rows(select(answers).where(answers.c.state.in_(UNFINISHED)))

    def interrupt(self, answer_ids: Sequence[str]) -> None:
        """Marks answers whose process is gone."""
        failure = "The program ended while the answer came; ask again."
        change = {"state": "interrupted", "failure": failure, "ended_at": utc_now()}
        with self._database.writing() as connection:
            for first in range(0, len(answer_ids), PAGE):  # no query takes any number of values
                ids = answer_ids[first : first + PAGE]
                query = update(answers).where(
                    answers.c.id.in_(ids), answers.c.state.in_(UNFINISHED)
                )
                connection.execute(query.values(**change))

    def search(
        self, text: str = "", *, purpose: str = "", limit: int = 50, offset: int = 0
    ) -> list[AnswerRecord]:
        """Gives answers whose source, text, reference or system holds `text`, the newest first.

        A pair that nobody has judged is not found by its systems: that would tell whose it is.
        """
        query = self._matching(select(answers), text, purpose)
        return self._rows(query.order_by(*ORDER).limit(limit).offset(offset))

    def count(self, text: str = "", *, purpose: str = "") -> int:
        """Gives how many answers `search` would find in all."""
        query = self._matching(select(func.count()).select_from(answers), text, purpose)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def each(self, text: str = "", *, purpose: str = "") -> Iterator[AnswerRecord]:
        """Gives the same one after the other, a piece at a time, for an export.

        Each comes once, whatever is asked or deleted meanwhile.
        """
        query = self._matching(select(answers), text, purpose).order_by(*ORDER).limit(PAGE)
        found = self._rows(query)
        while found:
            yield from found
            found = self._rows(query.where(_follows(found[-1])))

    def asks(self, purpose: str, *, limit: int = 50) -> list[AnswerRecord]:
        """Gives the first answer of each ask of one purpose, the newest ask first."""
        query = select(answers).where(answers.c.purpose == purpose, answers.c.position == 0)
        return self._rows(query.order_by(answers.c.asked_at.desc()).limit(limit))

    def of_system(
        self, system_id: str, *, purpose: str = "", limit: int = 1000
    ) -> list[AnswerRecord]:
        """Gives the last answers of one system, for one purpose or all, the newest first."""
        query = self._matching(select(answers), "", purpose).where(answers.c.system_id == system_id)
        return self._rows(query.order_by(answers.c.asked_at.desc()).limit(limit))

    def delete(self, ask_id: str) -> None:
        """Removes the answers of one ask."""
        with self._database.writing() as connection:
            connection.execute(delete(answers).where(answers.c.ask_id == ask_id))

    @staticmethod
    def _matching(query: Any, text: str, purpose: str) -> Any:
        if purpose:
            query = query.where(answers.c.purpose == purpose)
        if not text:
            return query
        is_judged = exists().where(votes.c.ask_id == answers.c.ask_id)
        is_open = or_(answers.c.purpose != "arena", is_judged)
        columns = (answers.c.source, answers.c.text, answers.c.reference)
        found = [each.icontains(text, autoescape=True) for each in columns]
        found.append(and_(answers.c.system_name.icontains(text, autoescape=True), is_open))
        return query.where(or_(*found))

    def _rows(self, query: Any) -> list[AnswerRecord]:
        with self._database.reading() as connection:
            return [AnswerRecord(**row) for row in connection.execute(query).mappings()]


def _follows(last: AnswerRecord) -> ColumnElement[bool]:
    """Gives the condition that a row stands behind another one in ORDER."""
    asked_at = answers.c.asked_at
    place = tuple_(answers.c.ask_id, answers.c.position, answers.c.id)
    behind = place > (last.ask_id, last.position, last.id)
    return or_(asked_at < last.asked_at, and_(asked_at == last.asked_at, behind))
