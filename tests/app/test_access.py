"""Nobody gets in: the gate before the page server, its routes and headers, without Streamlit."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.auth_util import decode_provider_token
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from app.__main__ import check_port, warn_if_readable
from app.access import entrance as entrances
from app.access import routes as entering
from app.access.entrance import Entrance, welcome
from app.access.gate import Gate
from app.access.headers import ClosingHeaders
from app.access.small_pages import message_page, token_page
from core.access.attempts import Attempts
from core.access.door import Door
from core.access.members import add_member
from core.access.owner_token import OwnerToken
from core.access.signing import Pass, cookie_of, member_link, rater_link
from core.errors import HostError
from core.storage.campaign_records import Campaign, CampaignTexts, Rater
from core.storage.files import utc_now
from core.storage.workspace import Workspace

TOKEN = "a-token-that-nobody-guesses"
HOST = "http://mt.example.org"
SOCKET = "ws://mt.example.org/_stcore/stream"  # the test client knows no other base of sockets
PUBLIC = Door("0.0.0.0", 8501, HOST, OwnerToken(TOKEN))
HTML = {"Accept": "text/html,*/*"}
CLOSED_TO_RATERS = (
    "/download/runs/1/model.zip", "/download/answers.csv", "//download/answers.csv",
    "/_stcore/upload_file/1/2", "/_stcore/metrics", "/_stcore/agent/openapi.json", "/settings",
    "/runs", "/campaigns", "/annotate/../runs", "/static", "/assets",
)  # fmt: skip

OpenDoor = Callable[[Door], TestClient]


async def _reached(request: Request) -> PlainTextResponse:
    answer = PlainTextResponse(f"reached {request.scope['path']}")
    answer.set_cookie("theirs", "1", httponly=True)
    return answer


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            await socket.send_bytes(await socket.receive_bytes())


@pytest.fixture
def open_door(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenDoor]:
    """Gives a browser before a server with this door."""
    clients = []

    def opened(door: Door) -> TestClient:
        here = Entrance(workspace, door, Attempts(per_minute=5, all_per_minute=100))
        monkeypatch.setattr(entrances, "_entrances", [here])
        routes = [
            *entering.routes(),
            WebSocketRoute("/_stcore/stream", _echo),
            Route("/{path:path}", _reached, methods=["GET", "PUT"]),
        ]
        app = Starlette(routes=routes, middleware=[Middleware(ClosingHeaders), Middleware(Gate)])
        client = TestClient(app, base_url=door.url, follow_redirects=False)
        clients.append(client)
        return client

    yield opened
    for each in clients:
        each.close()


@pytest.fixture
def rater(workspace: Workspace) -> Rater:
    campaign = Campaign("c1", "Health", "mqm", "open", "eng_Latn", "gle_Latn", utc_now())
    found = Rater("r1", "c1", "Áine", utc_now())
    workspace.campaigns.add(campaign, CampaignTexts([], [], []), [found])
    return found


def enter(client: TestClient, link: str) -> None:
    answer = client.get(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_without_a_token_nothing_answers_but_the_form(open_door: OpenDoor) -> None:
    client = open_door(PUBLIC)
    for path in ("/", "/runs", "/static/js/x.js", "/_stcore/health", "/download/answers.csv"):
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 401 and 'action="/token"' in answer.text, path
        assert not re.search(r'(src|href)="(?!/)', answer.text)  # no external files
        answer = client.get(path)
        assert (answer.status_code, "reached" in answer.text) == (401, False)
    assert client.put("/_stcore/upload_file/1/2", headers=HTML).status_code == 401
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(SOCKET),
    ):
        pass
    assert refused.value.code == 1008


def test_the_right_token_makes_the_owner(open_door: OpenDoor) -> None:
    client = open_door(PUBLIC)
    answer = client.post("/token", data={"token": TOKEN}, headers={"Origin": HOST})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower() and "Path=/" in cookie
    assert TOKEN not in cookie and "Secure" not in cookie
    assert client.get("/runs").text == "reached /runs"
    assert client.get("/leave").headers["location"] == "/"
    assert client.get("/runs").status_code == 401


def test_over_https_the_cookie_is_secure_and_of_this_host_alone(open_door: OpenDoor) -> None:
    client = open_door(replace(PUBLIC, public_url="https://mt.example.org"))
    cookie = client.post("/token", data={"token": TOKEN}).headers["set-cookie"]
    assert cookie.startswith("__Host-adaptmllm-owner=") and "Secure" in cookie
    entered = client.get("/runs")
    assert entered.status_code == 200
    # Streamlit does not mark its own, which say who signed in.
    assert entered.headers["set-cookie"].startswith("theirs=1;")
    assert entered.headers["set-cookie"].endswith("; Secure")
    client.get("/leave")
    assert client.get("/runs").status_code == 401


def test_tokens_cannot_be_tried_one_after_the_other(open_door: OpenDoor) -> None:
    client = open_door(PUBLIC)
    tried = [client.post("/token", data={"token": f"{n}"}).status_code for n in range(6)]
    assert tried == [403] * 5 + [429]
    late = client.post("/token", data={"token": TOKEN})
    assert late.status_code == 429 and 1 <= int(late.headers["retry-after"]) <= 12
    assert "Too many tries" in late.text and "set-cookie" not in late.headers


@pytest.mark.parametrize("body", [b"token=" + b"x" * 10_000, b"", b"\xff\xfe", b"token=%00%ff"])
def test_broken_forms_are_wrong_tokens(open_door: OpenDoor, body: bytes) -> None:
    assert open_door(PUBLIC).post("/token", content=body).status_code == 403


def test_a_rater_reaches_the_page_annotate_and_nothing_else(
    open_door: OpenDoor, workspace: Workspace, rater: Rater
) -> None:
    client = open_door(PUBLIC)
    enter(client, rater_link(workspace, rater))
    assert workspace.raters.get("r1").seen_at
    for path in (
        "/",
        "/static/js/index.js",
        "/media/1.png",
        "/assets/x.js",
        "/_stcore/host-config",
    ):
        assert client.get(path).text == f"reached {path}"
    assert client.get("/annotate", headers=HTML).headers["location"] == "/"
    for path in CLOSED_TO_RATERS:
        answer = client.get(f"{HOST}{path}", headers=HTML)
        assert answer.status_code in (303, 403), path
        assert "reached" not in answer.text and "model" not in answer.text
    assert client.put("/_stcore/upload_file/1/2").status_code == 403


def test_a_link_preview_uses_nothing_up(
    open_door: OpenDoor, workspace: Workspace, rater: Rater
) -> None:
    client, link = open_door(PUBLIC), rater_link(workspace, rater)
    for _ in range(3):
        assert client.head(link).status_code == 303
        client.cookies.clear()
    enter(client, link)
    assert client.get("/").status_code == 200


def test_revoked_and_renewed_links_are_refused_and_so_are_replayed_cookies(
    open_door: OpenDoor, workspace: Workspace, rater: Rater
) -> None:
    client, link = open_door(PUBLIC), rater_link(workspace, rater)
    enter(client, link)
    workspace.raters.change("r1", link_version=2)
    assert client.get("/").status_code == 401
    refused = client.get(link)
    assert refused.status_code == 403 and "set-cookie" not in refused.headers
    assert "does not hold" in refused.text
    enter(client, rater_link(workspace, workspace.raters.get("r1")))
    assert client.get("/").status_code == 200
    workspace.raters.change("r1", revoked_at=utc_now())
    assert client.get("/").status_code == 401


def test_the_link_of_a_deleted_campaign_opens_nothing(
    open_door: OpenDoor, workspace: Workspace, rater: Rater
) -> None:
    client, link = open_door(PUBLIC), rater_link(workspace, rater)
    enter(client, link)
    workspace.campaigns.delete("c1")
    assert client.get("/").status_code == 401
    assert client.get(link).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET):
        pass


def test_forged_cookies_and_links_open_nothing(
    open_door: OpenDoor, workspace: Workspace, rater: Rater, tmp_path: Path
) -> None:
    client = open_door(PUBLIC)
    other = Workspace(tmp_path / "other")
    foreign = cookie_of(other, Pass("owner", PUBLIC.token.start_id))
    own = cookie_of(workspace, Pass("rater", "r1", 1))
    payload = base64.urlsafe_b64encode(b'["owner","",0]').decode().rstrip("=")
    forged = f"{payload}.{own.partition('.')[2]}"
    for name in ("adaptmllm-owner", "adaptmllm-rater", "__Host-adaptmllm-owner"):
        for value in (foreign, forged, own[:-3], "x", "", '"', "a;b=c", "\\u202e<script>"):
            answer = client.get("/", headers={"Cookie": f"{name}={value}"})
            assert answer.status_code == 401, (name, value)
    # A good cookie among broken ones is still found.
    headers = {"Cookie": f"a=\x7f[; adaptmllm-rater={own}; ="}
    assert client.get("/", headers=headers).status_code == 200
    for token in ("x", own, "%00", "<script>", "a" * 3000, "%E2%80%AE"):
        answer = client.get(f"/join/{token}")
        assert answer.status_code == 403 and "<script>" not in answer.text
    other.database.dispose()


def test_members_reach_what_owners_reach(open_door: OpenDoor, workspace: Workspace) -> None:
    client = open_door(PUBLIC)
    enter(client, member_link(workspace, add_member(workspace, "Marta")))
    for path in ("/runs", "/download/answers.csv", "/settings"):
        assert client.get(path).status_code == 200


def test_the_local_machine_needs_no_token_until_a_raters_link_is_opened(
    open_door: OpenDoor, workspace: Workspace, rater: Rater
) -> None:
    client = open_door(Door("127.0.0.1", 8501, "", OwnerToken(TOKEN)))
    assert client.get("/runs").status_code == 200
    enter(client, rater_link(workspace, rater))
    assert client.get("/runs").status_code == 403
    client.get("/leave")
    assert client.get("/runs").status_code == 200
    for header in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP"):
        assert client.get("/runs", headers={header: "127.0.0.1"}).status_code == 401, header


@pytest.mark.parametrize("door", [PUBLIC, Door("127.0.0.1", 8501, "", OwnerToken(TOKEN))])
def test_requests_under_other_names_or_from_other_sites_are_refused(
    open_door: OpenDoor, door: Door
) -> None:
    client = open_door(door)
    client.post("/token", data={"token": TOKEN})
    assert client.get("/").status_code == 200
    for refused in (
        client.get("/", headers={"Host": "evil.example"}),
        client.get("/token", headers={"Host": "evil.example"}),
        client.put("/x", headers={"Origin": "http://evil.example"}),
        client.put("/x", headers={"Origin": "null"}),
        client.get("/x", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
        client.post("/token", data={"token": TOKEN}, headers={"Origin": "http://evil.example"}),
    ):
        assert refused.status_code == 403 and "reached" not in refused.text
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200
    socket = f"{door.url.replace('http', 'ws')}/_stcore/stream"
    with client.websocket_connect(socket, headers={"Origin": door.url}):
        pass
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect(socket, headers=headers),
        ):
            pass


def test_a_socket_ends_doing_what_it_is_told_once_the_rater_is_revoked(
    open_door: OpenDoor, workspace: Workspace, rater: Rater
) -> None:
    client = open_door(PUBLIC)
    enter(client, rater_link(workspace, rater))
    rerun = BackMsg(rerun_script=ClientState(query_string="q"))
    chunk, skills, file = BackMsg(), BackMsg(), BackMsg()
    chunk.backend_operation_request.dataframe_chunk.source_id = "1"
    skills.backend_operation_request.install_skills.SetInParent()
    file.backend_operation_request.deferred_file.file_id = "1"
    dropped = (BackMsg(clear_cache=True), BackMsg(debug_shutdown_runtime=True), chunk, skills)
    with client.websocket_connect(SOCKET, headers={"Origin": HOST}) as socket:
        # To empty the server's caches is not for raters: it is dropped without an answer.
        for data in (*(each.SerializeToString() for each in dropped), b"\xff\xff", b""):
            socket.send_bytes(data)
        socket.send_bytes(file.SerializeToString())
        assert socket.receive_bytes() == file.SerializeToString()
        socket.send_bytes(rerun.SerializeToString())
        assert socket.receive_bytes() == rerun.SerializeToString()
        workspace.raters.change("r1", revoked_at=utc_now())
        socket.send_bytes(rerun.SerializeToString())
        bare = BackMsg.FromString(socket.receive_bytes())
        assert bare.WhichOneof("type") == "rerun_script"
        assert bare.rerun_script == ClientState()


def test_every_answer_closes_the_browser(open_door: OpenDoor) -> None:
    client = open_door(PUBLIC)
    form = client.get("/", headers=HTML)
    wrong = client.get("/", headers={"Host": "evil.example"})
    client.post("/token", data={"token": TOKEN})
    for answer in (form, wrong, client.get("/"), client.get("/join/x")):
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "object-src 'none'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
    script = re.search(r"<script>(.*?)</script>", form.text, re.DOTALL)
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    theirs = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    for found in (script, theirs):
        assert found is not None
        digest = hashlib.sha256(found.group(1).encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert client.get("/download/answers.csv").headers["cache-control"] == "no-store"


def test_what_small_pages_are_told_is_text() -> None:
    nasty = '<script>alert(1)</script>"\u202e'
    for page in (token_page(error=nasty), message_page(nasty, nasty, path='/"x', link=nasty)):
        assert "<script>alert" not in page and '"/"x' not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;" in page


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Configures sign-in; gives the cookies that Streamlit sets for somebody signed in."""
    secret = "0123456789abcdef0123456789abcdef"
    section = {
        "redirect_uri": f"{HOST}/oauth2callback",
        "cookie_secret": secret,
        "client_id": "c",
        "client_secret": "s",
        "server_metadata_url": "https://id.example.org/.well-known/openid-configuration",
    }
    monkeypatch.setattr(secrets_singleton, "load_if_toml_exists", lambda: True)
    monkeypatch.setattr(secrets_singleton, "_secrets", {"auth": section})

    def signed_in(key: str = secret, **claims: object) -> dict[str, str]:
        told = {"is_logged_in": True, "origin": HOST, "email": "Marta@example.org", **claims}
        value = create_signed_value(key, "_streamlit_user", json.dumps(told)).decode()
        return {"Cookie": f"_streamlit_user={value}"}

    return signed_in


