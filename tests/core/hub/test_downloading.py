from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ModelError
from core.hub import cached
from core.hub.downloading import download
from core.hub.remote import RemoteModel
from tests.core.hub.conftest import FILES, REPO, WEIGHTS
from tests.servers.hub import TOKEN, HubServer

NEEDED = {
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
}


class Watched:
    """Notes what a download tells."""

    def __init__(self) -> None:
        self.total = 0
        self.begun_with = 0
        self.done: list[int] = []
        self.pauses_told: list[str] = []

    def begins(self, model: RemoteModel, done_bytes: int) -> None:
        self.total, self.begun_with = model.size_bytes, done_bytes

    def has(self, done_bytes: int) -> None:
        self.done.append(done_bytes)

    def pauses(self, why: str) -> None:
        self.pauses_told.append(why)


def partials() -> list[Path]:
    return list(cached.repo_folder(REPO).glob("blobs/*.incomplete"))


def test_only_what_a_run_needs_is_downloaded(hub: HubServer) -> None:
    watched, commits = Watched(), []
    folder = download(REPO, "", watched, commits.append)
    assert {path.name for path in folder.iterdir()} == NEEDED
    assert all((folder / name).read_bytes() == FILES[name] for name in NEEDED)
    assert commits == [folder.name] == [hub.repos[REPO].refs["main"]]
    assert watched.total == watched.done[-1] == sum(len(FILES[name]) for name in NEEDED)
    assert watched.done == sorted(watched.done)
    assert cached.snapshot(REPO) == folder
    assert not partials()


def test_what_is_here_is_not_downloaded_again(hub: HubServer) -> None:
    download(REPO, "", Watched())
    hub.requests.clear()
    watched = Watched()
    download(REPO, "", watched)
    assert watched.begun_with == watched.total
    assert hub.gets("cdn") == hub.gets("resolve") == []


def test_broken_connection_is_taken_up_where_it_was(hub: HubServer) -> None:
    hub.faults.breaks["model.safetensors"] = [50_000, 30_000, 0]
    folder = download(REPO, "", Watched())
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    ranges = [each.range for each in hub.gets("model.safetensors") if "cdn" in each.path]
    assert ranges == ["", "bytes=50000-", "bytes=80000-", "bytes=80000-"]


def test_second_download_goes_on_where_the_first_gave_up(hub: HubServer) -> None:
    hub.faults.breaks["model.safetensors"] = [50_000, *[0] * 100]
    with pytest.raises(ModelError, match="cannot be reached|start it again"):
        download(REPO, "", Watched())
    assert cached.snapshot(REPO) is None
    assert [path.stat().st_size for path in partials()] == [50_000]
    hub.faults.breaks.clear()
    hub.requests.clear()
    watched = Watched()
    download(REPO, "", watched)
    assert watched.begun_with > 50_000
    ranges = [each.range for each in hub.gets("model.safetensors") if "cdn" in each.path]
    assert ranges == ["bytes=50000-"]


def test_server_that_ignores_ranges_gives_the_file_anew(hub: HubServer) -> None:
    hub.faults.breaks["model.safetensors"] = [50_000]
    hub.faults.ignores_range = True
    folder = download(REPO, "", Watched())
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_hub_out_of_order_is_asked_again(hub: HubServer) -> None:
    hub.faults.statuses = [503, 500]
    hub.faults.file_statuses = [502, 503]
    watched = Watched()
    download(REPO, "", watched)
    assert len(watched.pauses_told) == 4


def test_hub_that_stays_out_of_order_is_one_sentence(hub: HubServer) -> None:
    hub.faults.statuses = [503] * 100
    with pytest.raises(ModelError, match=r"did not give tests/tiny \(status 503\): out of order\."):
        download(REPO, "", Watched())


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_wrong_checksum_is_told_and_nothing_of_it_stays(name: str, hub: HubServer) -> None:
    hub.faults.corrupt = {name}
    with pytest.raises(ModelError, match=rf"{name} of {REPO} came with a wrong checksum"):
        download(REPO, "", Watched())
    assert cached.snapshot(REPO) is None
    assert not partials()
    hub.faults.corrupt = set()
    assert download(REPO, "", Watched()) == cached.snapshot(REPO)


