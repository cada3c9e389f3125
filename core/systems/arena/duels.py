"""Duels: a pair of answers to one source, asked together, judged blindly, counted."""

from __future__ import annotations

import statistics
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from core.corpora.segments import read_segments
from core.errors import ConfigError, DataError
from core.storage.answer_records import AnswerRecord
from core.storage.corpus_records import Corpus
from core.storage.files import utc_now
from core.storage.vote_records import Vote
from core.storage.workspace import Workspace
from core.systems.arena.pairing import next_pair, next_source
from core.systems.arena.ratings import Comparison, Rating, rate
from core.systems.arena.rules import Answer, is_swapped, why_no_vote
from core.systems.board import Board, Question
from core.systems.catalogue import all_systems, find_system
from core.systems.parameters import Parameters
from core.systems.prompt_choice import PromptChoice
from core.systems.protocol import Request

Choice = Literal["left", "right", "tie"]


@dataclass(frozen=True)
class OwnText:
    """A text that comes from no corpus.

    Attributes:
        source: The text.
        src_lang, tgt_lang: FLORES-200 codes.
    """

    source: str
    src_lang: str
    tgt_lang: str


@dataclass(frozen=True)
class Task:
    """What is judged next.

    Attributes:
        system_ids: The two systems.
        source, reference: The segment; the reference may be empty.
        src_lang, tgt_lang: FLORES-200 codes.
        corpus_id, segment: Where it came from; empty and None for a text of one's own.
        pool: All systems that the pair was taken from.
    """

    system_ids: tuple[str, str]
    source: str
    reference: str
    src_lang: str
    tgt_lang: str
    corpus_id: str = ""
    segment: int | None = None
    pool: tuple[str, ...] = ()


def next_task(
    workspace: Workspace,
    system_ids: Sequence[str],
    origin: Corpus | OwnText,
    rater: str,
    *,
    seed: str,
) -> Task:
    """Gives the pair with the fewest votes, on a text of one's own or an unjudged test segment.

    Raises:
        ConfigError: There are not two systems, or the text is empty.
        DataError: Every pair was judged on every segment.
    """
    votes = workspace.votes.of_direction(origin.src_lang, origin.tgt_lang)
    counts = Counter(frozenset((vote.system_a, vote.system_b)) for vote in votes)
    if isinstance(origin, OwnText):
        if not origin.source.strip():
            raise ConfigError("There is no text to translate.", hint="Type one first.")
        pair = next_pair(system_ids, counts, seed=seed)
        direction = (origin.src_lang, origin.tgt_lang)
        return Task(pair, origin.source, "", *direction, pool=tuple(system_ids))
    return _next_segment(system_ids, origin, rater, votes, counts, workspace, seed)


def _next_segment(
    system_ids: Sequence[str],
    corpus: Corpus,
    rater: str,
    votes: Sequence[Vote],
    counts: Counter[frozenset[str]],
    workspace: Workspace,
    seed: str,
) -> Task:
    own = [vote for vote in votes if vote.corpus_id == corpus.id and vote.rater == rater]
    seen = {
        (vote.segment, frozenset((vote.system_a, vote.system_b)))
        for vote in own
        if vote.segment is not None
    }
    split = "test" if corpus.num_test else "dev"
    num_pairs = len(set(system_ids)) * (len(set(system_ids)) - 1) // 2
    for _ in range(max(1, num_pairs)):
        pair = next_pair(system_ids, counts, seed=seed)
        segment = next_source(range(corpus.counts[split]), seen, pair, seed=seed)
        if segment is not None:
            path = workspace.split_file(corpus.id, split)
            ((source, reference),) = read_segments(path, limit=1, offset=segment)
            direction = (corpus.src_lang, corpus.tgt_lang)
            pool = tuple(system_ids)
            return Task(pair, source, reference, *direction, corpus.id, segment, pool)
        counts[frozenset(pair)] = 10**9  # judged on every segment: the next pair's turn
    raise DataError(
        f"{rater or 'You'} judged every pair on every {split} segment of {corpus.name!r}.",
        hint="Choose another corpus, or more systems.",
    )


def begin(
    board: Board,
    workspace: Workspace,
    task: Task,
    *,
    ask_id: str,
    choice: PromptChoice,
    parameters: Parameters,
    session_keys: Mapping[str, str],
) -> None:
    """Asks both systems; a second call with the same id asks nothing."""
    request = Request(task.source, task.src_lang, task.tgt_lang, parameters)
    questions = [
        Question(find_system(workspace, system_id), request, choice, position)
        for position, system_id in enumerate(task.system_ids)
    ]
    board.ask(
        questions,
        purpose="arena",
        ask_id=ask_id,
        reference=task.reference,
        session_keys=session_keys,
        about={"corpus": task.corpus_id, "segment": task.segment, "pool": list(task.pool)},
    )


