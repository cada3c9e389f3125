from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from core.errors import ConfigError, DataError, TrainingError
from core.storage.answer_records import UNFINISHED, AnswerRecord
from core.storage.batch_records import Batch
from core.storage.job_records import WAITING, Job
from core.storage.system_records import SystemRecord
from core.storage.translation_set_records import Hypothesis, SetCounts, TranslationSet
from core.storage.vote_records import Vote
from core.storage.workspace import Workspace

NOW = "2024-03-04T05:06:07.123+00:00"
# Combining marks, right to left, Devanagari, CJK, emoji with joiners, a null character.
HOSTILE = "e\u0301 שלום नमस्ते 翻訳 👩🏽‍🔬 \x00 '; DROP TABLE answers;-- \u2028 ${KEY}\r\n\t"

SYSTEM = SystemRecord(
    id="s1",
    name="GPT 'four' ☕",
    kind="openai",
    settings={"base_url": "https://example.org/v1", "headers": HOSTILE, "price": 0.15},
    created_at=NOW,
    learned={"ignored": ["seed"], "renamed": {}},
)

ANSWER = AnswerRecord(
    id="a1",
    ask_id="ask1",
    position=0,
    purpose="compare",
    system_id="model:starter",
    system_name="starter",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    source=HOSTILE,
    asked_at=NOW,
    reference=HOSTILE[::-1],
    text="Dia duit",
    raw="```\nDia duit\n```",
    stages=[{"name": "draft", "text": HOSTILE}],
    state="done",
    finish_reason="stop",
    figures={"total_s": 1.25, "first_token_s": None, "ignored": ["seed"]},
    request={"messages": [{"role": "user", "content": HOSTILE}]},
    owner='{"pid": 1}',
    ended_at=NOW,
)

VOTE = Vote(
    id="v1",
    ask_id="ask1",
    system_a="model:starter",
    system_b="endpoint:1",
    outcome="tie",
    are_both_unacceptable=True,
    rater="Áine",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    corpus_id="c1",
    segment=0,
    voted_at=NOW,
)

SET = TranslationSet(
    id="t1",
    batch_id="b1",
    system_id="model:starter",
    system_name="starter",
    corpus_id="c1",
    corpus_name="Covid",
    split="test",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    test_set_hash="0" * 64,
    num_segments=3,
    created_at=NOW,
    provenance={"model": "starter", "prompt": {"template_version": 0}},
)

JOB = Job("b1", "core.systems.batch.batch_job", "batches/b1", "translate", WAITING, NOW)

BATCH = Batch(
    id="b1",
    corpus_id="c1",
    corpus_name="Covid",
    split="test",
    settings={"systems": ["model:starter"], "budget_usd": 0.5},
    created_at=NOW,
    job=JOB,
)


# Systems


def test_system_comes_back_as_it_was_stored(workspace: Workspace) -> None:
    workspace.systems.add(SYSTEM)
    assert workspace.systems.get("s1") == SYSTEM
    assert workspace.systems.all() == [SYSTEM]
    assert workspace.systems.get("s2") is None


def test_system_is_got_by_its_id_never_by_its_name(workspace: Workspace) -> None:
    workspace.systems.add(replace(SYSTEM, name="starter"))
    assert workspace.systems.get("starter") is None


def test_systems_have_names_of_their_own(workspace: Workspace) -> None:
    workspace.systems.add(SYSTEM)
    other = replace(SYSTEM, id="s2", name="Another")
    workspace.systems.add(other)
    with pytest.raises(ConfigError, match="There is already a system named"):
        workspace.systems.add(replace(SYSTEM, id="s3"))
    with pytest.raises(ConfigError, match="There is already a system named 'Another'"):
        workspace.systems.change("s1", "Another", "openai", {})
    assert workspace.systems.all() == [other, SYSTEM]


def test_changed_system_forgets_what_the_old_one_taught(workspace: Workspace) -> None:
    workspace.systems.add(SYSTEM)
    workspace.systems.change("s1", SYSTEM.name, "deepl", {"model": "x"})
    changed = replace(SYSTEM, kind="deepl", settings={"model": "x"}, learned={})
    assert workspace.systems.get("s1") == changed