def test_token_reaches_the_hub_but_not_where_it_stores(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[REPO].token = TOKEN
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    download(REPO, "", Watched())
    assert {each.token for each in hub.gets("/api/models")} == {TOKEN}
    assert {each.token for each in hub.gets("cdn")} == {""}


def refusal() -> str:
    with pytest.raises(ModelError) as caught:
        download(REPO, "", Watched())
    return f"{caught.value.message}|{caught.value.hint}"


def test_private_model_without_and_with_a_wrong_token(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[REPO].token = TOKEN
    assert refusal() == (
        "The hub does not give tests/tiny without a token: it is private, or misspelt.|Check "
        "owner/name; for a private model set HF_TOKEN, or log in with `hf auth login`."
    )
    monkeypatch.setenv("HF_TOKEN", "hf_wrongTokenOfTheTest")
    told = refusal()
    assert told.startswith("The hub does not accept the token for tests/tiny (status 401).|")
    assert "hf_wrong" not in told


def test_login_file_of_the_hub_is_used(hub: HubServer, tmp_path: Path) -> None:
    hub.repos[REPO].token = TOKEN
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text(TOKEN)
    assert download(REPO, "", Watched()) == cached.snapshot(REPO)


def test_gated_model_names_the_page_of_its_terms(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[REPO].gated = True
    page = f"{hub.endpoint}/{REPO}"
    assert refusal() == (
        "tests/tiny is gated: only accounts that accepted its terms may have it.|Accept them at "
        f"{page}, then set HF_TOKEN, or log in with `hf auth login`."
    )
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert refusal() == (
        "tests/tiny is gated, and the account of this token may not have it.|Accept its terms at "
        f"{page} with that account."
    )


def test_model_that_does_not_exist(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    del hub.repos[REPO]
    assert refusal().startswith("The hub has no model 'tests/tiny', or none that this account")


def test_revision_that_does_not_exist(hub: HubServer) -> None:
    with pytest.raises(ModelError, match=r"tests/tiny has no revision 'v9'\."):
        download(REPO, "v9", Watched())


@pytest.mark.parametrize("revision", ["é x/ y", "../../x", "a\0b", "x" * 5000])
def test_revision_that_can_be_none_is_no_accident(revision: str, hub: HubServer) -> None:
    assert cached.snapshot(REPO, revision) is None
    with pytest.raises(ModelError):
        download(REPO, revision, Watched())


def test_hub_that_is_switched_off(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert refusal().startswith(
        "tests/tiny is not on this machine, and the hub is switched off (HF_HUB_OFFLINE).|"
    )


def test_hub_that_cannot_be_reached(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert refusal().startswith("The hub cannot be reached for tests/tiny: ")


def test_a_revision_is_what_it_was_when_it_was_asked_for(hub: HubServer) -> None:
    first = download(REPO, "", Watched())
    second_commit = hub.repos[REPO].commit({**FILES, "config.json": b'{"model_type": "t5"}'})
    hub.repos[REPO].refs["v1"] = first.name
    assert cached.snapshot(REPO) == first  # nobody was asked
    assert download(REPO, first.name, Watched()) == first
    assert download(REPO, "v1", Watched()) == first
    second = download(REPO, "", Watched())
    assert second.name == second_commit != first.name
    assert cached.snapshot(REPO) == second
    assert cached.snapshot(REPO, "v1") == cached.snapshot(REPO, first.name) == first


def test_sharded_and_pickled_weights(hub: HubServer) -> None:
    index = b'{"weight_map": {"a": "pytorch_model-00001-of-00002.bin", '
    index += b'"b": "pytorch_model-00002-of-00002.bin"}}'
    small = {name: FILES[name] for name in ("config.json", "tokenizer.json")}
    parts = {f"pytorch_model-0000{n}-of-00002.bin": bytes([n]) * 20_000 for n in (1, 2)}
    files = {**small, **parts, "pytorch_model.bin.index.json": index, "flax_model.msgpack": b"x"}
    hub.add("tests/shards", files)
    folder = download("tests/shards", "", Watched())
    assert {path.name for path in folder.iterdir()} == {*files} - {"flax_model.msgpack"}
    (folder / "pytorch_model-00002-of-00002.bin").unlink()
    assert cached.snapshot("tests/shards") is None


def test_repository_without_weights_is_refused_before_the_first_byte(hub: HubServer) -> None:
    hub.add("tests/none", {"config.json": b"{}", "rust_model.ot": b"x" * 20_000})
    with pytest.raises(ModelError, match="holds no weights that can be loaded"):
        download("tests/none", "", Watched())
    assert not hub.gets("resolve")