def last_pool(workspace: Workspace, ask_id: str) -> list[str]:
    """Gives the systems that a duel, or the newest one, was taken from; may be deleted ones."""
    answers = workspace.answers.of_ask(ask_id) if ask_id else []
    newest = [] if answers else workspace.answers.asks("arena", limit=1)
    answers = answers or [
        each for first in newest for each in workspace.answers.of_ask(first.ask_id)
    ]
    if not answers:
        return []
    pool = answers[0].request.get("pool") or [each.system_id for each in answers]
    return [str(each) for each in pool]


def sides(answers: Sequence[AnswerRecord]) -> tuple[AnswerRecord, AnswerRecord]:
    """Gives the left and the right answer; a reload shows them on the same sides."""
    first, second = answers
    return (second, first) if is_swapped(first.ask_id) else (first, second)


def why_not(workspace: Workspace, answers: Sequence[AnswerRecord]) -> str:
    """Gives why a pair may not be voted on; empty if it may."""
    first, second = (_answer(workspace, each) for each in answers)
    return why_no_vote(first, second)


def vote(
    workspace: Workspace,
    answers: Sequence[AnswerRecord],
    choice: Choice,
    *,
    are_both_unacceptable: bool = False,
    rater: str = "",
) -> bool:
    """Stores a vote durably; False if the pair was judged before (a double click).

    Raises:
        ConfigError: The pair may not be voted on.
    """
    reason = why_not(workspace, answers)
    if reason:
        raise ConfigError(reason, hint="Ask for the next pair.")
    first, second = answers
    left, _ = sides(answers)
    outcome = "tie"
    if choice != "tie":
        outcome = "a" if (choice == "left") == (left.id == first.id) else "b"
    return workspace.votes.add(
        Vote(
            id=str(uuid.uuid4()),
            ask_id=first.ask_id,
            system_a=first.system_id,
            system_b=second.system_id,
            outcome=outcome,
            are_both_unacceptable=are_both_unacceptable,
            rater=rater.strip(),
            src_lang=first.src_lang,
            tgt_lang=first.tgt_lang,
            corpus_id=str(first.request.get("corpus") or ""),
            segment=first.request.get("segment"),
            voted_at=utc_now(),
        )
    )


def _answer(workspace: Workspace, record: AnswerRecord) -> Answer:
    try:
        names = find_system(workspace, record.system_id).aliases
    except ConfigError:  # deleted meanwhile
        names = (record.system_name,)
    failure = record.failure or ("" if record.state == "done" else record.state)
    return Answer(record.text, record.finish_reason, failure, names, record.source)


@dataclass(frozen=True)
class Standing:
    """One row of the arena's table.

    Attributes:
        rating: Rating with interval, ranks and counts.
        name: The system's name.
        unacceptable_share: Of its votes, those where both answers were unacceptable.
        seconds: Median time of its answers; None if none is known.
        cost_usd: Mean cost of its answers.
    """

    rating: Rating
    name: str
    unacceptable_share: float
    seconds: float | None
    cost_usd: float


def comparisons(votes: Sequence[Vote]) -> list[Comparison]:
    """Gives votes as the ratings want them."""
    return [
        Comparison(vote.system_a, vote.system_b, cast(Literal["a", "b", "tie"], vote.outcome))
        for vote in votes
    ]


def standings(workspace: Workspace, votes: Sequence[Vote]) -> list[Standing]:
    """Gives the table of the systems that were voted on, the best first."""
    names = {info.id: info.name for info in all_systems(workspace)}
    found = []
    for rating in rate(comparisons(votes)):
        own = [vote for vote in votes if rating.system in (vote.system_a, vote.system_b)]
        answers = workspace.answers.of_system(rating.system, purpose="arena")
        times = [float(each.figures["total_s"]) for each in answers if each.state == "done"]
        costs = [float(each.figures.get("cost_usd") or 0.0) for each in answers]
        found.append(
            Standing(
                rating=rating,
                name=names.get(rating.system) or _earlier_name(workspace, rating.system),
                unacceptable_share=sum(vote.are_both_unacceptable for vote in own) / len(own),
                seconds=statistics.median(times) if times else None,
                cost_usd=statistics.fmean(costs) if costs else 0.0,
            )
        )
    return found


def _earlier_name(workspace: Workspace, system_id: str) -> str:
    """Gives what a deleted system was called when it last answered, or that it is deleted."""
    for answer in workspace.answers.of_system(system_id, limit=1):
        return answer.system_name
    sets = workspace.translation_sets.all()
    known = next((each.system_name for each in sets if each.system_id == system_id), "")
    kind, _, rest = system_id.partition(":")
    return known or f"deleted {kind} {rest[:8]}"