def test_what_is_learned_is_added_to_what_is_known(workspace: Workspace) -> None:
    workspace.systems.add(replace(SYSTEM, learned={}))
    workspace.systems.learn("s1", {"ignored": ["seed"]})
    workspace.systems.learn("s1", {"probe": {"checks": []}})
    workspace.systems.learn("s1", {"ignored": ["stop"]})
    workspace.systems.learn("gone", {"ignored": ["top_p"]})
    (found,) = workspace.systems.all()
    assert found.learned == {"ignored": ["seed", "stop"], "probe": {"checks": []}}
    workspace.systems.learn("s1", {"ignored": []}, replaces=True)
    (found,) = workspace.systems.all()
    assert found.learned == {"ignored": [], "probe": {"checks": []}}


def test_lessons_learned_at_the_same_time_are_all_kept(workspace: Workspace) -> None:
    workspace.systems.add(replace(SYSTEM, learned={}))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: workspace.systems.learn("s1", {f"n{n}": n}), range(40)))
    (found,) = workspace.systems.all()
    assert found.learned == {f"n{n}": n for n in range(40)}


def test_deleted_system_is_gone(workspace: Workspace) -> None:
    workspace.systems.add(SYSTEM)
    workspace.systems.delete("s1")
    assert workspace.systems.all() == []


# Templates


def test_template_comes_back_as_it_was_stored(workspace: Workspace) -> None:
    content = {"name": "Mine", "user": HOSTILE, "stop": ["\n"]}
    saved = workspace.templates.save("Mine", content)
    assert (saved.version, saved.content) == (1, content)
    assert workspace.templates.get("Mine") == workspace.templates.get("Mine", 1) == saved


def test_unchanged_template_keeps_its_version(workspace: Workspace) -> None:
    first = workspace.templates.save("Mine", {"user": "a", "stop": ("\n",)})
    assert workspace.templates.save("Mine", {"stop": ["\n"], "user": "a"}) == first
    assert workspace.templates.save("Mine", {"user": "a", "stop": ("\n",)}) == first
    assert len(workspace.templates.versions("Mine")) == 1


def test_no_version_of_a_template_is_ever_overwritten(workspace: Workspace) -> None:
    for text in ("a", "b", "a"):
        workspace.templates.save("Mine", {"user": text})
    workspace.templates.save("Älter", {"user": "c"})
    versions = workspace.templates.versions("Mine")
    assert [(each.version, each.content["user"]) for each in versions] == [
        (3, "a"), (2, "b"), (1, "a"),
    ]  # fmt: skip
    newest = [(each.name, each.version) for each in workspace.templates.newest()]
    assert newest == [("Mine", 3), ("Älter", 1)]
    assert workspace.templates.get("Mine", 2) == versions[1]


def test_templates_saved_at_the_same_time_are_all_kept(workspace: Workspace) -> None:
    def save(number: int) -> int:
        return workspace.templates.save("Mine", {"user": str(number)}).version

    with ThreadPoolExecutor(8) as threads:
        versions = list(threads.map(save, range(40)))
    assert sorted(versions) == list(range(1, 41))
    stored = {each.version: each.content["user"] for each in workspace.templates.versions("Mine")}
    assert stored == {version: str(number) for number, version in enumerate(versions)}


def test_unknown_template_is_one_sentence(workspace: Workspace) -> None:
    workspace.templates.save("Mine", {"user": "a"})
    with pytest.raises(ConfigError, match="There is no prompt template 'Yours'"):
        workspace.templates.get("Yours")
    with pytest.raises(ConfigError, match="There is no prompt template 'Mine' version 2"):
        workspace.templates.get("Mine", 2)


def test_deleted_template_is_gone_with_all_its_versions(workspace: Workspace) -> None:
    for name in ("Mine", "Mine too"):
        for text in ("a", "b"):
            workspace.templates.save(name, {"user": text})
    workspace.templates.delete("Mine")
    assert workspace.templates.versions("Mine") == []
    assert [each.name for each in workspace.templates.newest()] == ["Mine too"]


# Answers


def ids(records: list[AnswerRecord]) -> list[str]:
    return [record.id for record in records]


