"""Access to the real application, opened to other machines: in Chromium and by raw sockets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import delete
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.exceptions import InvalidStatus

from core.access.members import add_member, revoke_member
from core.access.signing import Pass, cookie_of, rater_link
from core.storage.campaign_records import Campaign, CampaignTexts, Rater
from core.storage.files import utc_now
from core.storage.tables import campaign_outputs
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from tests.e2e.driving import ROOT, SLOW_MS, App, Tab
from tests.servers.identity_provider import IdentityProvider
from tests.servers.page_socket import PageSocket, played
from tests.servers.rater_tab import cookies_of, scripted_campaign

pytestmark = pytest.mark.e2e

NASTY = "Áine <img src=x onerror=alert(1)> \u202e[x](javascript:alert(1)) $x$"
# What Chromium reports of a page that was refused something by the policy.
WATCH = """() => { window.violations = [];
    document.addEventListener("securitypolicyviolation",
        (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`)); }"""


class OpenApp(App):
    """The application on all addresses; it answers nobody without a token, link or sign-in."""

    def __init__(self, workspace: Path, provider: IdentityProvider) -> None:
        super().__init__(workspace)
        self.provider = provider

    def start(self) -> None:
        secrets = self.workspace.parent / "secrets.toml"
        secrets.write_text(self.provider.secrets_file(self.url))
        environment = {
            **os.environ,
            WORKSPACE_VARIABLE: str(self.workspace),
            "STREAMLIT_SECRETS_FILES": str(secrets),
        }
        command = [sys.executable, "-m", "app", "--port", str(self.port), "--host", "0.0.0.0"]
        with (self.workspace.parent / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError):
                if self.status("/_stcore/health") == 401:
                    return
            assert self._process.poll() is None, self.log()
            time.sleep(0.2)
        raise AssertionError(f"the server did not start\n{self.log()}")

    def status(self, path: str, cookie: str = "") -> int:
        request = urllib.request.Request(self.url + path, headers={"Cookie": cookie})
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    @property
    def token_link(self) -> str:
        found = re.search(r"http://\S+(/token#\S+)", self.log())
        assert found is not None, self.log()
        return self.url + found.group(1)


@pytest.fixture(scope="module")
def server(ready_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenApp]:
    folder = tmp_path_factory.mktemp("access") / "workspace"
    shutil.copytree(ready_folder, folder)
    with IdentityProvider() as provider:
        started = OpenApp(folder, provider)
        started.start()
        yield started
        started.end()


@pytest.fixture(scope="module")
def workspace_here(server: OpenApp) -> Iterator[Workspace]:
    opened = server.opened()
    campaign = Campaign("c1", "Hidden", "mqm", "open", "eng_Latn", "gle_Latn", utc_now())
    raters = [Rater("r1", "c1", NASTY, utc_now()), Rater("r2", "c1", "Brian", utc_now())]
    opened.campaigns.add(campaign, CampaignTexts([], [], []), raters)
    yield opened
    opened.database.dispose()


def new_tab(browser: Browser, app: App) -> Tab:
    page = browser.new_context().new_page()
    page.set_default_timeout(SLOW_MS)
    page.add_init_script(f"({WATCH})()")
    return Tab(page, app)


def violations(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.violations")
    return found


def test_the_printed_link_makes_the_owner_and_every_page_runs_under_the_policy(
    server: OpenApp, browser: Browser
) -> None:
    tab = new_tab(browser, server)
    tab.page.goto(f"{server.url}/runs")
    tab.sees("Token")
    assert tab.page.get_by_test_id("stApp").count() == 0
    tab.page.goto(server.token_link)
    tab.page.wait_for_url(server.url + "/")
    assert "#" not in tab.page.url
    tab.settle()
    for name in ("Corpora", "Fine-tune", "Playground", "Evaluate", "Campaigns", "Settings"):
        tab.menu(name)
        assert violations(tab.page) == [], name
    assert not tab.errors
    tab.page.context.close()


def test_a_raters_link_opens_one_page_until_it_is_revoked(
    server: OpenApp, browser: Browser, workspace_here: Workspace
) -> None:
    tab, rater = new_tab(browser, server), workspace_here.raters.get("r1")
    tab.page.goto(server.url + rater_link(workspace_here, rater))
    tab.page.wait_for_url(server.url + "/")
    tab.settle()
    assert tab.page.get_by_test_id("stSidebarNav").count() == 0
    assert tab.page.locator("img[src=x], a[href^=javascript]").count() == 0
    assert violations(tab.page) == [] and not tab.errors
    tab.page.goto(f"{server.url}/settings")
    tab.sees("This page is closed")
    tab.page.goto(f"{server.url}/annotate")
    tab.page.wait_for_url(server.url + "/")
    tab.settle()
    workspace_here.raters.change("r1", link_version=2)
    tab.page.reload()
    tab.sees("open your personal link instead")
    tab.page.goto(server.url + rater_link(workspace_here, rater))
    tab.sees("This link does not hold")
    tab.page.context.close()


def test_a_raw_socket_gets_no_further_than_the_page_of_a_rater(
    server: OpenApp, workspace_here: Workspace
) -> None:
    member = add_member(workspace_here, "Marta")
    as_member = {"adaptmllm-owner": cookie_of(workspace_here, Pass("member", member.id, 1))}
    as_rater = {"adaptmllm-rater": cookie_of(workspace_here, Pass("rater", "r2", 1))}

    played(_refused(server.url, {}))
    played(_refused(server.url, {"adaptmllm-rater": as_member["adaptmllm-owner"] + "x"}))
    hidden = played(_hash_of_settings(server.url, as_member))
    played(_asks_for_hidden_pages(server.url, as_rater, hidden))
    cookie = _cookie(as_rater)
    for path in ("/download/answers.csv", "/_stcore/upload_file/a/b", "/_stcore/metrics", "/runs"):
        assert server.status(path, cookie) == 403, path
    played(_goes_on_after_revocation(server.url, as_rater, workspace_here))


def test_who_signs_in_at_the_identity_provider_gets_in_if_known_and_verified_until_revoked(
    server: OpenApp, workspace_here: Workspace
) -> None:
    html, email = {"Accept": "text/html"}, "sile@example.org"
    with httpx2.Client(base_url=server.url, follow_redirects=True, headers=html) as client:
        assert "Sign in with your account" in client.get("/").text
        for is_verified, sentence in ((True, "nobody of this address"), (False, "not verified")):
            server.provider.account = {"email": email.title(), "email_verified": is_verified}
            refused = client.get("/sign-in")
            assert (refused.status_code, refused.url.path) == (403, "/")
            assert email in refused.text and sentence in refused.text
            assert client.get("/sign-in").text == refused.text  # does not go round in circles
            again = client.get("/auth/logout")  # the page's link *Sign out*
            assert (again.status_code, again.url.path) == (401, "/")
            assert not [name for name in client.cookies if "user" in name]
        member = add_member(workspace_here, "Síle", email=email)
        assert client.get("/sign-in").status_code == 403  # known, but still not verified
        client.get("/auth/logout")
        server.provider.account["email_verified"] = True
        entered = client.get("/sign-in")
        assert (entered.status_code, entered.url.path) == (200, "/")
        assert "not known" not in entered.text
        cookies = dict(client.cookies)
        played(_works_until_revoked(server.url, cookies, workspace_here, member.id))
        assert client.get("/runs").status_code == 403


async def _works_until_revoked(
    url: str, cookies: dict[str, str], workspace: Workspace, member_id: str
) -> None:
    async with PageSocket(url, cookies=cookies) as tab:
        await tab.run(page="settings")
        assert "only an owner sets them up" in tab.text and "Add member" not in tab.text
        revoke_member(workspace, member_id)
        await tab.run()
        assert "does not hold any more" in tab.text and "owner" not in tab.text
    await _refused(url, cookies)


def test_a_rater_reaches_nothing_of_another_and_nothing_after_the_end(
    server: OpenApp, workspace_here: Workspace
) -> None:
    own, other = scripted_campaign(workspace_here, 2, 1)
    played(_reaches_for_the_work_of(other, server.url, own, workspace_here))
    assert not workspace_here.ratings.of_rater(other.id)
    assert not workspace_here.ratings.of_rater(own.id)
    with workspace_here.database.writing() as connection:
        connection.execute(delete(campaign_outputs))
    played(_sees_no_traceback(server.url, cookies_of(workspace_here, own)))
    assert "KeyError" in server.log()


async def _reaches_for_the_work_of(
    other: Rater, url: str, own: Rater, workspace: Workspace
) -> None:
    first, theirs = (workspace.raters.items(each.id)[0].id for each in (own, other))
    async with PageSocket(url, cookies=cookies_of(workspace, own)) as tab:
        await tab.run(query=f"rater={other.id}")
        assert tab.component_data(f"rate-{first}")["view"]["item"] == first
        for hidden in (other.name, other.id, "system A", "system B", "Scripted"):
            assert hidden not in tab.text, hidden
        with pytest.raises(KeyError):
            tab.widget_id(f"rate-{theirs}")
        # A state for the item of another, at the own form, and at a form that is not there.
        stolen = {"item": theirs, "save_id": "0" * 36, "annotation": {"comment": "x"}}
        await tab.set_state(f"rate-{first}", annotation=stolen)
        assert "is not about this segment" in tab.text
        there = tab.widget_id(f"rate-{first}").replace(first, theirs)
        state = WidgetState(id=there, json_value=json.dumps({"annotation": stolen}))
        asked = ClientState(widget_states=WidgetStates(widgets=[state]))
        await tab.send(BackMsg(rerun_script=asked))
        await tab.run()
        mine = {**stolen, "item": first}
        workspace.campaigns.set_state(own.campaign_id, "closed")
        await tab.set_state(f"rate-{first}", annotation=mine)
        assert "This evaluation is closed" in tab.text
        await tab.trigger(f"rate-{first}", "go", {**mine, "to": "next"})
        await tab.run()
        assert tab.component_data(f"rate-{first}")["view"]["is_locked"]
        await tab.click("rate.overview")
        buttons = [
            each.download_button for each in tab.elements if each.HasField("download_button")
        ]
        path = await tab.download(buttons[0].deferred_file_id)
        assert await tab.download("0" * 32) == ""
    answer = httpx2.get(url + path, headers={"Cookie": _cookie(cookies_of(workspace, own))})
    assert answer.json()["rater"]["name"] == own.name and answer.json()["ratings"] == []
    assert httpx2.get(url + path).status_code == 401


async def _sees_no_traceback(url: str, cookies: dict[str, str]) -> None:
    async with PageSocket(url, cookies=cookies) as tab:
        await tab.run()
        assert "This page failed" in tab.text
        for hidden in ("KeyError", "Traceback", ".py", "exception"):
            assert hidden not in tab.text


def _cookie(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def _refused(url: str, cookies: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with PageSocket(url, cookies=cookies):
            pass
    assert refused.value.response.status_code == 403


async def _hash_of_settings(url: str, cookies: dict[str, str]) -> str:
    async with PageSocket(url, cookies=cookies) as tab:
        await tab.run(page="settings")
        assert "Endpoints" in tab.text and "Access" not in tab.text
        return tab.pages["settings"]


async def _asks_for_hidden_pages(url: str, cookies: dict[str, str], hidden: str) -> None:
    async with PageSocket(url, cookies=cookies) as tab:
        await tab.run(page="settings")
        assert tab.is_page_missing and list(tab.pages) == [""]
        assert "Endpoints" not in tab.text
        await tab.run(page_hash=hidden)
        assert list(tab.pages) == [""] and "Endpoints" not in tab.text
        await tab.send(BackMsg(clear_cache=True))
        await tab.send(BackMsg(rerun_script=ClientState(page_script_hash=hidden)))
        session_id = tab.session_id
    # Who hangs up while the page runs, and comes back, finds nothing that was drawn meanwhile.
    async with PageSocket(url, cookies=cookies, session_id=session_id) as tab:
        await tab.run()
        assert tab.session_id == session_id and "Endpoints" not in tab.text


async def _goes_on_after_revocation(
    url: str, cookies: dict[str, str], workspace: Workspace
) -> None:
    async with PageSocket(url, cookies=cookies) as tab:
        await tab.run()
        workspace.raters.change("r2", revoked_at=utc_now())
        await tab.run()
        assert "does not hold any more" in tab.text
        assert list(tab.elements) and "button" not in tab.text
    await _refused(url, cookies)