def test_who_signed_in_and_is_known_gets_in(
    open_door: OpenDoor, workspace: Workspace, provider: Callable[..., dict[str, str]]
) -> None:
    client = open_door(PUBLIC)
    assert "/sign-in" in client.get("/", headers=HTML).text
    sign_in = client.get("/sign-in").headers["location"]
    assert sign_in.startswith("/auth/login?provider=")
    assert decode_provider_token(sign_in.partition("=")[2])["provider"] == "default"
    assert client.get("/oauth2callback").text == "reached /oauth2callback"
    unknown = client.get("/sign-in", headers=provider())
    assert unknown.status_code == 403 and "marta@example.org, and nobody" in unknown.text
    assert client.get("/", headers=provider()).status_code == 401
    add_member(workspace, "Marta", email="marta@example.org")
    assert client.get("/", headers=provider()).status_code == 200
    assert client.get("/leave", headers=provider()).headers["location"] == "/auth/logout"
    for cookies in (
        provider(key="another secret of the same length!"),
        provider(origin="https://elsewhere.example"),
        provider(email_verified=False),
        provider(is_logged_in=False),
        provider(email=["marta@example.org"]),
    ):
        assert client.get("/", headers=cookies).status_code == 401


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"cookie_secret": "short"}, "cookie_secret of [auth] has 5 characters"),
        ({"redirect_uri": HOST}, "does not end in /oauth2callback"),
        ({"client_id": ""}, "missing the following keys: ['client_id']"),
        ({"server_metadata_url": None}, "missing the following keys: ['server_metadata_url']"),
        ({"redirect_uri": None}, 'missing the "redirect_uri" key'),
    ],
)
def test_a_sign_in_that_is_configured_wrongly_is_closed_and_the_start_says_why(
    open_door: OpenDoor,
    workspace: Workspace,
    provider: Callable[..., dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str | None],
    fault: str,
) -> None:
    section = dict(secrets_singleton["auth"]) | changed
    kept = {name: value for name, value in section.items() if value is not None}
    monkeypatch.setattr(secrets_singleton, "_secrets", {"auth": kept})
    add_member(workspace, "Marta", email="marta@example.org")
    client = open_door(PUBLIC)
    said = [line for line in welcome(PUBLIC).splitlines() if "OpenID" in line]
    assert len(said) == 1 and fault in said[0]
    assert client.get("/", headers=provider()).status_code == 401
    assert "/sign-in" not in client.get("/", headers=HTML).text
    assert client.get("/auth/login").status_code == 401


def test_without_a_provider_its_routes_are_closed(open_door: OpenDoor) -> None:
    client = open_door(PUBLIC)
    assert client.get("/auth/login").status_code == 401
    assert client.get("/sign-in").headers["location"] == "/"


def test_the_token_is_printed_only_where_it_is_needed() -> None:
    assert TOKEN not in welcome(Door("127.0.0.1", 8501, "", OwnerToken(TOKEN)))
    assert f"{HOST}/token#{TOKEN}" in welcome(PUBLIC)


def test_an_address_of_another_machine_is_one_sentence() -> None:
    for host in ("192.0.2.1", "no such host", "x" * 300):
        with pytest.raises(HostError, match="cannot be used"):
            check_port(8501, host)


@pytest.mark.parametrize(
    ("host", "url", "is_warned"),
    [
        ("127.0.0.1", "", False),
        ("0.0.0.0", "", True),
        ("0.0.0.0", "https://mt.example.org", False),
        ("127.0.0.1", "http://mt.example.org", True),
    ],
)
def test_without_https_one_sentence_warns(
    host: str, url: str, is_warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_if_readable(host, url)
    assert ("Without https" in capsys.readouterr().err) is is_warned