def add_answers(workspace: Workspace, count: int, **values: Any) -> None:
    """Adds answers a0, a1, …, each of an ask of its own and older than the one before."""
    workspace.answers.add(
        [
            replace(
                ANSWER,
                id=f"a{number}",
                ask_id=f"ask{number}",
                asked_at=f"2024-01-01T{9999 - number:04}",
                **values,
            )
            for number in range(count)
        ]
    )


def test_answers_come_back_as_they_were_stored(workspace: Workspace) -> None:
    second = replace(ANSWER, id="a2", position=1)
    workspace.answers.add([second, ANSWER])
    workspace.answers.add([])
    assert workspace.answers.of_ask("ask1") == [ANSWER, second]
    assert workspace.answers.of_ask("ask2") == []


def test_answer_grows(workspace: Workspace) -> None:
    waiting = replace(ANSWER, state="waiting", text="", ended_at=None)
    workspace.answers.add([waiting, replace(ANSWER, id="a2", position=1)])
    workspace.answers.update("a1", {"state": "streaming", "text": "Dia"})
    found = workspace.answers.of_ask("ask1")[0]
    assert (found.state, found.text, found.has_ended) == ("streaming", "Dia", False)
    assert workspace.answers.search("a2") == []


# LIKE's own marks, letters of other alphabets in either case, quotes, a backslash.
SOURCES = ["100% sure", "1000 sure", "snake_case", "snakescase", "Éire go Brách", "ΑΘΗΝΑ",
           "Straße", "it's", r"C:\new", "नमस्ते"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("%", ["100% sure"]),
        ("0% s", ["100% sure"]),
        ("_", ["snake_case"]),
        ("SNAKE_", ["snake_case"]),
        ("snake", ["snake_case", "snakescase"]),
        ("éIRE", ["Éire go Brách"]),
        ("αθηνα", ["ΑΘΗΝΑ"]),
        ("STRASSE", []),
        ("'", ["it's"]),
        ("\\", [r"C:\new"]),
        ("/", []),
        ("नम", ["नमस्ते"]),
        ("%%", []),
        ("", SOURCES),
    ],
)
def test_search_takes_a_text_literally_and_in_any_case(
    text: str, sources: list[str], workspace: Workspace
) -> None:
    for number, source in enumerate(SOURCES):
        asked_at = f"2024-01-{30 - number}"
        blank = {"reference": "", "text": "", "system_name": ""}
        values = {"source": source, "asked_at": asked_at, **blank}
        record = replace(ANSWER, id=str(number), position=number, **values)
        workspace.answers.add([record])
    assert [each.source for each in workspace.answers.search(text)] == sources
    assert workspace.answers.count(text) == len(sources)
    assert [each.source for each in workspace.answers.each(text)] == sources


@pytest.mark.parametrize("column", ["source", "text", "reference", "system_name"])
def test_search_looks_into_texts_and_names(column: str, workspace: Workspace) -> None:
    workspace.answers.add(
        [ANSWER, replace(ANSWER, id="a2", position=1, **{column: "a needle here"})]
    )
    assert ids(workspace.answers.search("Needle")) == ["a2"]


def test_search_gives_pages_of_one_purpose_the_newest_first(workspace: Workspace) -> None:
    add_answers(workspace, 7, ended_at=None)
    workspace.answers.update("a3", {"purpose": "chat"})
    assert ids(workspace.answers.search(limit=3, offset=2)) == ["a2", "a3", "a4"]
    found = workspace.answers.search(purpose="compare", limit=3, offset=2)
    assert ids(found) == ["a2", "a4", "a5"]
    assert workspace.answers.count(purpose="compare") == 6
    assert workspace.answers.count(purpose="arena") == 0


def test_each_gives_all_of_many_answers(workspace: Workspace) -> None:
    add_answers(workspace, 1203, ended_at=None)
    workspace.answers.update("a700", {"purpose": "chat"})
    wanted = [f"a{number}" for number in range(1203)]
    assert ids(list(workspace.answers.each())) == wanted
    wanted.remove("a700")
    assert ids(list(workspace.answers.each(purpose="compare"))) == wanted


def test_each_gives_answers_that_were_asked_at_once(workspace: Workspace) -> None:
    records = [
        replace(ANSWER, id=f"{n:04}", ask_id=f"ask{n // 6:04}", position=n % 6) for n in range(1002)
    ]
    workspace.answers.add(records[::-1])
    assert list(workspace.answers.each()) == records


