"""What people made of one translation, in whatever campaigns it was judged."""

from __future__ import annotations

from dataclasses import dataclass

from core.annotate.annotation import Annotation, standing
from core.storage.rating_records import TranslationRating
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class PersonsJudgement:
    """What one rater made of a translation.

    Attributes:
        told: Campaign, rater and texts.
        annotation: Of the whole item.
        score: SQM 0 to 6, ESA 0 to 100, side by side the share of the others that it was ranked
            before; None in MQM, where the marks are the judgement, and where none was given.
    """

    told: TranslationRating
    annotation: Annotation
    score: float | None


def people_marks(workspace: Workspace, set_id: str, position: int) -> list[PersonsJudgement]:
    """Gives the finished judgements of one segment of a translation set, in one query.

    Those of the oldest campaign come first. Checks of the raters do not count.

    Args:
        workspace: Where the campaigns are.
        set_id: The translation set.
        position: The segment's place in the test set, from 0.
    """
    return [_judgement(each) for each in workspace.ratings.of_translation(set_id, position)]


def _judgement(told: TranslationRating) -> PersonsJudgement:
    annotation = Annotation.of_json(told.annotation)
    is_ranked = told.protocol == "ranking"
    score = standing(annotation.ranks, told.output) if is_ranked else annotation.score
    return PersonsJudgement(told, annotation, score)
