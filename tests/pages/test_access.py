"""What each role sees of the application, as a tab would run it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.access import entrance as entrances
from app.access import visiting
from app.access.entrance import Entrance
from core.access.attempts import Attempts
from core.access.door import Door
from core.access.identifying import Shown
from core.access.members import add_member
from core.access.owner_token import OwnerToken
from core.access.signing import Pass, cookie_of, member_link
from core.serving.access import new_key
from core.storage.campaign_records import Campaign, CampaignTexts, Rater
from core.storage.files import utc_now
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from tests.pages.reading import button, shown
from tests.pages.test_deploy import stored_version
from tests.pages.test_playground import translation_set

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = Door("0.0.0.0", 8501, "https://mt.example.org", OwnerToken("a-token-that-nobody-guesses"))
NAME = "*a* <b> $x$ :red[y]"


class Browser:
    """A browser that shows what it is told to; it has no socket, so that is put in its place."""

    def __init__(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workspace = workspace
        self.shown: Shown | None = None
        monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
        here = Entrance(workspace, PUBLIC, Attempts())
        monkeypatch.setattr(entrances, "_entrances", [here])
        monkeypatch.setattr(visiting, "presented", lambda: self.shown)

    def open(self, granted: Pass | None) -> AppTest:
        if granted is not None:
            cookie = cookie_of(self.workspace, granted)
            is_rater = granted.kind == "rater"
            self.shown = Shown(
                host="mt.example.org",
                rater_cookie=cookie if is_rater else "",
                owner_cookie="" if is_rater else cookie,
            )
        app = AppTest.from_file(ROOT / "app" / "main.py", default_timeout=60).run()
        assert not app.exception
        return app


@pytest.fixture
def browser(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Browser:
    return Browser(workspace, monkeypatch)


def links(app: AppTest) -> list[str]:
    return [each.value for each in app.code if "/join/" in each.value]


def a_member(workspace: Workspace) -> Pass:
    return Pass("member", add_member(workspace, "Marta").id, 1)


OWNER = Pass("owner", PUBLIC.token.start_id)


def test_a_rater_has_one_page_and_no_other_can_be_opened(
    browser: Browser, workspace: Workspace
) -> None:
    campaign = Campaign("c1", "Secret name", "mqm", "open", "eng_Latn", "gle_Latn", utc_now())
    workspace.campaigns.add(campaign, CampaignTexts([], [], []), [Rater("r1", "c1", NAME, "")])
    app = browser.open(Pass("rater", "r1", 1))
    assert "adaptMLLM" not in [each.value for each in app.title]
    for page in ("home", "runs", "campaigns", "agreement", "emissions", "settings"):
        with pytest.raises(ValueError, match="Could not find a navigation page"):
            app.switch_page(f"../pages/{page}.py").run()
    workspace.raters.change("r1", revoked_at=utc_now())
    app = app.run()
    assert "does not hold any more" in shown(app)
    assert not app.button and not app.exception


@pytest.mark.parametrize("granted", [None, Pass("member", "nobody", 1), Pass("owner", "0" * 32)])
def test_a_page_shows_nothing_to_somebody_unknown(browser: Browser, granted: Pass | None) -> None:
    app = browser.open(granted)
    assert "does not hold any more" in shown(app)
    assert not app.title and not app.button


def test_a_member_sees_everything_but_keys_and_access(
    browser: Browser, workspace: Workspace
) -> None:
    member = add_member(workspace, "Marta")
    settings = EndpointSettings(name=NAME, base_url="http://127.0.0.1:9/v1", model="m")
    add_endpoint(workspace, settings)
    app = browser.open(Pass("member", member.id, 1))
    app = app.switch_page("../pages/settings.py").run()
    assert [each.label for each in app.tabs] == [
        "Endpoints", "Chains", "Prompts", "Models", "Notifications",
    ]  # fmt: skip
    assert NAME in shown(app) and "only an owner sets them up" in shown(app)
    assert not [each for each in app.button if each.label in ("Change", "Delete", "Add member")]


def test_a_member_neither_makes_keys_nor_writes_folders_nor_sends_by_the_owners_token(
    browser: Browser, workspace: Workspace
) -> None:
    stored_version(workspace, decision="accepted")
    new_key(workspace.keys, "office")
    for granted, is_owner in ((OWNER, True), (a_member(workspace), False)):
        app = browser.open(granted).switch_page("../pages/deploy.py").run()
        labels = {each.label for each in app.button}
        for label in ("Create key", "Revoke", "Write the bundle", "Push"):
            assert (label in labels) is is_owner, label
        assert ("only an owner sees them, makes them" in shown(app)) is not is_owner
        assert any("office" in str(each.value) for each in app.dataframe) is is_owner
        assert [each.label for each in app.expander].count("Take it elsewhere") == 1


def test_a_member_starts_no_command_on_the_server(browser: Browser, workspace: Workspace) -> None:
    translation_set(workspace, "Same")
    for granted, is_owner in ((OWNER, True), (a_member(workspace), False)):
        app = browser.open(granted)
        app.query_params["part"] = "Scorers"
        app = app.switch_page("../pages/evaluate.py").run()
        assert ("Command" in {each.label for each in app.text_input}) is is_owner
        assert ("only an owner may start one" in shown(app)) is not is_owner


def test_the_owner_lets_a_member_in_renews_and_revokes(
    browser: Browser, workspace: Workspace
) -> None:
    app = browser.open(OWNER).switch_page("../pages/settings.py").run()
    assert "Address: https://mt.example.org" in shown(app)
    button(app, "Add member").click()
    app = app.run()
    assert "The name is empty" in shown(app)
    next(each for each in app.text_input if each.label == "Name of the member").set_value(NAME)
    button(app, "Add member").click()
    app = app.run()
    (member,) = workspace.members.all()
    assert (member.name, member.role) == (NAME, "member")
    link = f"https://mt.example.org{member_link(workspace, member)}"
    assert links(app) == [link] and NAME in shown(app)
    button(app, "Renew link").click()
    app = app.run()
    renewed = workspace.members.get(member.id)
    assert renewed.link_version == 2
    assert links(app) == [f"https://mt.example.org{member_link(workspace, renewed)}"] != [link]
    button(app, "Revoke").click()
    app = app.run()
    assert workspace.members.get(member.id).revoked_at
    assert not links(app) and not app.exception
    button(app, "Let in again").click()
    app = app.run()
    assert workspace.members.get(member.id).revoked_at is None
    assert len(links(app)) == 1


def test_a_server_that_guards_nothing_shows_nothing(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrances, "_entrances", [])
    browser.shown = Shown(host="localhost:8501")
    app = browser.open(None)
    assert "not started as it should be" in shown(app)
    assert not app.title