def test_each_gives_every_answer_once_whatever_is_asked_or_deleted_meanwhile(
    workspace: Workspace,
) -> None:
    add_answers(workspace, 1100)
    found = []
    for record in workspace.answers.each():
        found.append(record.id)
        if record.id == "a5":
            workspace.answers.delete("ask6")  # already in the piece that is being given
            workspace.answers.delete("ask800")
            new = replace(ANSWER, id="new", ask_id="new", asked_at="2025-01-01")
            workspace.answers.add([new])
    assert found == [f"a{number}" for number in range(1100) if number != 800]


def test_only_unfinished_answers_are_interrupted(workspace: Workspace) -> None:
    states = ("waiting", "streaming", "done", "stopped", "failed", "interrupted")
    workspace.answers.add(
        [
            replace(ANSWER, id=state, position=n, state=state, ended_at=None)
            for n, state in enumerate(states)
        ]
        + [replace(ANSWER, id="another", position=9, state="waiting")]
    )
    assert {each.id for each in workspace.answers.unfinished()} == {*UNFINISHED, "another"}
    workspace.answers.interrupt(states)
    found = {each.id: each for each in workspace.answers.of_ask("ask1")}
    changed = [name for name, each in found.items() if each.failure]
    assert sorted(changed) == sorted(UNFINISHED)
    for name in UNFINISHED:
        assert (found[name].state, found[name].has_ended) == ("interrupted", True)
        assert found[name].ended_at is not None and found[name].text == ANSWER.text
    assert ids(workspace.answers.unfinished()) == ["another"]
    workspace.answers.interrupt([])


def test_asks_are_listed_once_each(workspace: Workspace) -> None:
    for ask, day in (("one", 1), ("two", 2)):
        asked_at = f"2024-01-0{day}"
        turns = [
            replace(ANSWER, id=f"{ask}{n}", ask_id=ask, position=n, asked_at=asked_at, purpose=use)
            for n, use in enumerate(("chat", "chat"))
        ]
        workspace.answers.add(turns)
    workspace.answers.add([ANSWER])
    assert ids(workspace.answers.asks("chat")) == ["two0", "one0"]
    assert ids(workspace.answers.asks("chat", limit=1)) == ["two0"]


def test_answers_of_a_system_are_told_by_its_id(workspace: Workspace) -> None:
    add_answers(workspace, 3, ended_at=None)
    workspace.answers.update("a1", {"purpose": "chat"})
    other = replace(ANSWER, id="other", ask_id="other", system_id="model:other")
    workspace.answers.add([other])
    assert ids(workspace.answers.of_system("model:starter")) == ["a0", "a1", "a2"]
    assert ids(workspace.answers.of_system("model:starter", purpose="chat")) == ["a1"]
    assert ids(workspace.answers.of_system("model:starter", limit=1)) == ["a0"]


# Votes


def test_vote_comes_back_as_it_was_stored(workspace: Workspace) -> None:
    assert workspace.votes.add(VOTE)
    own_text = replace(VOTE, id="v2", ask_id="ask2", corpus_id="", segment=None)
    assert workspace.votes.add(own_text)
    assert workspace.votes.of_ask("ask1") == VOTE
    assert workspace.votes.of_ask("ask2") == own_text
    assert workspace.votes.of_ask("ask3") is None


def test_second_vote_on_a_pair_is_refused(workspace: Workspace) -> None:
    assert workspace.votes.add(VOTE)
    assert not workspace.votes.add(replace(VOTE, id="v2", outcome="a"))
    assert workspace.votes.of_ask("ask1") == VOTE


def test_of_many_votes_at_the_same_time_one_counts(workspace: Workspace) -> None:
    def vote(number: int) -> bool:
        return workspace.votes.add(replace(VOTE, id=f"v{number}"))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(vote, range(16))) == 1
    assert len(workspace.votes.of_direction("eng_Latn", "gle_Latn")) == 1


def test_vote_can_be_withdrawn_and_given_anew(workspace: Workspace) -> None:
    workspace.votes.add(VOTE)
    workspace.votes.add(replace(VOTE, id="v2", ask_id="ask2"))
    workspace.votes.withdraw("ask1")
    workspace.votes.withdraw("ask1")
    assert workspace.votes.of_ask("ask1") is None
    assert workspace.votes.of_ask("ask2") is not None
    assert workspace.votes.add(replace(VOTE, id="v3", outcome="b"))


