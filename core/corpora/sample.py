"""The bundled sample corpus: synthetic English–Irish health information from a small grammar."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from core.errors import DataError

SAMPLE_NAME = "Sample: synthetic English–Irish health information"
SRC_LANG = "eng_Latn"
TGT_LANG = "gle_Latn"
SEED = 20240302

Pair = tuple[str, str]


@dataclass(frozen=True)
class SampleCorpus:
    """Three splits without a common segment in either language.

    Attributes:
        train: Pairs of an English segment and its Irish translation, as in the other splits.
        dev: For validation during training.
        test: For scoring afterwards.
    """

    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]


def generate_sample(
    num_train: int = 3000, num_dev: int = 200, num_test: int = 200, seed: int = SEED
) -> SampleCorpus:
    """Draws distinct segments from the grammar and splits them.

    Args:
        num_train: Pairs in the training split, 0 or more.
        num_dev: Pairs in the development split, 0 or more.
        num_test: Pairs in the test split, 0 or more.
        seed: The same seed and sizes give the same corpus.

    Returns:
        The corpus, in random order.

    Raises:
        DataError: A size is negative, or the grammar has fewer distinct segments than requested.
    """
    if min(num_train, num_dev, num_test) < 0:
        raise DataError(
            f"A sample cannot have {num_train} training, {num_dev} development and "
            f"{num_test} test segments.",
            hint="Use sizes of 0 or more.",
        )
    patterns = _patterns()
    ends = list(accumulate(pattern.size for pattern in patterns))
    num_requested = num_train + num_dev + num_test
    if num_requested > ends[-1]:
        raise DataError(
            f"{num_requested} segments were requested, but the sample grammar has only "
            f"{ends[-1]} distinct segments.",
            hint="Request fewer segments.",
        )
    pairs = []
    # Drawn without replacement: every segment has one number (within its pattern counted from the
    # end), so none comes twice.
    for number in random.Random(seed).sample(range(ends[-1]), num_requested):
        which = bisect_right(ends, number)
        pairs.append(patterns[which].pair(ends[which] - number - 1))
    dev_start, test_start = num_train, num_train + num_dev
    return SampleCorpus(pairs[:dev_start], pairs[dev_start:test_start], pairs[test_start:])


@dataclass(frozen=True)
class _Subject:
    """A noun with its article.

    Attributes:
        english: With "the".
        irish: Nominative with an or na and the change of initial that the article causes.
        is_staff: Whether they may do what only health staff do.
        is_plural: Decides the English verb; the Irish one is the same for all nouns.
    """

    english: str
    irish: str
    is_staff: bool = False
    is_plural: bool = False


@dataclass(frozen=True)
class _Object:
    """A noun in the nominative, which is also the case of the Irish object.

    Attributes:
        irish: Without article.
        with_article: Irish with an and the change of initial that the article causes.
        is_feminine: Whether it takes the lenited form of an adjective.
        adjectives: The English adjectives that fit, separated by spaces.
    """

    irish: str
    with_article: str
    is_feminine: bool
    adjectives: str


@dataclass(frozen=True)
class _Verb:
    """A verb; each triple holds past, present and future.

    Attributes:
        base: English infinitive.
        third_person: English present, singular.
        past: English past.
        statement: Irish forms without particle.
        negative: Irish forms with ní or níor.
        question: Irish forms with an or ar.
        objects: The English objects that fit, separated by spaces.
        is_for_staff: Whether only health staff do it.
    """

    base: str
    third_person: str
    past: str
    statement: tuple[str, str, str]
    negative: tuple[str, str, str]
    question: tuple[str, str, str]
    objects: str
    is_for_staff: bool = False


@dataclass(frozen=True)
class _Pattern:
    """All segments that share verb, tense and mood.

    Attributes:
        openings: English up to the verb, Irish up to the subject, one for each subject.
        endings: Object, place and time; parallel in both languages.
        mark: The final punctuation.
    """

    openings: list[Pair]
    endings: list[Pair]
    mark: str

    @property
    def size(self) -> int:
        """How many segments there are."""
        return len(self.openings) * len(self.endings)

    def pair(self, number: int) -> Pair:
        """Gives one segment in both languages; `number` counts from 0 below `size`."""
        first, last = divmod(number, len(self.endings))
        english, irish = zip(self.openings[first], self.endings[last], strict=True)
        return self._written(english), self._written(irish)

    def _written(self, parts: tuple[str, ...]) -> str:
        text = " ".join(parts)
        return text[0].upper() + text[1:] + self.mark


# The lexicon lists every inflected Irish form, because initial mutation has too many exceptions
# to be derived safely. Gender, plurals and verb forms were checked with the National Morphology
# Database (github.com/michmech/BuNaMo); initials follow the standard, An Caighdeán Oifigiúil.
_SUBJECTS = (
    _Subject("the nurse", "an t-altra", is_staff=True),
    _Subject("the doctor", "an dochtúir", is_staff=True),
    _Subject("the surgeon", "an máinlia", is_staff=True),
    _Subject("the pharmacist", "an cógaiseoir", is_staff=True),
    _Subject("the dentist", "an fiaclóir", is_staff=True),
    _Subject("the nurses", "na haltraí", is_staff=True, is_plural=True),
    _Subject("the doctors", "na dochtúirí", is_staff=True, is_plural=True),
    _Subject("the patient", "an t-othar"),
    _Subject("the patients", "na hothair", is_plural=True),
    _Subject("the woman", "an bhean"),
    _Subject("the man", "an fear"),
    _Subject("the child", "an páiste"),
    _Subject("the mother", "an mháthair"),
    _Subject("the father", "an t-athair"),
    _Subject("the grandmother", "an tseanmháthair"),
    _Subject("the parents", "na tuismitheoirí", is_plural=True),
)

_ADJECTIVES = {  # English: (masculine, feminine)
    "new": ("nua", "nua"),
    "small": ("beag", "bheag"),
    "big": ("mór", "mhór"),
    "long": ("fada", "fhada"),
    "white": ("bán", "bhán"),
    "blue": ("gorm", "ghorm"),
    "safe": ("sábháilte", "shábháilte"),
    "important": ("tábhachtach", "thábhachtach"),
}

_OBJECTS = {  # English, without article: Irish.
    "medicine": _Object("cógas", "an cógas", False, "new safe important"),
    "tablet": _Object("táibléad", "an táibléad", False, "new small white blue"),
    "vaccine": _Object("vacsaín", "an vacsaín", True, "new safe important"),
    "ointment": _Object("ungadh", "an t-ungadh", False, "new white safe"),
    "bandage": _Object("bindealán", "an bindealán", False, "new small big long white"),
    "mask": _Object("masc", "an masc", False, "new small white blue"),
    "needle": _Object("snáthaid", "an tsnáthaid", True, "new small long"),
    "bottle": _Object("buidéal", "an buidéal", False, "small big white blue"),
    "box": _Object("bosca", "an bosca", False, "small big white blue"),
    "bed": _Object("leaba", "an leaba", True, "new small big white"),
    "room": _Object("seomra", "an seomra", False, "new small big white"),
    "letter": _Object("litir", "an litir", True, "new long important"),
    "form": _Object("foirm", "an fhoirm", True, "new long white blue"),
    "leaflet": _Object("bileog", "an bhileog", True, "new small white blue"),
    "report": _Object("tuarascáil", "an tuarascáil", True, "new long important"),
    "test": _Object("tástáil", "an tástáil", True, "new long important"),
    "result": _Object("toradh", "an toradh", False, "new important"),
}

_VERBS = (
    _Verb(
        *("take", "takes", "took"),
        statement=("thóg", "tógann", "tógfaidh"),
        negative=("níor thóg", "ní thógann", "ní thógfaidh"),
        question=("ar thóg", "an dtógann", "an dtógfaidh"),
        objects="medicine tablet mask bottle leaflet form",
    ),
    _Verb(
        *("open", "opens", "opened"),
        statement=("d'oscail", "osclaíonn", "osclóidh"),
        negative=("níor oscail", "ní osclaíonn", "ní osclóidh"),
        question=("ar oscail", "an osclaíonn", "an osclóidh"),
        objects="bottle box room letter report leaflet",
    ),
    _Verb(
        *("clean", "cleans", "cleaned"),
        statement=("ghlan", "glanann", "glanfaidh"),
        negative=("níor ghlan", "ní ghlanann", "ní ghlanfaidh"),
        question=("ar ghlan", "an nglanann", "an nglanfaidh"),
        objects="bed room bottle box mask",
    ),
    _Verb(
        *("buy", "buys", "bought"),
        statement=("cheannaigh", "ceannaíonn", "ceannóidh"),
        negative=("níor cheannaigh", "ní cheannaíonn", "ní cheannóidh"),
        question=("ar cheannaigh", "an gceannaíonn", "an gceannóidh"),
        objects="medicine tablet ointment bandage mask bed",
    ),
    _Verb(
        *("use", "uses", "used"),
        statement=("d'úsáid", "úsáideann", "úsáidfidh"),
        negative=("níor úsáid", "ní úsáideann", "ní úsáidfidh"),
        question=("ar úsáid", "an úsáideann", "an úsáidfidh"),
        objects="ointment bandage mask needle bed room",
    ),
    _Verb(
        *("see", "sees", "saw"),
        statement=("chonaic", "feiceann", "feicfidh"),
        negative=("ní fhaca", "ní fheiceann", "ní fheicfidh"),
        question=("an bhfaca", "an bhfeiceann", "an bhfeicfidh"),
        objects="tablet needle letter form result report",
    ),
    _Verb(
        *("get", "gets", "got"),
        statement=("fuair", "faigheann", "gheobhaidh"),
        negative=("ní bhfuair", "ní fhaigheann", "ní bhfaighidh"),
        question=("an bhfuair", "an bhfaigheann", "an bhfaighidh"),
        objects="vaccine medicine test letter form result",
    ),
    _Verb(
        *("send", "sends", "sent"),
        statement=("sheol", "seolann", "seolfaidh"),
        negative=("níor sheol", "ní sheolann", "ní sheolfaidh"),
        question=("ar sheol", "an seolann", "an seolfaidh"),
        objects="box letter form leaflet report result",
    ),
    _Verb(
        *("write", "writes", "wrote"),
        statement=("scríobh", "scríobhann", "scríobhfaidh"),
        negative=("níor scríobh", "ní scríobhann", "ní scríobhfaidh"),
        question=("ar scríobh", "an scríobhann", "an scríobhfaidh"),
        objects="letter leaflet report",
        is_for_staff=True,
    ),
    _Verb(
        *("check", "checks", "checked"),
        statement=("sheiceáil", "seiceálann", "seiceálfaidh"),
        negative=("níor sheiceáil", "ní sheiceálann", "ní sheiceálfaidh"),
        question=("ar sheiceáil", "an seiceálann", "an seiceálfaidh"),
        objects="vaccine needle bandage bed test result",
        is_for_staff=True,
    ),
    _Verb(
        *("explain", "explains", "explained"),
        statement=("mhínigh", "míníonn", "míneoidh"),
        negative=("níor mhínigh", "ní mhíníonn", "ní mhíneoidh"),
        question=("ar mhínigh", "an míníonn", "an míneoidh"),
        objects="vaccine medicine test form report result",
        is_for_staff=True,
    ),
)

_PLACES = (
    ("in the hospital", "san ospidéal"),
    ("at the clinic", "ag an gclinic"),
    ("in the pharmacy", "sa chógaslann"),
    ("at the health centre", "ag an ionad sláinte"),
    ("in the office", "san oifig"),
    ("at home", "sa bhaile"),
)

_TIMES = (  # Past, present, future.
    (
        ("yesterday", "inné"),
        ("last night", "aréir"),
        ("last week", "an tseachtain seo caite"),
    ),
    (
        ("every day", "gach lá"),
        ("every week", "gach seachtain"),
    ),
    (
        ("tomorrow", "amárach"),
        ("tonight", "anocht"),
        ("next week", "an tseachtain seo chugainn"),
    ),
)


def _patterns() -> list[_Pattern]:
    patterns = []
    for verb in _VERBS:
        subjects = [who for who in _SUBJECTS if who.is_staff or not verb.is_for_staff]
        for tense, times in enumerate(_TIMES):
            endings = _endings(verb, times)
            for openings, mark in (
                ([_statement(verb, tense, who) for who in subjects], "."),
                ([_negative(verb, tense, who) for who in subjects], "."),
                ([_question(verb, tense, who) for who in subjects], "?"),
            ):
                patterns.append(_Pattern(openings, endings, mark))
    return patterns


def _endings(verb: _Verb, times: tuple[Pair, ...]) -> list[Pair]:
    # An adjective, a place and a time together would make most segments long and alike.
    short = [("", ""), *_PLACES, *times]
    both = [
        (f"{place[0]} {time[0]}", f"{place[1]} {time[1]}") for place in _PLACES for time in times
    ]
    endings = []
    for name in verb.objects.split():
        noun = _OBJECTS[name]
        for adjective in ("", *noun.adjectives.split()):
            adverbials = short if adjective else short + both
            endings += [
                (f"{english} {adverbial[0]}".strip(), f"{irish} {adverbial[1]}".strip())
                for english, irish in _noun_phrases(name, noun, adjective)
                for adverbial in adverbials
            ]
    return endings


def _noun_phrases(name: str, noun: _Object, adjective: str) -> tuple[Pair, Pair]:
    english = f"{adjective} {name}".strip()
    article = "an" if english[0] in "aeiou" else "a"
    agreeing = f" {_ADJECTIVES[adjective][noun.is_feminine]}" if adjective else ""
    definite = (f"the {english}", noun.with_article + agreeing)
    indefinite = (f"{article} {english}", noun.irish + agreeing)
    return definite, indefinite


def _statement(verb: _Verb, tense: int, subject: _Subject) -> Pair:
    present = verb.base if subject.is_plural else verb.third_person
    english = (verb.past, present, f"will {verb.base}")[tense]
    return f"{subject.english} {english}", f"{verb.statement[tense]} {subject.irish}"


def _negative(verb: _Verb, tense: int, subject: _Subject) -> Pair:
    english = f"{subject.english} {_auxiliary(tense, subject)} not {verb.base}"
    return english, f"{verb.negative[tense]} {subject.irish}"


def _question(verb: _Verb, tense: int, subject: _Subject) -> Pair:
    english = f"{_auxiliary(tense, subject)} {subject.english} {verb.base}"
    return english, f"{verb.question[tense]} {subject.irish}"


def _auxiliary(tense: int, subject: _Subject) -> str:
    return ("did", "do" if subject.is_plural else "does", "will")[tense]
