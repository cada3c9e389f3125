"""Campaigns: created from sets, followed, shared by links, changed, closed."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.judging.campaign_raters import reminder
from core.annotate.creating import create_campaign
from core.annotate.progress import campaign_progress
from core.annotate.settings import CampaignSettings
from core.storage.campaign_records import Campaign
from core.storage.workspace import Workspace
from tests.core.annotate.test_creating import sources, translation_set
from tests.core.annotate.test_staffing import finish
from tests.pages.reading import button, shown
from tests.pages.test_pages import opened

NAME = "*a* <b> $x$ :red[y]"


def made(workspace: Workspace, name: str = NAME) -> Campaign:
    settings = CampaignSettings(
        protocol="sqm", num_segments=0, share_degraded=0.01, guidelines={"eng_Latn": NAME}
    )
    return create_campaign(workspace, name, settings, sources(), [NAME, "Ben"], own_name="Me")


def page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """Opens the page; whatever part it shows, no name on it is read as Markdown."""
    app = opened(workspace, monkeypatch, "campaigns", **query)
    assert not app.exception
    said = [*app.markdown, *app.caption, *app.info, *app.title]
    assert not any(NAME in str(each.value) for each in said)
    return app


def field(app: AppTest, kind: str, label: str) -> Any:
    return next(each for each in getattr(app, kind) if each.label == label)


def test_a_campaign_is_created_from_two_sets_after_its_forecast(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"Abairt {n} anseo." for n in range(12)]
    for name in (NAME, "B"):
        translation_set(workspace, name, texts)
    app = page(workspace, monkeypatch)
    assert "No campaign yet" in shown(app)
    assert button(app, "Create").disabled
    app.text_input[0].set_value("First")
    field(app, "text_area", "Raters, one a line").set_value("Áine\n\nBreandán")
    field(app, "radio", "Protocol").set_value("esa")
    app = app.run()
    metrics = {each.label: each.value for each in app.metric}
    assert metrics["Segments"] == "12"
    # One segment is for both, eleven for one each; two systems.
    assert "26 main. 78 words to read. Reckoned with 45 s an item." in shown(app)
    button(app, "Create").click()
    app = app.run()
    assert not app.exception
    (campaign,) = workspace.campaigns.all()
    assert (campaign.name, campaign.protocol, campaign.state) == ("First", "esa", "open")
    assert [each.name for each in workspace.raters.of_campaign(campaign.id)] == ["Áine", "Breandán"]
    assert {each.name for each in workspace.campaigns.systems(campaign.id)} == {NAME, "B"}
    assert app.query_params["campaign"] == campaign.id


def test_what_cannot_be_created_is_said_at_the_form_and_the_rest_of_the_page_stays(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(workspace)
    translation_set(workspace, "A", ["Abairt."] * 3)
    app = page(workspace, monkeypatch)
    field(app, "text_area", "Raters, one a line").set_value("Ann")
    field(app, "number_input", "Raters a segment").set_value(2)
    app = app.run()
    assert "1 rater is not enough: each segment is to be judged by 2." in shown(app)
    assert button(app, "Close")
    field(app, "number_input", "Raters a segment").set_value(1)
    field(app, "selectbox", "Categories of errors").set_value("own")
    app = app.run()
    assert "3 main." in shown(app)
    field(app, "text_input", "Severities, parted by commas").set_value("minor, Minor")
    app = app.run()
    assert "your own typology has a severity twice." in shown(app)


def test_progress_is_told_for_each_rater_and_in_all(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = made(workspace)
    first = workspace.raters.of_campaign(campaign.id)[0]
    items = workspace.raters.items(first.id)
    (check,) = (item for item in items if item.kind == "degraded")
    original = next(item for item in items if item.id == check.of_item)
    others = [item for item in items if item not in (check, original)]
    for item in (check, original, *others[:2]):
        finish(workspace, item.id, active_s=36)
    app = page(workspace, monkeypatch, campaign=campaign.id)
    metrics = {each.label: each.value for each in app.metric}
    assert (metrics["Active time"], metrics["Items an hour"]) == ("2 min 24 s", "100")
    row = next(each.value for each in app.dataframe if "Rater" in each.value).iloc[0]
    assert (row["Rater"], row["State"]) == (NAME, "working")
    assert row["Items"] == f"4 of {len(items)}"
    assert row["Checks failed"] == "1 of 1"


def test_a_link_is_shown_with_a_message_and_ends_when_it_is_taken_back(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = made(workspace)
    rater = workspace.raters.of_campaign(campaign.id)[0]
    ask = {"campaign": campaign.id, "part": "Raters and links"}
    app = page(workspace, monkeypatch, **ask)
    link, message = (each.value for each in app.code[:2])
    assert "/join/" in link and link in message and NAME in message
    button(app, "Take the link back").click()
    app = app.run()
    assert workspace.raters.get(rater.id).revoked_at
    assert "The link was taken back" in shown(app)
    button(app, "New link").click()
    app = app.run()
    assert workspace.raters.get(rater.id).revoked_at is None
    assert app.code[0].value != link


def test_a_reminder_is_in_the_raters_language_and_tells_how_far_they_are(
    workspace: Workspace,
) -> None:
    campaign = made(workspace)
    first, second, _ = workspace.raters.of_campaign(campaign.id)
    workspace.raters.change(first.id, language="gle_Latn")
    finish(workspace, workspace.raters.items(first.id)[0].id)
    irish, english, _ = (
        reminder(workspace, campaign, row, language=row.rater.language)
        for row in campaign_progress(workspace, campaign).rows
    )
    assert "a chara" in irish and "Tá 1 as " in irish
    assert english.startswith(f"Hello {second.name}") and "{" not in english + irish


def test_closing_stops_the_work_and_new_guidelines_are_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = made(workspace)
    app = page(workspace, monkeypatch, campaign=campaign.id, part="Settings")
    area = next(
        each
        for each in app.text_area
        if each.key == f"campaigns.edit.{campaign.id}.guidelines.eng_Latn"
    )
    assert area.value == NAME
    area.set_value("Mark what is wrong.")
    app = app.run()
    button(app, "Save changes").click()
    app = app.run()
    stored = CampaignSettings.parse(workspace.campaigns.get(campaign.id).settings)
    assert stored.guidelines == {"eng_Latn": "Mark what is wrong."}
    button(app, "Close").click()
    app = app.run()
    assert workspace.campaigns.get(campaign.id).state == "closed"
    assert button(app, "Open again")


def test_an_export_is_written_with_pseudonyms(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = made(workspace)
    rater = workspace.raters.of_campaign(campaign.id)[1]
    finish(workspace, workspace.raters.items(rater.id)[0].id)
    app = page(workspace, monkeypatch, campaign=campaign.id, part="Export")
    app.selectbox(key=f"campaigns.export.{campaign.id}").set_value("csv")
    app = app.run()
    button(app, "Write the file").click()
    app = app.run()
    assert not app.exception
    (download,) = (each for each in app.get("download_button") if "Download" in each.proto.label)
    assert download.proto.label.endswith(".csv")


def test_ratings_of_texts_from_files_are_published_with_translation_sets_of_their_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = made(workspace)
    rater = workspace.raters.of_campaign(campaign.id)[1]
    for item in workspace.raters.items(rater.id)[:3]:
        finish(workspace, item.id)
    app = page(workspace, monkeypatch, campaign=campaign.id, part="Export")
    button(app, "Publish").click()
    app = app.run()
    assert [each.value for each in app.success] == ["Published."]
    (scoring,) = workspace.scorings.of_test_set(workspace.campaigns.get(campaign.id).test_set_hash)
    assert scoring.kind == "human"
    assert len(workspace.translation_sets.all()) == 2