def test_votes_are_listed_by_direction(workspace: Workspace) -> None:
    there, back = ("eng_Latn", "gle_Latn"), ("gle_Latn", "eng_Latn")
    for number, (src_lang, tgt_lang) in enumerate((back, there, there)):
        workspace.votes.add(
            replace(
                VOTE,
                id=f"v{number}",
                ask_id=f"ask{number}",
                src_lang=src_lang,
                tgt_lang=tgt_lang,
                voted_at=f"2024-01-0{9 - number}",
            )
        )
    assert workspace.votes.directions() == [there, back]
    assert [vote.id for vote in workspace.votes.of_direction(*there)] == ["v2", "v1"]
    assert workspace.votes.of_direction("eng_Latn", "mar_Deva") == []


# Translation sets


def hypothesis(position: int, text: str | None = "Dia duit", **values: Any) -> Hypothesis:
    failure = "" if text is not None else "It did not answer."
    return Hypothesis("t1", position, f"source {position}", "ref", text, failure=failure, **values)


def test_translation_set_comes_back_as_it_was_stored(workspace: Workspace) -> None:
    imported = replace(SET, id="t2", batch_id=None, created_at="2025-01-01", provenance={})
    workspace.translation_sets.add(SET)
    workspace.translation_sets.add(imported)
    assert workspace.translation_sets.get("t1") == SET
    assert workspace.translation_sets.all() == [imported, SET]
    assert workspace.translation_sets.of_batch("b1") == [SET]
    assert workspace.translation_sets.of_test_set("0" * 64) == [SET, imported]
    assert workspace.translation_sets.of_test_set("1" * 64) == []
    assert workspace.translation_sets.num_of_corpus("c1") == 2
    assert workspace.translation_sets.num_of_corpus("c2") == 0


def test_set_that_is_there_stays_as_it_is(workspace: Workspace) -> None:
    workspace.translation_sets.add(SET)
    workspace.translation_sets.store([hypothesis(0)])
    workspace.translation_sets.add(replace(SET, system_name="another"))
    assert workspace.translation_sets.get("t1") == SET
    assert workspace.translation_sets.done_positions("t1") == {0}


def test_unknown_set_is_one_sentence(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="There is no translation set 'x'"):
        workspace.translation_sets.get("x")


def test_segments_come_back_as_they_were_stored(workspace: Workspace) -> None:
    workspace.translation_sets.add(SET)
    first = Hypothesis("t1", 0, HOSTILE, HOSTILE, HOSTILE, HOSTILE, "", {"cost_usd": 0.25})
    empty = Hypothesis("t1", 1, "", "", "", "", "", {})
    failed = hypothesis(2, None)
    workspace.translation_sets.store([failed, empty, first])
    workspace.translation_sets.store([])
    assert list(workspace.translation_sets.segments("t1")) == [first, empty, failed]


def test_segment_that_failed_is_replaced(workspace: Workspace) -> None:
    workspace.translation_sets.add(SET)
    workspace.translation_sets.store([hypothesis(0), hypothesis(1, None, raw="Dia"), hypothesis(2)])
    assert workspace.translation_sets.done_positions("t1") == {0, 2}
    workspace.translation_sets.store([hypothesis(1, "Slán")])
    found = list(workspace.translation_sets.segments("t1"))
    assert [each.hypothesis for each in found] == ["Dia duit", "Slán", "Dia duit"]
    assert [each.raw for each in found] == ["", "", ""]
    assert workspace.translation_sets.counts("t1").num_failed == 0


def test_segments_of_a_set_that_is_not_there_are_refused(workspace: Workspace) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"):
        workspace.translation_sets.store([hypothesis(0)])


