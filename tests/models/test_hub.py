"""Downloads: which files of a repository are fetched, once, and what is said where they cannot be had.

A server on this machine answers as the hub does. Where it is is read once, when huggingface_hub is imported, so the code under test runs in
processes of its own, without HF_HUB_OFFLINE; what needs no server is called here, offline.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline

from animate import load_model
from animate.errors import AnimateError
from animate.models.weights import hub
from animate.models.weights.catalog import CATALOG
from conftest import Run, tiny_pipeline
from original import to_original
from test_extras import CAT, in_diffusers, other_vae, pairs
from test_extras import saved as written

Files = dict[str, bytes]
TOKEN, REFUSED = "hf_" + "secret" * 5, "hf_" + "forged" * 5
UNET = "unet/diffusion_pytorch_model.safetensors"

# What repositories hold besides what diffusers opens.
OTHERS = [
    "README.md", "v1-5-pruned.safetensors", "v1-5-pruned.ckpt",
    "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/diffusion_pytorch_model.bin", "unet/diffusion_flax_model.msgpack",
    "unet/flax_model.msgpack.index.json", "unet/model.onnx", "text_encoder/openvino_model.bin", "text_encoder/openvino_model.xml",
    "text_encoder/tf_model.h5", "vae_decoder/model.onnx", "vae_1_0/diffusion_pytorch_model.safetensors",
    "safety_checker/model.safetensors", "safety_checker/config.json",
]  # fmt: skip


class Hub(ThreadingHTTPServer):
    """What the hub answers to huggingface_hub: a model's list of files, and files whole or from some byte on."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.shelf: dict[str, dict[str, Files]] = {}  # repository -> branch -> files
        self.refused: dict[str, tuple[int, str]] = {}  # repository -> status and code of every answer about its files
        self.cut: dict[str, list[int]] = {}  # file -> of each of the next answers, after how many bytes the connection breaks
        self.served: list[tuple[str, int]] = []  # file, bytes
        self.asked: list[str] = []  # requests
        self.tokens: set[str | None] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def found(self, repo: str, revision: str) -> tuple[str, Files] | None:
        branches = {branch: (commit(files), files) for branch, files in self.shelf[repo].items()}
        return branches.get(revision) or next((found for found in branches.values() if found[0] == revision), None)

    def count(self) -> dict[str, int]:
        """Bytes that were served of every file, since the last time."""
        counted: dict[str, int] = {}
        for name, size in self.served:
            counted[name] = counted.get(name, 0) + size
        self.served.clear()
        return counted


def commit(files: Files) -> str:
    return hashlib.sha1(repr(sorted((name, hashlib.sha1(data).digest()) for name, data in files.items())).encode()).hexdigest()


