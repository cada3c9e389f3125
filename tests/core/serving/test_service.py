"""The real service in its own process, asked by the clients that people use."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.corpora.sample import generate_sample
from core.serving.access import new_key
from core.serving.licences import notice_of
from core.storage.workspace import PROJECT, WORKSPACE_VARIABLE, Workspace

SOURCE = "The nurse opened the small box."
NUM_CALLERS = 200


@pytest.fixture(scope="session")
def sources() -> list[str]:
    return [source for source, _ in generate_sample(num_train=600, num_dev=1, num_test=1).train]


def test_json_form_and_query_give_the_same_text(running: Any) -> None:
    expected = running.translate(SOURCE)["translatedText"]
    assert expected and expected != SOURCE
    fields = urllib.parse.urlencode({"q": SOURCE, "source": "en", "target": "ga"})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert running.send("/translate", fields.encode(), **form)[1]["translatedText"] == expected
    assert running.send(f"/translate?{fields}", b"")[1]["translatedText"] == expected
    flores = running.translate(SOURCE, source="eng_Latn", target="gle_Latn")
    assert flores["translatedText"] == expected


def test_lists_keep_their_order_and_paragraphs_their_white_space(running: Any) -> None:
    one = running.translate(SOURCE)["translatedText"]
    found = running.translate([f"  {SOURCE}\n\n{SOURCE}\t", "", "123", SOURCE])["translatedText"]
    assert found == [f"  {one}\n\n{one}\t", "", "123", one]


def test_html_keeps_its_tags(running: Any) -> None:
    text = f"<p class='a'>{SOURCE}</p><script>let x = 1;</script>"
    found = running.translate(text, format="html")["translatedText"]
    assert found.startswith("<p class='a'>") and "<script>let x = 1;</script>" in found
    assert running.translate(SOURCE)["translatedText"] in found


def test_alternatives_and_detection(running: Any) -> None:
    best = running.translate(SOURCE)["translatedText"]
    answer = running.translate(SOURCE, source="auto", alternatives=2)
    assert answer["translatedText"] == best
    assert answer["detectedLanguage"]["language"] == "en"
    assert len(answer["alternatives"]) == 2
    assert answer["translatedText"] not in answer["alternatives"]


def test_placeholders_tags_and_links_come_through(running: Any) -> None:
    parts = ["{name}", "%s", "<b>", "</b>", "https://example.org/a?b=1"]
    text = f"The nurse {{name}} opened %s the <b>small</b> box. See {parts[-1]} now."
    found = running.translate(text)["translatedText"]
    assert [found.count(part) for part in parts] == [1] * len(parts)


def test_libretranslatepy_translates_lists_languages_and_detects(running: Any) -> None:
    from libretranslatepy import LibreTranslateAPI

    client = LibreTranslateAPI(running.url)
    assert client.translate(SOURCE, "en", "ga") == running.translate(SOURCE)["translatedText"]
    assert {row["code"]: row["targets"] for row in client.languages()} == {"en": ["ga"], "ga": []}
    assert client.detect("The nurse opened the box.")[0]["language"] == "en"


def test_languages_tell_the_licence(
    started: Callable[..., Any], private_workspace: Workspace
) -> None:
    (path,) = private_workspace.versions_folder.glob("*/model/servable.json")
    notice = notice_of("facebook/nllb-200-distilled-600M")
    assert "no commercial use" in notice
    path.write_text(json.dumps({**json.loads(path.read_text()), "notice": notice}))
    service = started()
    assert service.send("/languages")[2]["X-Model-Licence-Notice"] == notice
    assert service.send("/frontend/settings")[1]["model"]["notice"] == notice


def test_deep_translator_translates(running: Any) -> None:
    from deep_translator import LibreTranslator

    client = LibreTranslator("en", "ga", api_key="unused", custom_url=f"{running.url}/")
    assert client.translate(SOURCE) == running.translate(SOURCE)["translatedText"]


def test_openai_sdk_translates_and_streams(running: Any) -> None:
    from openai import DefaultHttpxClient, OpenAI

    with OpenAI(
        base_url=f"{running.url}/v1",
        api_key="none",
        http_client=DefaultHttpxClient(trust_env=False),
        max_retries=0,
    ) as client:
        model = client.models.list().data[0].id
        messages: Any = [{"role": "user", "content": f"{SOURCE} {SOURCE}"}]
        whole = client.chat.completions.create(model=model, messages=messages)
        one = running.translate(SOURCE)["translatedText"]
        assert whole.choices[0].message.content == f"{one} {one}"
        stream = client.chat.completions.create(
            model=model, messages=messages, stream=True, extra_body={"target": "ga"}
        )
        chunks = [chunk.choices[0] for chunk in stream]
        assert "".join(chunk.delta.content or "" for chunk in chunks) == f"{one} {one}"
        assert len(chunks) > 2 and chunks[-1].finish_reason == "stop"


def test_many_callers_at_once_lose_and_mix_up_nothing(running: Any, sources: list[str]) -> None:
    chosen = sources[:NUM_CALLERS]
    pairs = [(chosen[i], chosen[-i - 1]) for i in range(NUM_CALLERS)]

    def ask(pair: tuple[str, str]) -> tuple[int, Any]:
        fields = {"q": "\n".join(pair), "source": "en", "target": "ga", "alternatives": 1}
        status, answer, _ = running.send("/translate", fields)
        return status, answer

    with ThreadPoolExecutor(NUM_CALLERS) as threads:
        answers = list(threads.map(ask, pairs))
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) <= {200, 429, 503} and statuses[200] > 0
    # Only now: what each caller got must not have come from the cache.
    alone = dict(zip(chosen, running.translate(chosen)["translatedText"], strict=True))
    for pair, (status, answer) in zip(pairs, answers, strict=True):
        if status == 200:
            assert answer["translatedText"] == "\n".join(alone[source] for source in pair)


def test_a_full_queue_is_503_with_a_time(started: Callable[..., Any], sources: list[str]) -> None:
    service = started("--queue-limit", "4", "--cache-limit", "0")

    def ask(number: int) -> tuple[int, str | None]:
        fields = {"q": long_text(sources, number), "source": "en", "target": "ga"}
        status, _, headers = service.send("/translate", {**fields, "alternatives": 7})
        return status, headers.get("Retry-After")

    with ThreadPoolExecutor(20) as threads:
        # All of them are there when it looks, however fast it is.
        service.process.send_signal(signal.SIGSTOP)
        asked = [threads.submit(ask, number) for number in range(20)]
        time.sleep(0.5)
        service.process.send_signal(signal.SIGCONT)
        answers = [each.result() for each in asked]
    # One of them at least is accepted, and whoever is accepted gets an answer.
    assert {status for status, _ in answers} == {200, 503}
    assert all(after and int(after) >= 1 for status, after in answers if status == 503)


def test_a_deadline_that_passes_is_503_with_a_time(
    started: Callable[..., Any], sources: list[str]
) -> None:
    service = started("--deadline-s", "0.01")
    fields = {"q": long_text(sources, 0), "source": "en", "target": "ga", "alternatives": 7}
    status, answer, headers = service.send("/translate", fields)
    assert (status, "longer than the deadline" in answer["error"]) == (503, True)
    assert int(headers["Retry-After"]) >= 1
    assert service.send("/health")[0] == 200


def long_text(sources: list[str], number: int) -> str:
    """Sixty sentences, others for each number."""
    return "\n".join((sources[number:] + sources[:number])[:60])


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/translate", {"source": "en", "target": "ga"}, 400, "missing q parameter"),
        ("/translate", {"q": "a", "source": "en", "target": "xx"}, 400, "'xx' is not a language"),
        ("/translate", {"q": "a", "source": "ga", "target": "en"}, 400, "does not translate"),
        ("/translate", b"{", 400, "not valid JSON"),
        ("/translate", [1], 400, "not an object"),
        ("/translate", {"q": "x" * 20001, "source": "en", "target": "ga"}, 400, "20001 characters"),
        ("/translate", {"q": ["x"] * 201, "source": "en", "target": "ga"}, 400, "201 texts"),
        ("/translate", b" " * 2_000_000, 413, "larger than"),
        ("/documents/none", None, 404, "no such document"),
        ("/nothing", None, 404, "Not Found"),
    ],
)
def test_bad_requests_get_one_sentence(
    running: Any, path: str, body: Any, status: int, sentence: str
) -> None:
    found, answer, _ = running.send(path, body)
    assert (found, list(answer)) == (status, ["error"])
    assert sentence in answer["error"]


def test_lone_surrogates_and_odd_characters_are_no_defect(running: Any) -> None:
    for text in ("\ud800", "\x00", "\u202e", "a" * 3000, "\U0001f600 " * 50, "\ue000x\ue001"):
        body = json.dumps({"q": text, "source": "en", "target": "ga"}).encode()
        assert running.send("/translate", body)[0] == 200, ascii(text[:5])


def test_another_host_name_is_refused_on_loopback(running: Any) -> None:
    assert running.send("/languages", None, Host="evil.example")[0] == 400


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_pages_of_other_sites_may_not_write(running: Any, headers: dict[str, str]) -> None:
    fields = {"q": SOURCE, "s": "x", "source": "en", "target": "ga"}
    status, answer, _ = running.send("/suggest", fields, **headers)
    assert status == 403 and "other web sites" in answer["error"]
    assert running.send("/translate", fields, Origin=running.url)[0] == 200


def test_a_claimed_address_does_not_dodge_the_limits(started: Callable[..., Any]) -> None:
    service = started("--requests-per-minute", "3")
    fields = {"q": SOURCE, "source": "en", "target": "ga"}
    claimed = [{"X-Forwarded-For": f"10.0.0.{number}"} for number in range(5)]
    found = [service.send("/translate", fields, **header)[0] for header in claimed]
    assert found == [200, 200, 200, 429, 429]


def test_more_markup_than_the_model_can_read_harms_nobody(running: Any) -> None:
    text = "<b>a" * 300
    found = running.translate(text, format="html")["translatedText"]
    assert found.count("<b>") == 300
    marks = "a\ue000" * 120
    assert running.translate(marks)["translatedText"].count("\ue000") == 120


def test_a_long_sentence_is_cut_for_the_model_and_not_lost(started: Callable[..., Any]) -> None:
    service = started("--max-source-length", "4096", "--deadline-s", "30")
    found = service.translate("the nurse opened the box and " * 130)["translatedText"]
    assert len(found.split()) > 10


def test_suggestions_become_pairs(
    started: Callable[..., Any], private_workspace: Workspace
) -> None:
    fields = {"q": SOURCE, "s": "Better.", "source": "en", "target": "ga", "hypothesis": "Worse."}
    assert started().send("/suggest", fields)[1] == {"success": True}
    (kept,) = private_workspace.feedback.of_direction("eng_Latn", "gle_Latn")
    assert (kept.source, kept.hypothesis, kept.correction) == (SOURCE, "Worse.", "Better.")


def test_a_document_is_translated_watched_and_fetched(running: Any) -> None:
    boundary = "frontier"
    lines = f"{SOURCE}\n\n{SOURCE}\n"
    parts = [("source", "en", ""), ("target", "ga", ""), ("file", lines, '; filename="a/b.txt"')]
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{value}\r\n'
        for name, value, extra in parts
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    data = f"{body}--{boundary}--\r\n".encode()
    status, job, _ = running.send("/documents", data, **kind)
    assert (status, job["name"], job["total"]) == (202, "b.gle_Latn.txt", 2)
    deadline = time.monotonic() + 30
    while job["state"] != "finished":
        assert time.monotonic() < deadline and job["state"] in ("queued", "translating"), job
        job = running.send(f"/documents/{job['id']}")[1]
        time.sleep(0.05)
    one = running.translate(SOURCE)["translatedText"]
    status, text, headers = running.send(f"/download_file/{job['id']}")
    assert (status, text) == (200, f"{one}\n\n{one}\n")
    assert headers["Content-Disposition"].startswith("attachment")
    auto = data.replace(b"\r\n\r\nen\r\n", b"\r\n\r\nauto\r\n")
    url = running.send("/translate_file", auto, **kind)[1]["translatedFileUrl"]
    assert urllib.request.urlopen(url).read().decode() == text


def test_keys_are_demanded_checked_limited_and_revoked(
    started: Callable[..., Any], private_workspace: Workspace
) -> None:
    secret, key = new_key(private_workspace.keys, "somebody", requests_per_minute=3)
    assert secret not in str(vars(key))
    service = started("--require-key")
    fields = {"q": SOURCE, "source": "en", "target": "ga"}
    assert service.send("/translate", fields)[0] == 403
    assert service.send("/translate", {**fields, "api_key": "amt-wrong"})[0] == 403
    assert service.send("/metrics")[0] == 403
    bearer = {"Authorization": f"Bearer {secret}"}
    assert service.send("/translate", fields, **bearer)[0] == 200
    statuses = [service.send("/translate", {**fields, "api_key": secret}) for _ in range(3)]
    assert [status for status, _, _ in statuses] == [200, 200, 429]
    assert int(statuses[-1][2]["Retry-After"]) >= 1
    private_workspace.keys.revoke(key.id)
    time.sleep(2.5)
    assert service.send("/languages", None, **bearer)[0] == 403


def run_serve(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", "serve", *arguments],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", WORKSPACE_VARIABLE: str(workspace.root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_refusals_of_a_start_are_one_sentence(private_workspace: Workspace) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        cases = {
            ("--model", "demo", "--port", port): f"Port {port} on 127.0.0.1 cannot be used",
            ("--model", "demo", "--host", "0.0.0.0"): "demands an API key, and there is none",
            ("--model", "nothing"): "There is neither a run nor a model 'nothing'",
            ("--model", "starter"): "No version of 'starter' has been accepted yet",
            ("--model", "demo", "--host", "example.org"): "'example.org' is no IP address",
        }
        for arguments, sentence in cases.items():
            ended = run_serve(private_workspace, *arguments)
            assert ended.returncode == 2 and sentence in ended.stderr, ended.stderr
            assert len(ended.stderr.splitlines()) == 1


def test_stop_finishes_or_refuses_what_is_in_flight(
    started: Callable[..., Any], sources: list[str]
) -> None:
    service = started("--cache-limit", "0")
    statuses: list[int] = []

    def ask(number: int) -> None:
        text = "\n".join(sources[(5 * number + i) % len(sources)] for i in range(40))
        fields = {"q": text, "source": "en", "target": "ga", "alternatives": 7}
        statuses.append(service.send("/translate", fields)[0])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    # Uvicorn hands the signal on when everything is done, so that whoever sent it can tell.
    assert service.end() in (0, -signal.SIGTERM), service.log()
    for thread in threads:
        thread.join()
    assert len(statuses) == 20 and set(statuses) <= {200, 503}


def test_no_text_of_users_is_logged_and_torch_is_not_loaded(running: Any) -> None:
    secret = "Zanzibar told the nurse"
    running.translate(secret)
    running.send("/translate?" + urllib.parse.urlencode({"q": secret, "source": "en"}), b"")
    running.send(f"/{secret.replace(' ', '-')}")
    assert "Zanzibar" not in running.log()
    maps = Path(f"/proc/{running.process.pid}/maps").read_text()
    assert "libtorch" not in maps and "ctranslate2" in maps


def test_texts_are_logged_where_it_was_switched_on(started: Callable[..., Any]) -> None:
    service = started("--log-texts")
    service.translate("Zanzibar told the nurse")
    assert "Zanzibar" in service.log()


def test_a_glossary_is_kept_to(started: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "glossary.tsv"
    path.write_text("# ours\nnurse\tbanaltra-x\n")
    answer = started("--glossary", str(path)).translate(SOURCE)
    assert "banaltra-x" in answer["translatedText"] and answer["warnings"]


def test_a_caller_that_leaves_frees_the_queue(
    started: Callable[..., Any], sources: list[str]
) -> None:
    service = started("--cache-limit", "0")
    text = "\n".join(sources[:190])
    body = json.dumps({"q": text, "source": "en", "target": "ga", "alternatives": 8}).encode()
    head = f"POST /translate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", service.port)) as caller:
            caller.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
            time.sleep(0.1)
    time.sleep(1.0)
    figures = service.send("/metrics")[1]
    assert "adaptmllm_queue_sentences 0.0" in figures
    assert 'status="499"' in figures


def test_openapi_and_docs_need_nothing_from_elsewhere(running: Any) -> None:
    paths = running.send("/openapi.json")[1]["paths"]
    assert {"/translate", "/detect", "/languages", "/v1/chat/completions"} <= set(paths)
    page = running.send("/docs")[1]
    assert "http" not in page.replace("http-equiv", "")
    assert running.send("/docs/swagger-ui-bundle.js")[0] == 200
    assert running.send("/")[0] == 200
    assert running.send("/page/../__init__.py")[0] == 404


def test_sigkill_of_a_supervised_service_is_told_and_it_starts_again(
    private_workspace: Workspace,
) -> None:
    import psutil

    from core.jobs import queue
    from core.serving import services
    from core.serving.settings import ServeSettings

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    record = services.start(private_workspace, ServeSettings(model="demo", port=port))

    def wait_for(state: str) -> Any:
        deadline = time.monotonic() + 60
        while (now := services.service_state(private_workspace, record)).state != state:
            assert time.monotonic() < deadline, (state, now)
            time.sleep(0.1)
        return now

    wait_for("serving")
    assert services.is_healthy(record)
    (process,) = [
        p
        for p in psutil.process_iter()
        if "core.serving.serving" in " ".join(_command(p)) and record.id in " ".join(_command(p))
    ]
    began_s = time.monotonic()
    process.kill()
    reason = wait_for("failed").reason
    assert time.monotonic() - began_s < 10 and "killed from outside" in reason
    queue.advance(private_workspace)
    services.restart(private_workspace, record.id)
    wait_for("serving")
    services.stop(private_workspace, record.id)
    assert "stopped" in wait_for("stopped").reason
    assert not services.is_healthy(record)
    queue.advance(private_workspace)


def _command(process: Any) -> list[str]:
    import psutil

    try:
        found: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return found


def test_an_interrupt_ends_the_service_in_good_order(started: Callable[..., Any]) -> None:
    service = started()
    assert service.end(signal.SIGINT) == 130
    assert "Traceback" not in service.log()


@pytest.mark.filterwarnings("ignore")
def test_generated_requests_find_no_server_error(running: Any, tmp_path: Path) -> None:
    """Schemathesis reads the OpenAPI document and sends what it allows, and what it does not."""
    report = tmp_path / "report.txt"
    command = [str(Path(sys.executable).with_name("schemathesis")), "run"]
    options = ["--checks", "not_a_server_error", "--max-examples", "25", "--seed", "1"]
    with report.open("wb") as output:
        ended = subprocess.run(
            [*command, f"{running.url}/openapi.json", *options, "--phases", "examples,fuzzing"],
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
    assert ended.returncode == 0, report.read_text(errors="replace")[-6000:]
    assert running.send("/ready")[0] == 200


def test_other_origins_may_call_only_where_they_are_listed(
    running: Any, started: Callable[..., Any]
) -> None:
    fields = {"q": SOURCE, "source": "en", "target": "ga"}
    ours = {"Origin": "https://ours.example"}
    assert running.send("/translate", fields, **ours)[0] == 403
    assert "Access-Control-Allow-Origin" not in running.send("/languages", None, **ours)[2]
    service = started("--cors-origins", "https://ours.example")
    status, _, headers = service.send("/translate", fields, **ours)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "https://ours.example")
    assert service.send("/translate", fields, Origin="https://else.example")[0] == 403


def test_a_document_that_is_too_large_is_refused(started: Callable[..., Any]) -> None:
    service = started("--file-limit-mb", "0.05")
    head = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for size in (60_000, 500_000):
        body = f"{head}{'a' * size}\r\n--x--\r\n".encode()
        status, answer, _ = service.send("/documents", body, **kind)
        assert status == 413 and "larger than" in answer["error"]


def test_a_model_that_cannot_fit_into_memory_is_refused(private_workspace: Workspace) -> None:
    (path,) = private_workspace.versions_folder.glob("*/model/servable.json")
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "size_bytes": 10**15}))
    ended = run_serve(private_workspace, "--model", "demo")
    assert ended.returncode == 2
    assert "needs about 1100000.1 GB of memory and" in ended.stderr