def test_long_sets_are_stored_and_read_in_order(workspace: Workspace) -> None:
    workspace.translation_sets.add(SET)
    workspace.translation_sets.add(replace(SET, id="t2"))
    # More variables than one statement of SQLite takes, and more than two pages.
    positions = [(number * 7919) % 20_011 for number in range(20_011)]
    records = [hypothesis(at, None if at % 2 else "x") for at in positions]
    workspace.translation_sets.store(records)
    workspace.translation_sets.store(records)
    workspace.translation_sets.store([replace(hypothesis(0), set_id="t2")])
    sets = workspace.translation_sets
    assert [each.position for each in sets.segments("t1")] == list(range(20_011))
    failed = [each.position for each in sets.segments("t1", only_failed=True)]
    assert failed == list(range(1, 20_011, 2))
    assert sets.counts("t1") == SetCounts(10_006, 10_005, 0.0)


def test_pages_that_end_with_the_set_are_whole(workspace: Workspace) -> None:
    workspace.translation_sets.add(SET)
    workspace.translation_sets.store([hypothesis(at) for at in range(4000)])
    assert sum(1 for _ in workspace.translation_sets.segments("t1")) == 4000
    assert list(workspace.translation_sets.segments("t1", only_failed=True)) == []


def test_counts_tell_how_far_a_set_is_and_what_it_cost(workspace: Workspace) -> None:
    workspace.translation_sets.add(SET)
    assert workspace.translation_sets.counts("t1") == SetCounts(0, 0, 0.0)
    workspace.translation_sets.store(
        [
            hypothesis(0, cost_usd=0.25),
            hypothesis(1, ""),
            hypothesis(2, None, cost_usd=0.5),
            hypothesis(3, None),
        ]
    )
    assert workspace.translation_sets.counts("t1") == SetCounts(2, 2, 0.75)
    assert workspace.translation_sets.done_positions("t1") == {0, 1}
    assert workspace.translation_sets.failed_positions("t1") == {2, 3}


def test_what_a_failed_segment_cost_stays_counted(workspace: Workspace) -> None:
    for set_id in ("t1", "t2"):
        workspace.translation_sets.add(replace(SET, id=set_id))
    other = replace(hypothesis(1, None, cost_usd=8.0), set_id="t2")
    workspace.translation_sets.store([hypothesis(1, None, cost_usd=0.5), other])
    workspace.translation_sets.store([hypothesis(1, None, cost_usd=0.25), hypothesis(2)])
    workspace.translation_sets.store([hypothesis(1, "Slán", cost_usd=0.125)])
    assert workspace.translation_sets.counts("t1") == SetCounts(2, 0, 0.875)
    assert workspace.translation_sets.counts("t2") == SetCounts(0, 1, 8.0)


