from __future__ import annotations

from typing import Any

import pytest

from core.annotate.settings import CampaignSettings, is_unspaced
from core.annotate.typologies import Category, Typology
from core.errors import ConfigError

OWN = Typology(name="own", categories=(Category(name="Tone"),), severities=("minor", "major"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"typology": "nope"}, "typology: There is no error typology 'nope'. Choose one of adapt"),
        ({"protocol": "sqm", "asks_sqm": True}, "only MQM asks for an SQM score .* not SQM"),
        ({"protocol": "ranking", "share_degraded": 0.1}, "a ranking has no degraded items"),
        ({"share_degraded": 0.3, "share_gold": 0.3}, "checks would be 60% of the work"),
        ({"guidelines": {"xx": "a"}}, "guidelines: 'xx' is not a FLORES-200 language code"),
        ({"guidelines": {"gle_Latn": "a" * 50_001}}, "the text for gle_Latn has 50,001 characters"),
        ({"share_shared": 1.1}, "share_shared"),
        ({"own_typology": OWN.changed(categories=())}, "own typology has no category"),
        ({"own_typology": OWN.changed(severities=("minor", "Minor"))}, "has a severity twice"),
        (
            {"own_typology": OWN.changed(categories=({"name": "a"}, {"name": "A"}))},
            "has the category 'A' twice",
        ),
        ({"own_typology": OWN.changed(categories=({"name": " "},))}, "without a name"),
    ],
)
def test_wrong_settings_are_refused_in_one_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CampaignSettings.parse(values)


def test_settings_are_the_same_after_they_were_stored() -> None:
    settings = CampaignSettings(own_typology=OWN, guidelines={"gle_Latn": "Léigh."}, seed=7)
    assert CampaignSettings.parse(settings.model_dump(mode="json")) == settings


def test_own_categories_go_before_those_built_in() -> None:
    assert CampaignSettings(own_typology=OWN).chosen_typology == OWN
    assert CampaignSettings(typology="wmt").chosen_typology.name == "wmt"


def test_guidelines_fall_back_to_english_and_then_to_any_language() -> None:
    both = CampaignSettings(guidelines={"gle_Latn": "Léigh.", "eng_Latn": "Read.", "fra_Latn": " "})
    assert both.guidelines_for("gle_Latn") == "Léigh."
    assert both.guidelines_for("fra_Latn") == "Read."
    assert CampaignSettings(guidelines={"gle_Latn": "Léigh."}).guidelines_for("eng_Latn") != ""
    assert CampaignSettings().guidelines_for("eng_Latn") == ""


@pytest.mark.parametrize(
    ("code", "unit"),
    [("gle_Latn", "word"), ("mar_Deva", "word"), ("kor_Hang", "word"), ("zho_Hant", "character"),
     ("jpn_Jpan", "character"), ("tha_Thai", "character"), ("", "word")],
)  # fmt: skip
def test_scripts_without_blanks_are_marked_by_character(code: str, unit: str) -> None:
    assert CampaignSettings().unit_for(code) == unit
    assert is_unspaced(code) == (unit == "character")
    assert CampaignSettings(unit="word").unit_for(code) == "word"
