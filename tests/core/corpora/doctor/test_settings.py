from __future__ import annotations

import pytest

from core.corpora.doctor.checks import BITS, CHECKS, REASONS, mask_of
from core.corpora.doctor.settings import PRESETS, DoctorSettings, preset
from core.errors import ConfigError


def test_every_check_has_a_switch_and_a_bit_of_its_own() -> None:
    assert set(CHECKS) <= set(DoctorSettings.model_fields)
    assert preset("standard").active == tuple(CHECKS)
    assert sorted(BITS.values()) == [1 << place for place in range(len(REASONS))]
    assert mask_of(["empty", "duplicate", "empty"]) == 0b101
    assert set(REASONS) - set(CHECKS) == {"no_translation", "leak"}


def test_every_field_of_the_form_says_what_it_is_and_where_it_stands() -> None:
    for name, field in DoctorSettings.model_fields.items():
        if name != "version":
            extra = field.json_schema_extra
            assert field.title and field.description and isinstance(extra, dict)
            assert extra["group"]


def test_presets_start_from_the_defaults() -> None:
    assert list(PRESETS) == ["gentle", "standard", "strict"]
    assert preset("standard") == DoctorSettings()
    assert set(preset("gentle").active) < set(preset("strict").active)


def test_unknown_preset_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no preset 'harsh'.*gentle, standard, strict"):
        preset("harsh")


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_length_ratio", 1.0), ("language_confidence", 1.0), ("urls_by", "page"), ("x", 1)],
)
def test_value_out_of_bounds_is_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        DoctorSettings().changed(**{field: value})


def test_held_out_splits_are_neither_cleaned_nor_mended_by_default() -> None:
    settings = DoctorSettings(compose=True)
    assert settings.cleans("train") and not settings.cleans("test")
    assert settings.for_split("train") == settings
    assert not settings.for_split("dev").has_repairs
    assert settings.changed(clean_held_out=True).for_split("dev").has_repairs