class Answer(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        self.server.tokens.add(self.headers.get("Authorization"))
        if self.headers.get("Authorization") == f"Bearer {REFUSED}":
            return self.refuse(401, "", "Invalid credentials in Authorization header")
        listed = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(?:revision|tree)/([^/]+))?", path)
        single = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        match = listed or single
        if match is None or match[1] not in self.server.shelf:
            return self.refuse(404, "RepoNotFound")
        status, code = self.server.refused.get(match[1], (0, ""))
        if status and (single or status >= 500):
            return self.refuse(status, code)
        found = self.server.found(match[1], match[2] or "main")
        if found is None:
            return self.refuse(404, "RevisionNotFound")
        return self.file(match[3], *found) if single else self.listing(found, "/tree/" in path)

    def refuse(self, status: int, code: str, message: str = "") -> None:
        self.reply(
            status, b"no, and your token was " + str(self.headers.get("Authorization")).encode(), {"X-Error-Code": code, "X-Error-Message": message}
        )

    def listing(self, found: tuple[str, Files], tree: bool) -> None:
        sha, files = found
        entries = [
            {"type": "file", "path": name, "size": len(data), "oid": etag(data)}
            if tree
            else {"rfilename": name, "size": len(data), "blobId": etag(data)}
            for name, data in files.items()
        ]
        info = {"_id": "1", "id": "x/y", "modelId": "x/y", "sha": sha, "tags": [], "private": False, "downloads": 0, "likes": 0, "siblings": entries}
        self.reply(200, json.dumps(entries if tree else info).encode(), {"Content-Type": "application/json"})

    def file(self, name: str, sha: str, files: Files) -> None:
        data = files[name]
        first = int(re.findall(r"\d+", self.headers.get("Range", "0"))[0])
        headers = {"ETag": f'"{etag(data)}"', "X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        breaks = self.server.cut.get(name, []) if self.command == "GET" else []
        sent = self.reply(206 if first else 200, data[first:], headers, breaks.pop(0) if breaks else None)
        if self.command == "GET":
            self.server.served.append((name, sent))

    def reply(self, status: int, data: bytes, headers: dict[str, str], most: int | None = None) -> int:
        self.send_response(status)
        for key, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return 0
        self.wfile.write(data[:most])
        if most is not None:
            self.close_connection = True
        return len(data[:most])

    def log_message(self, *_: object) -> None:
        pass


def etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def server() -> Iterator[Hub]:
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def saved(folder: Path, dtype: torch.dtype = torch.float32, variant: str | None = None) -> Files:
    pipe = tiny_pipeline()
    for part in (pipe.unet, pipe.vae, pipe.text_encoder):
        part.to(dtype)
    pipe.save_pretrained(folder, variant=variant)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """What diffusers opens of the tiny model, in float32."""
    return saved(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The same in float16, its weights marked fp16."""
    return saved(tmp_path_factory.mktemp("half"), torch.float16, "fp16")


@pytest.fixture
def full(plain: Files, half: Files) -> Files:
    """A repository as they are: weights of two kinds, and much that diffusers does not open."""
    return dict.fromkeys(OTHERS, b"not to be fetched") | half | plain


CHILD = """
import json, shutil, sys, time, types
job = json.loads(sys.argv[1])
from huggingface_hub import constants
constants.DOWNLOAD_CHUNK_SIZE = 4096  # so that a small file, too, is taken up in its middle
time.sleep = lambda seconds: None  # between two attempts
if job["free"] is not None:
    shutil.disk_usage = lambda path: types.SimpleNamespace(total=0, used=0, free=job["free"])
from animate.errors import AnimateError
from animate.models import hub
for call in job["calls"]:
    said = []
    try:
        made = hub.snapshot(*call, say=said.append)
        print(json.dumps({"folder": str(made.folder), "variant": made.variant, "bytes": made.bytes, "files": made.files, "said": said}))
    except AnimateError as error:
        print(json.dumps({"error": str(error), "said": said}))
"""


CHILD_LOADS = """
import json, sys
from animate import AnimateError, load_model
for settings in json.loads(sys.argv[1]):
    said = []
    try:
        print(json.dumps({"fingerprint": load_model(device="cpu", say=said.append, **settings).fingerprint, "said": said}))
    except AnimateError as error:
        print(json.dumps({"error": str(error)}))
"""

CHILD_COMMANDS = """
import json, sys
from animate.cli import main
for arguments in json.loads(sys.argv[1]):
    try:
        main(arguments)
    except SystemExit as stopped:
        print("exit", stopped.code)
"""


class Home:
    """Processes that share a cache and know one server."""

    def __init__(self, folder: Path, address: str):
        self.cache = folder / "hub"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        self.environment |= {"HF_HOME": str(folder), "HF_ENDPOINT": address, "HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1", "DO_NOT_TRACK": "1"}

    def process(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment | environment
        done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert "Traceback" not in done.stderr
        assert environment["HF_TOKEN"] not in done.stdout + done.stderr, "a token is nobody's to read"
        return done

    def calls(self, *calls: tuple[object, ...], free: int | None = None, **environment: str) -> list[dict[str, Any]]:
        """What `snapshot` answers to each of these arguments; nothing else is printed, as nobody looks at a terminal."""
        done = self.process("-c", CHILD, json.dumps({"calls": calls, "free": free}), **environment)
        assert done.stderr == ""
        return [json.loads(line) for line in done.stdout.splitlines()]

    def refused(self, *calls: tuple[object, ...], free: int | None = None, **environment: str) -> list[str]:
        """What it says to arguments that it refuses: one line each."""
        told = [answer["error"] for answer in self.calls(*calls, free=free, **environment)]
        assert not [line for line in told if "\n" in line]
        return told

    def loads(self, *settings: dict[str, Any], **environment: str) -> list[dict[str, Any]]:
        """What `load_model` answers to each of these settings, on a CPU."""
        done = self.process("-c", CHILD_LOADS, json.dumps(settings), **environment)
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def home(tmp_path: Path, server: Hub, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The cache of these processes is also that of this one, which is offline."""
    home = Home(tmp_path / "home", server.address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(home.cache))
    return home


def weights(names: list[str]) -> list[str]:
    return sorted(name for name in names if name.endswith((".safetensors", ".bin")))


def test_what_diffusers_opens_is_fetched_once_and_loads_offline(server: Hub, home: Home, plain: Files, full: Files) -> None:
    server.shelf["tiny/model"] = {"main": full}
    (first,) = home.calls(("tiny/model", "float32"))
    whole = sum(map(len, plain.values()))
    assert first["said"] == [f"downloading tiny/model: {(whole - len(plain['model_index.json'])) / 1e6:.1f} MB into {home.cache}"]
    assert (first["variant"], first["bytes"], first["files"]) == (None, whole, sorted(plain))
    assert server.count() == {name: len(data) for name, data in plain.items()}
    assert f"Bearer {TOKEN}" in server.tokens
    server.asked.clear()
    (second,) = home.calls(("tiny/model", "float32"))
    assert second == first | {"said": []}
    assert server.asked == []
    offline = hub.snapshot("tiny/model", "float32")
    assert str(offline.folder) == first["folder"]
    assert hub.size("tiny/model", "float32") == 0
    pipe = DiffusionPipeline.from_pretrained(offline.folder, variant=offline.variant, local_files_only=True, low_cpu_mem_usage=False)
    assert torch.equal(pipe.unet.conv_in.weight, tiny_pipeline().unet.conv_in.weight)


def test_float16_takes_the_smaller_files_and_float32_then_adds_its_own(server: Hub, home: Home, plain: Files, half: Files, full: Files) -> None:
    server.shelf["tiny/model"] = {"main": full}
    small, large = home.calls(("tiny/model", "float16"), ("tiny/model", "float32"))
    assert (small["variant"], small["files"]) == ("fp16", sorted(half))
    assert (large["variant"], large["files"]) == (None, sorted(plain))
    assert small["folder"] == large["folder"]
    assert small["bytes"] < 0.6 * large["bytes"]
    assert server.count() == {name: len(data) for name, data in (half | plain).items()}, "settings are fetched once"
    pipe = DiffusionPipeline.from_pretrained(small["folder"], variant="fp16", dtype=torch.float16, local_files_only=True, low_cpu_mem_usage=False)
    assert torch.equal(pipe.unet.conv_in.weight, tiny_pipeline().unet.conv_in.weight.half())


def test_a_branch_of_float16_is_taken_where_main_has_none(server: Hub, home: Home, plain: Files, half: Files) -> None:
    bare = {name.replace(".fp16", ""): data for name, data in half.items()}
    pickled = {name.replace("safetensors", "bin"): data for name, data in bare.items()}
    server.shelf = {"tiny/old": {"main": plain, "fp16": bare}, "tiny/unsafe": {"main": plain, "fp16": pickled}}
    small, again, large, safe = home.calls(
        ("tiny/old", "float16"), ("tiny/old", "float16"), ("tiny/old", "float32"), ("tiny/unsafe", "float16")
    )  # fmt: skip
    assert (small["variant"], Path(small["folder"]).name) == (None, commit(bare))
    assert again == small | {"said": []}
    assert Path(large["folder"]).name == commit(plain)
    assert Path(safe["folder"]).name == commit(plain), "no pickles for the sake of size"


def test_half_of_a_model_is_not_taken_for_a_model(server: Hub, home: Home, full: Files) -> None:
    """Only float16 weights are there, or a file is gone: the hub is asked, and offline the first will do and the second will not."""
    server.shelf["tiny/model"] = {"main": full}
    (small,) = home.calls(("tiny/model", "float16"))
    assert hub.snapshot("tiny/model", "float32").variant == "fp16"
    (Path(small["folder"]) / "unet" / "diffusion_pytorch_model.fp16.safetensors").unlink()
    assert hub.cached("tiny/model", "float16") is None
    with pytest.raises(AnimateError, match=r"tiny/model is not in .*, and HF_HUB_OFFLINE is set"):
        hub.snapshot("tiny/model", "float16")
    server.count()
    home.calls(("tiny/model", "float16"))
    assert set(server.count()) <= {"unet/diffusion_pytorch_model.fp16.safetensors"}


def test_a_newer_version_is_fetched_when_it_is_asked_for(server: Hub, home: Home, plain: Files) -> None:
    server.shelf["tiny/model"] = {"main": plain, "old": plain}
    (before,) = home.calls(("tiny/model", "float32"))
    server.count()
    changed = plain | {UNET: plain[UNET][:-1] + b"\x01"}
    server.shelf["tiny/model"]["main"] = changed
    kept, newest, pinned = home.calls(("tiny/model", "float32"), ("tiny/model", "float32", None, True), ("tiny/model", "float32", "old"))
    assert (kept["folder"], pinned["folder"]) == (before["folder"], before["folder"])
    assert Path(newest["folder"]).name == commit(changed)
    assert server.count() == {UNET: len(changed[UNET])}


def test_a_file_that_is_cut_is_taken_up_where_it_broke_off(server: Hub, home: Home, plain: Files) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    server.cut[UNET] = [len(plain[UNET]) // 2]
    (made,) = home.calls(("tiny/model", "float32"))
    served = server.count()[UNET]
    assert len(plain[UNET]) <= served <= len(plain[UNET]) + 4096
    assert (Path(made["folder"]) / UNET).read_bytes() == plain[UNET]


def test_a_download_that_breaks_off_goes_on_the_next_time(server: Hub, home: Home, plain: Files) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    server.cut[UNET] = [0] * 100
    (said,) = home.refused(("tiny/model", "float32"))
    assert said == "tiny/model: the download was cut off; run it again: files that are whole are kept"
    assert hub.cached("tiny/model", "float32") is None
    whole = {name for name, size in server.count().items() if size == len(plain[name])}
    assert {"model_index.json", "unet/config.json", "tokenizer/vocab.json"} & set(plain) <= whole
    server.cut.clear()
    (made,) = home.calls(("tiny/model", "float32"))
    assert made["files"] == sorted(plain)
    assert not whole & set(server.count()), "what was whole is not fetched again"


def test_what_the_hub_refuses_is_said_in_one_line_with_what_to_do(server: Hub, home: Home, plain: Files) -> None:
    bare = {name: data for name, data in plain.items() if not name.startswith("vae/diffusion")}
    for repo in ("tiny/model", "shut/model", "secret/model", "down/model"):
        server.shelf[repo] = {"main": plain}
    server.shelf |= {
        "single/file": {"main": {"big.ckpt": b"x", "big.safetensors": b"x", "notes.txt": b"x"}},
        "some/thing": {"main": {"README.md": b"x"}},
        "no/weights": {"main": bare},
        "bad/index": {"main": plain | {"model_index.json": b"{"}},
    }
    server.refused = {"shut/model": (403, "GatedRepo"), "secret/model": (403, ""), "down/model": (503, "")}
    refused = {
        ("shut/model",): f"shut/model is gated: accept its licence at {server.address}/shut/model, then run hf auth login",
        ("secret/model",): f"the hub does not let you have secret/model; see {server.address}/secret/model, and give your token the right to read it",
        ("down/model",): "down/model: the hub answered with error 503; try again later",
        ("nobody/nothing",): "nobody/nothing is not on the hub; if it is private, run hf auth login",
        ("CompVis/stable-difusion-v1-4",): (
            'CompVis/stable-difusion-v1-4 is not on the hub; did you mean "CompVis/stable-diffusion-v1-4"?; if it is private, run hf auth login'
        ),
        ("tiny/model", "v9"): f'tiny/model has no revision "v9"; those that it has are listed at {server.address}/tiny/model/tree/main',
        ("single/file",): (
            "single/file has no model_index.json: it is not a model in diffusers' format; download big.ckpt or big.safetensors and give its path"
        ),
        ("some/thing",): "some/thing has no model_index.json: it is not a model in diffusers' format; use another one",
        ("no/weights",): "no/weights: no files for its vae that diffusers can load (.safetensors or .bin); use another model",
        ("a b/c",): '"a b/c" is no id of the hub; it looks like "owner/name"',
    }
    calls = [(repo, "float32", *revision) for repo, *revision in refused]
    *told, index = home.refused(*calls, ("bad/index", "float32"))
    assert told == list(refused.values())
    assert re.fullmatch(r"\S+/model_index.json is not what diffusers writes \(.*\); use another model", index)
    assert f"Bearer {TOKEN}" in server.tokens


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (REFUSED, "the hub does not accept your token; run hf auth login, or unset HF_TOKEN"),
        ("hf_n\u00e4ive", "the token of the hub has letters that no token has; run hf auth login, or set HF_TOKEN anew"),
    ],
)
def test_a_token_that_is_none_is_said_and_not_shown(server: Hub, home: Home, plain: Files, token: str, said: str) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    assert home.refused(("tiny/model", "float32"), HF_TOKEN=token) == [said]


def test_without_a_network_it_says_what_can_be_set(server: Hub, home: Home) -> None:
    (said,) = home.refused(("tiny/model", "float32"), HF_ENDPOINT="http://127.0.0.1:9")
    assert said.startswith("tiny/model: http://127.0.0.1:9 cannot be reached; check the connection, set HF_ENDPOINT to a mirror, or HF_HUB_OFFLINE=1")
    (said,) = home.refused(("tiny/model", "float32"), HF_HUB_OFFLINE="1")
    assert said == f"tiny/model is not in {home.cache}, and HF_HUB_OFFLINE is set; unset it, or use --model sprout"
    assert server.asked == []


def test_a_disk_without_room_is_said_before_anything_is_fetched(server: Hub, home: Home, plain: Files) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    (said,) = home.refused(("tiny/model", "float32"), free=100_000)
    assert re.fullmatch(
        rf"tiny/model takes \d\.\d MB, and {home.cache} has 0\.1 MB free; make room, or set HF_HOME to a folder on another disk", said
    )
    assert set(server.count()) == {"model_index.json"}


def test_a_cache_that_is_no_folder_is_said(server: Hub, home: Home, plain: Files, tmp_path: Path) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    (tmp_path / "file").touch()
    (said,) = home.refused(("tiny/model", "float32"), HF_HOME=str(tmp_path / "file"))
    assert re.fullmatch(rf"{tmp_path}/file/hub cannot be written to \(.*\); set HF_HOME to a folder that can", said)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "is full; make room and run it again"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written to (Permission denied); set HF_HOME"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "owner/model: the download was cut off; run it again"),
        (RuntimeError("Data processing error"), "owner/model: the download was cut off; run it again"),
        (OSError("Consistency check failed"), "owner/model: the download was cut off; run it again"),
    ],
)
def test_what_ends_a_download_is_said(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(AnimateError, match=re.escape(said)) as told:
        hub._fetch(hub.Remote("owner/model", "0" * 40, {}, hub.Choice((), None, ())))
    assert told.value.__cause__ is error


def test_a_folder_that_lacks_files_is_not_taken_for_a_download(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    """huggingface_hub returns what is there when the list of files cannot be had."""
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(home.cache))
    with pytest.raises(AnimateError, match="the download was cut off"):
        hub._fetch(hub.Remote("owner/model", "0" * 40, {UNET: 1}, hub.Choice((UNET,), None, ())))


@pytest.fixture
def put(tiny_folder: Path, server: Hub, tmp_path: Path) -> dict[str, dict[str, str]]:
    """Repositories of LoRAs, embeddings and VAEs on the server; what is said of each -> the same as a file or folder."""
    at = {
        name: str(tmp_path / name) for name in ("1.safetensors", "2.safetensors", "cat.bin", "vae", "vae.safetensors", "learned_embeds.safetensors")
    }
    first, second = (Path(written(in_diffusers(pairs(seed)), Path(at[f"{seed}.safetensors"]))).read_bytes() for seed in (1, 2))
    torch.save({"<cat>": CAT}, at["cat.bin"])
    other_vae(scaling_factor=0.5).save_pretrained(at["vae"])
    folder = {path.name: path.read_bytes() for path in Path(at["vae"]).iterdir()}
    pipe = tiny_pipeline()
    pipe.vae = other_vae()
    held = {name: tensor for name, tensor in to_original(pipe).items() if name.startswith("first_stage_model.")}
    original = Path(written(held, Path(at["vae.safetensors"]))).read_bytes()
    word = Path(written({"emb_params": CAT}, Path(at["learned_embeds.safetensors"]))).read_bytes()
    server.shelf |= {
        repo: {"main": files | {"README.md": b"words"}}
        for repo, files in {
            "ink/usual": {
                "pytorch_lora_weights.safetensors": first,
                "checkpoint-9/pytorch_lora_weights.safetensors": second,
                "other.safetensors": second,
            },
            "ink/only": {"ink.safetensors": second, "ink.ckpt": b"not to be fetched", "old/ink.safetensors": b"not to be fetched"},
            "ink/two": {"a.safetensors": first, "b.safetensors": second},
            "shut/ink": {"ink.safetensors": first},
            "some/thing": {},
            "words/cat": {"learned_embeds.bin": Path(at["cat.bin"]).read_bytes()},
            "words/My-v1.5-cat": {"learned_embeds.safetensors": word},
            "vaes/folder": folder,
            "vaes/file": {"vae/vae.safetensors": original},
        }.items()
    }
    server.refused["shut/ink"] = (403, "GatedRepo")
    return {
        "loras": {
            "ink/usual": at["1.safetensors"],
            "ink/only:0.5": f"{at['2.safetensors']}:0.5",
            "ink/two/b.safetensors:-2": f"{at['2.safetensors']}:-2",
        },
        "embeddings": {"words/cat": at["cat.bin"], "words/My-v1.5-cat": f"{at['learned_embeds.safetensors']}:<my-v1-5-cat>"},
        "vae": {"vaes/folder": at["vae"], "vaes/file": at["vae.safetensors"], "vaes/file/vae/vae.safetensors": at["vae.safetensors"]},
    }


def asked(name: str, what: str, said: str) -> dict[str, Any]:
    """For `load_model`: a model with one thing on it."""
    return {"name": name, what: said if what == "vae" else [said]}


def test_extras_come_from_the_hub_and_then_from_this_disk(server: Hub, home: Home, tiny_folder: Path, put: dict[str, dict[str, str]]) -> None:
    """What is fetched is what lies here as a file; offline it is there, and what was not fetched is not."""
    every = [(asked(str(tiny_folder), what, said), asked(str(tiny_folder), what, here)) for what, told in put.items() for said, here in told.items()]
    online = home.loads(*(remote for remote, _ in every))
    here = [load_model(device="cpu", say=print, **local).fingerprint for _, local in every]
    assert [made["fingerprint"] for made in online] == here
    assert len({*here}) == len(here) - 1, "vaes/file is one of two names"
    fetched = {line.split()[1].rstrip(":") for made in online for line in made["said"] if line.startswith("downloading")}
    assert fetched == {
        "ink/usual/pytorch_lora_weights.safetensors", "ink/only/ink.safetensors", "ink/two/b.safetensors", "words/cat/learned_embeds.bin",
        "words/My-v1.5-cat/learned_embeds.safetensors", "vaes/folder/diffusion_pytorch_model.safetensors", "vaes/folder/config.json",
        "vaes/file/vae/vae.safetensors",
    }  # fmt: skip
    words = [line for made in online for line in made["said"] if line.startswith("embedding")]
    assert words == ["embedding words/cat: its word is <cat>", "embedding words/My-v1.5-cat: its word is <my-v1-5-cat>"]
    server.asked.clear()
    absent = [asked(str(tiny_folder), what, said) for what, said in (("loras", "ink/two/a.safetensors"), ("embeddings", "ink/none"), ("vae", "a/b"))]
    *offline, lora, embedding, vae = home.loads(*(remote for remote, _ in every), *absent, HF_HUB_OFFLINE="1")
    assert [made["fingerprint"] for made in offline] == here
    assert not [line for made in offline for line in made["said"] if line.startswith("downloading")]
    for refused, said in ((lora, "ink/two/a.safetensors"), (embedding, "ink/none"), (vae, "a/b")):
        assert refused == {"error": f"{said} is not in {home.cache}, and HF_HUB_OFFLINE is set; unset it, or leave it out"}
    assert server.asked == []


def test_extras_that_the_hub_does_not_have_are_one_line(server: Hub, home: Home, tiny_folder: Path, put: dict[str, dict[str, str]]) -> None:
    refused = {
        ("loras", "ink/two"): "ink/two has 2 files of weights: a.safetensors, b.safetensors; name one, as in ink/two/a.safetensors",
        ("loras", "ink/two/c.safetensors:0.5"): "ink/two has no c.safetensors; it has a.safetensors, b.safetensors",
        ("vae", "ink/two"): "ink/two has 2 files of weights: a.safetensors, b.safetensors; name one, as in ink/two/a.safetensors",
        ("loras", "shut/ink"): f"shut/ink is gated: accept its licence at {server.address}/shut/ink, then run hf auth login",
        ("embeddings", "some/thing"): "some/thing has no file of weights (.safetensors, .ckpt, .pt, .pth, .bin); use another one",
        ("embeddings", "nobody/nothing:<x>"): "nobody/nothing is not on the hub; if it is private, run hf auth login",
        ("vae", "nobody/nothing/vae.ckpt"): "nobody/nothing is not on the hub; if it is private, run hf auth login",
    }
    told = home.loads(*(asked(str(tiny_folder), *wish) for wish in refused))
    assert [answer["error"] for answer in told] == list(refused.values())


def test_the_command_draws_with_a_model_of_the_hub_or_says_why_not(server: Hub, home: Home, plain: Files, tmp_path: Path) -> None:
    server.shelf |= {"tiny/model": {"main": plain}, "shut/model": {"main": plain}}
    server.refused["shut/model"] = (403, "GatedRepo")
    film = ["a seed", "a tree", "--frames", "2", "--steps", "1", "--device", "cpu", "--no-store", "-o", str(tmp_path / "film.gif"), "--model"]
    commands = [[*film, repo] for repo in ("tiny/model", "shut/model", "nobody/nothing")]
    done = home.process("-c", CHILD_COMMANDS, json.dumps([*commands, ["doctor", "--model", "shut/model"]]))
    assert done.stdout.splitlines() == [
        str(tmp_path / "film.gif"), "exit 0", "exit 2", "exit 2",
        f"FAIL  model      shut/model is gated: accept its licence at {server.address}/shut/model, then run hf auth login", "exit 1",
    ]  # fmt: skip
    downloading, *refused = done.stderr.splitlines()
    assert downloading.startswith("animate: downloading tiny/model: ")
    assert refused == [
        f"animate: shut/model is gated: accept its licence at {server.address}/shut/model, then run hf auth login",
        "animate: nobody/nothing is not on the hub; if it is private, run hf auth login",
    ]


def test_pull_fetches_by_any_name_and_the_list_says_it_is_here(server: Hub, home: Home, full: Files, run: Run) -> None:
    server.shelf[CATALOG["sd15"].where] = {"main": full}
    assert re.search(r"^sd15: .*; 2\.7 GB to download, 512 x 512 pixels, CreativeML OpenRAIL-M$", run("models")[1], re.MULTILINE)
    done = home.process("-m", "animate", "models", "pull", "SD-1.5", "--dtype", "float16")
    assert done.returncode == 0
    assert (Path(done.stdout.strip()) / "model_index.json").is_file()
    assert re.fullmatch(rf"animate: downloading {CATALOG['sd15'].where}: \d\.\d MB into {home.cache}\n", done.stderr)
    assert re.search(r"^sd15: .*; here, 512 x 512 pixels", run("models")[1], re.MULTILINE)
    told = json.loads(run("models", "--json")[1])
    assert (told["sd15"]["here"], told["sd14"]["here"], told["sprout"]["here"]) == (True, False, True)


def test_pull_of_what_is_here_prints_where(run: Run, tiny_folder: Path) -> None:
    assert run("models", "pull", "sprout") == (0, f"{CATALOG['sprout'].where}\n", "")
    assert run("models", "pull", str(tiny_folder)) == (0, f"{tiny_folder}\n", "")


@pytest.mark.parametrize("name", ["sd1.44", "./nowhere/model", "a/b/c", "/nowhere"])
def test_pull_of_what_is_no_model_names_those_that_are(run: Run, name: str) -> None:
    code, out, err = run("models", "pull", name)
    assert (code, out) == (2, "")
    assert err.startswith(f'animate: model "{name}" is not known; allowed: sprout, sd11, ')
    assert err.count("\n") == 1
    assert ('did you mean "sd14"?' in err) == (name == "sd1.44")


def test_convert_prints_the_folder(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("animate.models.weights.checkpoint.convert", lambda file, folder: folder / file.stem)
    (tmp_path / "big.ckpt").touch()
    assert run("models", "convert", "big.ckpt", "made") == (0, "made/big\n", "")
    code, out, err = run("models", "convert", "nothing.ckpt", "made")
    assert (code, out, err.count("\n")) == (2, "", 1)


MODEL, SCHEDULER = ["diffusers", "UNet2DConditionModel"], ["diffusers", "DDIMScheduler"]
SHARDS = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]


@pytest.mark.parametrize(
    ("dtype", "there", "taken", "variant"),
    [
        ("float32", ["model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"], ["model.safetensors"], None),
        ("float16", ["model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"], ["model.fp16.safetensors"], "fp16"),
        ("bfloat16", ["model.safetensors", "model.fp16.safetensors"], ["model.safetensors"], None),
        ("float32", ["pytorch_model.bin", "model.fp16.safetensors"], ["pytorch_model.bin"], None),
        ("float16", ["model.safetensors", "pytorch_model.fp16.bin"], ["model.safetensors"], None),
        ("float16", ["pytorch_model.bin", "pytorch_model.fp16.bin"], ["pytorch_model.fp16.bin"], "fp16"),
        ("float32", ["model.fp16.safetensors"], ["model.fp16.safetensors"], "fp16"),
        ("float32", [*SHARDS, "model.safetensors.index.json"], [*SHARDS, "model.safetensors.index.json"], None),
        ("float32", [*SHARDS, "model.safetensors.index.json", "model.safetensors"], ["model.safetensors"], None),
        ("float32", [SHARDS[0], "model.safetensors.index.json"], [], None),
        ("float32", SHARDS, [], None),
        ("float32", ["model.non_ema.safetensors", "openvino_model.bin", "model.onnx"], [], None),
    ],
)
def test_weights_are_chosen_by_safety_size_and_precision(dtype: str, there: list[str], taken: list[str], variant: str | None) -> None:
    index = {"_class_name": "X", "unet": MODEL, "scheduler": SCHEDULER, "feature_extractor": [None, None], "requires_safety_checker": True}
    names = [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        *(f"unet/{name}" for name in there),
        "feature_extractor/x.json",
    ]
    choice = hub.choose(index, names, dtype)
    chosen = ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", *(f"unet/{name}" for name in taken)]
    assert choice == hub.Choice(tuple(sorted(chosen)), variant, () if taken else ("unet",))


def test_sprout_is_opened_as_a_whole_and_only_as_a_whole(tmp_path: Path) -> None:
    folder = Path(CATALOG["sprout"].where)
    found = hub.opened(folder, "float16")
    assert found is not None
    assert len(weights(list(found.files))) == 5
    shutil.copytree(folder, tmp_path / "torn")
    next((tmp_path / "torn" / "unet").glob("*-of-*")).unlink()
    assert hub.opened(tmp_path / "torn", "float16") is None