def test_storing_a_segment_looks_at_no_other_one(workspace: Workspace) -> None:
    plans: list[str] = []
    workspace.translation_sets.add(SET)

    def explain(connection: Connection, _: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT hypotheses", "DELETE FROM hypotheses")):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.extend(str(row[-1]) for row in rows)

    event.listen(workspace.database._engine, "before_cursor_execute", explain)
    for text in (None, "Slán"):
        workspace.translation_sets.store([hypothesis(1, text)])
    assert len(plans) == 3
    for plan in plans:
        assert plan.startswith("SEARCH hypotheses") and "set_id=? AND position=?" in plan


def test_deleted_set_takes_its_segments_along(workspace: Workspace) -> None:
    for set_id in ("t1", "t2"):
        workspace.translation_sets.add(replace(SET, id=set_id))
        workspace.translation_sets.store([replace(hypothesis(0), set_id=set_id)])
    workspace.translation_sets.delete("t1")
    assert list(workspace.translation_sets.segments("t1")) == []
    assert [each.id for each in workspace.translation_sets.all()] == ["t2"]
    assert len(list(workspace.translation_sets.segments("t2"))) == 1


# Batches


def test_batch_and_its_job_come_back_as_they_were_stored(workspace: Workspace) -> None:
    workspace.batches.add(BATCH)
    assert workspace.batches.get("b1") == BATCH
    assert workspace.batches.all() == [BATCH]
    assert workspace.jobs.get("b1") == JOB


def test_unknown_batch_is_one_sentence(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="There is no batch 'x'"):
        workspace.batches.get("x")


def test_batches_are_listed_newest_first(workspace: Workspace) -> None:
    for name, day in (("b1", 1), ("b3", 3), ("b2", 2)):
        job = replace(JOB, id=name)
        workspace.batches.add(replace(BATCH, id=name, created_at=f"2024-01-0{day}", job=job))
    assert [each.id for each in workspace.batches.all()] == ["b3", "b2", "b1"]
    assert [each.id for each in workspace.batches.all(limit=2)] == ["b3", "b2"]


def test_state_of_a_batch_is_that_of_its_job(workspace: Workspace) -> None:
    workspace.batches.add(BATCH)
    workspace.jobs.claim_next("translate")
    workspace.jobs.publish("b1", "failed", "The key was refused.", {"step": 3}, NOW)
    job = workspace.batches.get("b1").job
    assert (job.state, job.reason, job.progress) == ("failed", "The key was refused.", {"step": 3})


def test_batch_whose_job_cannot_be_stored_is_not_stored(workspace: Workspace) -> None:
    workspace.batches.add(BATCH)
    with pytest.raises(Exception, match="UNIQUE"):
        workspace.batches.add(BATCH)
    assert workspace.batches.all() == [BATCH]


def test_settings_of_a_batch_can_change(workspace: Workspace) -> None:
    workspace.batches.add(BATCH)
    workspace.batches.add(replace(BATCH, id="b2", job=replace(JOB, id="b2")))
    workspace.batches.change_settings("b1", {"budget_usd": 2.0})
    assert workspace.batches.get("b1").settings == {"budget_usd": 2.0}
    assert workspace.batches.get("b2").settings == BATCH.settings


def test_deleted_batch_takes_its_job_along_and_leaves_its_sets(workspace: Workspace) -> None:
    workspace.batches.add(BATCH)
    workspace.translation_sets.add(SET)
    workspace.batches.delete("b1")
    assert workspace.batches.all() == []
    assert workspace.jobs.get("b1") is None
    assert workspace.translation_sets.of_batch("b1") == [SET]


# Paid answers


def test_paid_answer_comes_back_as_it_was_kept(workspace: Workspace) -> None:
    content = {"text": HOSTILE, "raw": "", "figures": {"cost_usd": 0.25, "is_estimated": False}}
    assert workspace.cache.get("k1") is None
    workspace.cache.put("k1", content)
    assert workspace.cache.get("k1") == content
    assert workspace.cache.get("k2") is None


def test_later_answer_to_the_same_question_replaces_the_first(workspace: Workspace) -> None:
    workspace.cache.put("k1", {"text": "a"})
    workspace.cache.put("k1", {"text": "b"})
    assert workspace.cache.get("k1") == {"text": "b"}
    assert workspace.cache.count() == 1


def test_answers_kept_at_the_same_time_are_no_conflict(workspace: Workspace) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: workspace.cache.put(f"k{n % 4}", {"text": str(n)}), range(32)))
    assert workspace.cache.count() == 4


def test_many_keys_are_looked_up_at_once(workspace: Workspace) -> None:
    for number in range(0, 40, 2):
        workspace.cache.put(f"k{number}", {"text": ""})
    keys = [f"k{number}" for number in range(40_000)]  # more than one statement of SQLite takes
    assert workspace.cache.known(keys[::-1]) == {f"k{number}" for number in range(0, 40, 2)}
    assert workspace.cache.known([]) == set()


def test_cleared_cache_knows_nothing(workspace: Workspace) -> None:
    workspace.cache.put("k1", {"text": "a"})
    workspace.cache.clear()
    assert workspace.cache.count() == 0
    assert workspace.cache.known(["k1"]) == set()


def test_late_writer_does_not_overwrite_the_end(workspace: Workspace) -> None:
    workspace.answers.add([replace(ANSWER, state="streaming", text="half", ended_at=None)])
    workspace.answers.update("a1", {"state": "done", "text": "whole", "ended_at": NOW})
    workspace.answers.update("a1", {"state": "streaming", "text": "half", "ended_at": None})
    (found,) = workspace.answers.of_ask("ask1")
    assert (found.state, found.text) == ("done", "whole")


def test_same_question_twice_is_one_and_another_one_is_refused(workspace: Workspace) -> None:
    assert workspace.answers.add([ANSWER])
    assert not workspace.answers.add([replace(ANSWER, id="again")])
    with pytest.raises(ConfigError, match="went on elsewhere"):
        workspace.answers.add([replace(ANSWER, id="other", source="Another message.")])
    assert ids(workspace.answers.of_ask("ask1")) == ["a1"]
