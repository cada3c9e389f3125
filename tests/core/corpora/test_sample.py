from __future__ import annotations

import re
import time

import pytest

from core.corpora.sample import SAMPLE_NAME, SEED, SRC_LANG, TGT_LANG, SampleCorpus, generate_sample
from core.errors import DataError

# One pair for each frame and each effect of article, particle and gender, translated by hand.
GOLDEN = [
    ("The nurse opened the small box.", "D'oscail an t-altra an bosca beag."),
    ("The patients take a white tablet at home.", "Tógann na hothair táibléad bán sa bhaile."),
    (
        "The grandmother will get the important letter tomorrow.",
        "Gheobhaidh an tseanmháthair an litir thábhachtach amárach.",
    ),
    (
        "The doctor did not see the result in the hospital last week.",
        "Ní fhaca an dochtúir an toradh san ospidéal an tseachtain seo caite.",
    ),
    ("Did the mother buy the ointment last night?", "Ar cheannaigh an mháthair an t-ungadh aréir?"),
    (
        "Does the pharmacist check the small needle at the clinic?",
        "An seiceálann an cógaiseoir an tsnáthaid bheag ag an gclinic?",
    ),
    (
        "Will the parents get the safe vaccine at the health centre?",
        "An bhfaighidh na tuismitheoirí an vacsaín shábháilte ag an ionad sláinte?",
    ),
    (
        "The child does not take the blue leaflet in the pharmacy.",
        "Ní thógann an páiste an bhileog ghorm sa chógaslann.",
    ),
    (
        "The surgeon wrote a long report in the office.",
        "Scríobh an máinlia tuarascáil fhada san oifig.",
    ),
]


def _pairs(corpus: SampleCorpus) -> list[tuple[str, str]]:
    return corpus.train + corpus.dev + corpus.test


def _letters(segment: str) -> str:
    # The only marks there are, see test_segments_are_written_as_sentences; translate() takes 4 s.
    for mark in "'-.?":
        segment = segment.replace(mark, "")
    return segment.casefold()


@pytest.fixture(scope="module")
def grammar() -> list[tuple[str, str]]:
    """Every pair that the grammar can give; its error message says how many there are."""
    with pytest.raises(DataError) as caught:
        generate_sample(num_train=10**9)
    numbers = [int(number) for number in re.findall(r"\d+", caught.value.message)]
    return generate_sample(numbers[1], 0, 0).train


@pytest.fixture(scope="module")
def grammar_by_english(grammar) -> dict[str, str]:
    return dict(grammar)


def test_default_sample_has_the_declared_sizes():
    corpus = generate_sample()
    assert (len(corpus.train), len(corpus.dev), len(corpus.test)) == (3000, 200, 200)
    assert (SRC_LANG, TGT_LANG) == ("eng_Latn", "gle_Latn")
    assert "synthetic" in SAMPLE_NAME


@pytest.mark.parametrize("sizes", [(0, 0, 0), (5, 0, 1), (0, 7, 2)])
def test_splits_have_the_requested_sizes(sizes):
    corpus = generate_sample(*sizes)
    assert (len(corpus.train), len(corpus.dev), len(corpus.test)) == sizes


@pytest.mark.parametrize("seed", [SEED, 1, 2])
@pytest.mark.parametrize("side", [0, 1], ids=["english", "irish"])
def test_no_segment_occurs_twice_in_the_splits(seed, side):
    segments = [_letters(pair[side]) for pair in _pairs(generate_sample(seed=seed))]
    assert len(set(segments)) == len(segments)


@pytest.mark.parametrize("side", [0, 1], ids=["english", "irish"])
def test_no_segment_occurs_twice_in_the_grammar(grammar, side):
    assert len({_letters(pair[side]) for pair in grammar}) == len(grammar)


@pytest.mark.parametrize(("english", "irish"), GOLDEN)
def test_known_translations(grammar_by_english, english, irish):
    assert grammar_by_english[english] == irish


def test_same_seed_gives_the_same_sample():
    assert generate_sample(seed=7) == generate_sample(seed=7)


def test_other_seed_gives_another_sample():
    assert generate_sample(seed=7).test != generate_sample(seed=8).test


def test_default_sample_takes_less_than_a_second():
    start = time.perf_counter()
    generate_sample()
    assert time.perf_counter() - start < 1


def test_segments_are_written_as_sentences():
    for english, irish in _pairs(generate_sample()):
        for segment in (english, irish):
            assert re.fullmatch(r"[A-ZÁÉÍÓÚ][a-záéíóú '-]*[a-záéíóú][.?]", segment), segment
            assert "  " not in segment
        assert english[-1] == irish[-1]


def test_segments_have_seven_to_eleven_words_on_average():
    for side in zip(*generate_sample().train, strict=True):
        mean = sum(len(segment.split()) for segment in side) / len(side)
        assert 7 <= mean <= 11


def test_too_many_segments_are_refused_with_the_number_that_exists(grammar):
    message = f"only {len(grammar)} distinct segments"
    with pytest.raises(DataError, match=message):
        generate_sample(len(grammar), 1, 0)


def test_negative_size_is_refused():
    with pytest.raises(DataError, match="-1 training, 2 development and 3 test segments"):
        generate_sample(-1, 2, 3)
