"""Downloads: which files of a repository are fetched, once, and the error messages where they cannot be had.

A server on this machine answers as the hub does. huggingface_hub reads its address from the environment when it is imported: `home` sets
what was read, and the test of `animate models pull` runs in a process of its own, with that environment.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline
from huggingface_hub import close_session

from animate import load_model
from animate.errors import AnimateError
from animate.models.weights import hub, hub_errors
from animate.models.weights.catalog import CATALOG
from animate.models.weights.files import Choice
from conftest import Run, tiny_pipeline
from extra_files import CAT, in_diffusers, other_vae, pairs
from extra_files import saved as written
from fake_hub import REFUSED, TOKEN, Files, Home, Hub, Lines, as_at_first, commit
from original import to_original

UNET = "unet/diffusion_pytorch_model.safetensors"

# What repositories hold besides what diffusers opens.
OTHERS = [
    "README.md", "v1-5-pruned.safetensors", "v1-5-pruned.ckpt",
    "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/diffusion_pytorch_model.bin", "unet/diffusion_flax_model.msgpack",
    "unet/flax_model.msgpack.index.json", "unet/model.onnx", "text_encoder/openvino_model.bin", "text_encoder/openvino_model.xml",
    "text_encoder/tf_model.h5", "vae_decoder/model.onnx", "vae_1_0/diffusion_pytorch_model.safetensors",
    "safety_checker/model.safetensors", "safety_checker/config.json",
]  # fmt: skip


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


@pytest.fixture
def home(tmp_path: Path, server: Hub, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Home]:
    close_session()  # it knows the proxies of the environment
    capture = request.getfixturevalue("capsys" if "run" in request.fixturenames else "capfd")  # one of them at a time
    yield Home(tmp_path / "home" / "hub", server, monkeypatch, capture)
    close_session()
    assert TOKEN not in "".join(capture.readouterr()), "a token is nobody's to read"


def test_what_diffusers_opens_is_fetched_once_and_loads_offline(server: Hub, home: Home, plain: Files, full: Files) -> None:
    server.shelf["tiny/model"] = {"main": full}
    first, lines = home.snapshot("tiny/model", "float32")
    size = sum(map(len, plain.values()))
    assert lines == [f"downloading tiny/model: {(size - len(plain['model_index.json'])) / 1e6:.1f} MB into {home.cache}"]
    assert (first.variant, first.bytes, first.files) == (None, size, tuple(sorted(plain)))
    assert server.count() == {name: len(data) for name, data in plain.items()}
    assert f"Bearer {TOKEN}" in server.tokens
    server.asked.clear()
    assert home.snapshot("tiny/model", "float32") == (first, [])
    home.offline()
    assert home.snapshot("tiny/model", "float32") == (first, [])
    assert server.asked == []
    pipe = DiffusionPipeline.from_pretrained(first.folder, variant=first.variant, local_files_only=True, low_cpu_mem_usage=False)
    assert torch.equal(pipe.unet.conv_in.weight, tiny_pipeline().unet.conv_in.weight)


def test_float16_takes_the_smaller_files_and_float32_then_adds_its_own(server: Hub, home: Home, plain: Files, half: Files, full: Files) -> None:
    server.shelf["tiny/model"] = {"main": full}
    small, _ = home.snapshot("tiny/model", "float16")
    large, lines = home.snapshot("tiny/model", "float32")
    assert (small.variant, small.files) == ("fp16", tuple(sorted(half)))
    assert (large.variant, large.files) == (None, tuple(sorted(plain)))
    assert small.folder == large.folder
    assert small.bytes < 0.6 * large.bytes
    assert server.count() == {name: len(data) for name, data in (half | plain).items()}, "settings are fetched once"
    added = sum(len(plain[name]) for name in plain.keys() - half.keys())
    assert lines == [f"downloading tiny/model: {added / 1e6:.1f} MB into {home.cache}"]
    pipe = DiffusionPipeline.from_pretrained(small.folder, variant="fp16", dtype=torch.float16, local_files_only=True, low_cpu_mem_usage=False)
    assert torch.equal(pipe.unet.conv_in.weight, tiny_pipeline().unet.conv_in.weight.half())


def test_a_branch_of_float16_is_taken_where_main_has_none(server: Hub, home: Home, plain: Files, half: Files) -> None:
    bare = {name.replace(".fp16", ""): data for name, data in half.items()}
    pickled = {name.replace("safetensors", "bin"): data for name, data in bare.items()}
    server.shelf = {"tiny/old": {"main": plain, "fp16": bare}, "tiny/unsafe": {"main": plain, "fp16": pickled}}
    small, _ = home.snapshot("tiny/old", "float16")
    assert (small.variant, small.folder.name) == (None, commit(bare))
    assert home.snapshot("tiny/old", "float16") == (small, [])
    assert home.snapshot("tiny/old", "float32")[0].folder.name == commit(plain)
    assert home.snapshot("tiny/unsafe", "float16")[0].folder.name == commit(plain), "no pickles for the sake of size"


def test_half_of_a_model_is_not_taken_for_a_model(server: Hub, home: Home, full: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only float16 weights are there, or a file is gone: the hub is asked, and offline the first will do and the second will not."""
    server.shelf["tiny/model"] = {"main": full}
    small, _ = home.snapshot("tiny/model", "float16")
    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        assert hub.snapshot("tiny/model", "float32").variant == "fp16"
        (small.folder / "unet" / "diffusion_pytorch_model.fp16.safetensors").unlink()
        assert hub.cached("tiny/model", "float16") is None
        assert home.refused("tiny/model", "float16").startswith(f"tiny/model is not in {home.cache}, and HF_HUB_OFFLINE is set")
    server.count()
    assert home.snapshot("tiny/model", "float16")[0] == small
    assert set(server.count()) <= {"unet/diffusion_pytorch_model.fp16.safetensors"}


def test_a_newer_version_is_fetched_when_it_is_asked_for(server: Hub, home: Home, plain: Files) -> None:
    server.shelf["tiny/model"] = {"main": plain, "old": plain}
    before, _ = home.snapshot("tiny/model", "float32")
    server.count()
    changed = plain | {UNET: plain[UNET][:-1] + b"\x01"}
    server.shelf["tiny/model"]["main"] = changed
    assert home.snapshot("tiny/model", "float32") == (before, [])
    newest, lines = home.snapshot("tiny/model", "float32", None, True)
    assert lines == [f"downloading tiny/model: {len(changed[UNET]) / 1e6:.1f} MB into {home.cache}"], (
        "the other files are here, under the older version"
    )
    assert home.snapshot("tiny/model", "float32", "old")[0].folder == before.folder
    assert newest.folder.name == commit(changed)
    assert server.count() == {UNET: len(changed[UNET])}
    assert home.snapshot("tiny/model", "float32", None, True) == (newest, []), "nothing is left to be fetched"


def test_a_file_that_is_cut_is_taken_up_where_it_broke_off(server: Hub, home: Home, plain: Files) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    server.cut[UNET] = [len(plain[UNET]) // 2]
    snapshot, _ = home.snapshot("tiny/model", "float32")
    served = server.count()[UNET]
    assert len(plain[UNET]) <= served <= len(plain[UNET]) + 4096
    assert (snapshot.folder / UNET).read_bytes() == plain[UNET]


def test_a_download_that_breaks_off_goes_on_the_next_time(server: Hub, home: Home, plain: Files) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    server.cut[UNET] = [0] * 100
    assert home.refused("tiny/model", "float32") == "tiny/model: the download was cut off; run it again: files that are whole are kept"
    assert hub.cached("tiny/model", "float32") is None
    complete = {name for name, size in server.count().items() if size == len(plain[name])}
    assert {"model_index.json", "unet/config.json", "tokenizer/vocab.json"} & set(plain) <= complete
    server.cut.clear()
    assert home.snapshot("tiny/model", "float32")[0].files == tuple(sorted(plain))
    assert not complete & set(server.count()), "what was complete is not fetched again"


def test_what_the_hub_refuses_is_one_line_with_what_to_do(server: Hub, home: Home, plain: Files) -> None:
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
    assert {(repo, *revision): home.refused(repo, "float32", *revision) for repo, *revision in refused} == refused
    line = r"\S+/model_index.json is not what diffusers writes \(.*\); get the whole model again, or use another model"
    assert re.fullmatch(line, home.refused("bad/index", "float32"))
    assert f"Bearer {TOKEN}" in server.tokens


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (REFUSED, "the hub does not accept your token; run hf auth login, or unset HF_TOKEN"),
        ("hf_n\u00e4ive", "the token of the hub has letters that no token has; run hf auth login, or set HF_TOKEN anew"),
    ],
)
def test_a_token_that_is_none_is_named_and_not_shown(
    server: Hub, home: Home, plain: Files, token: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    monkeypatch.setenv("HF_TOKEN", token)
    assert home.refused("tiny/model", "float32") == message


def test_without_a_network_it_says_what_can_be_set(server: Hub, home: Home) -> None:
    home.at("http://127.0.0.1:9")
    message = home.refused("tiny/model", "float32")
    assert message.startswith(
        "tiny/model: http://127.0.0.1:9 cannot be reached; check the connection, set HF_ENDPOINT to a mirror, or HF_HUB_OFFLINE=1"
    )
    home.offline()
    message = home.refused("tiny/model", "float32")
    assert message == f"tiny/model is not in {home.cache}, and HF_HUB_OFFLINE is set; unset it, or use --model sprout"
    assert server.asked == []


def test_a_disk_without_space_is_named_before_anything_is_fetched(server: Hub, home: Home, plain: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=0, used=0, free=100_000))
    assert re.fullmatch(
        rf"tiny/model takes \d\.\d MB, and {home.cache} has 0\.1 MB free; make room, or set HF_HOME to a folder on another disk",
        home.refused("tiny/model", "float32"),
    )
    assert set(server.count()) == {"model_index.json"}


def test_a_cache_that_is_no_folder_is_named(server: Hub, home: Home, plain: Files, tmp_path: Path) -> None:
    server.shelf["tiny/model"] = {"main": plain}
    (tmp_path / "file").touch()
    home.set("HF_HUB_CACHE", f"{tmp_path}/file/hub")
    message = home.refused("tiny/model", "float32")
    assert re.fullmatch(rf"{tmp_path}/file/hub cannot be written to \(.*\); set HF_HOME to a folder that can", message)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "is full; make room and run it again"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written to (Permission denied); set HF_HOME"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "owner/model: the download was cut off; run it again"),
        (RuntimeError("Data processing error"), "owner/model: the download was cut off; run it again"),
        (OSError("Consistency check failed"), "owner/model: the download was cut off; run it again"),
    ],
)
def test_what_ends_a_download_is_named(monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(AnimateError, match=re.escape(message)) as refused:
        hub._download(hub.Remote("owner/model", "0" * 40, {}, Choice((), None, ())))
    assert refused.value.__cause__ is error


def test_a_folder_that_lacks_files_is_not_taken_for_a_download(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    """huggingface_hub returns what is there when the list of files cannot be had."""
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(home.cache))
    with pytest.raises(AnimateError, match="the download was cut off"):
        hub._download(hub.Remote("owner/model", "0" * 40, {UNET: 1}, Choice((UNET,), None, ())))


def test_a_download_that_ends_leaves_another_thread_quiet(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What huggingface_hub logs of retries is not for people; the thread that was first to hide it must not show it again."""
    as_at_first(monkeypatch)
    began, ended = threading.Event(), threading.Event()

    def other() -> None:
        with hub_errors.in_one_line("a/b", None, ""):
            began.set()
            ended.wait(10)
            logging.getLogger("huggingface_hub.utils._http").warning("Retrying in 1s")

    with hub_errors.in_one_line("c/d", None, ""):
        thread = threading.Thread(target=other)
        thread.start()
        assert began.wait(10)
    ended.set()
    thread.join()
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def put(tiny_folder: Path, server: Hub, tmp_path: Path) -> dict[str, dict[str, str]]:
    """Repositories of LoRAs, embeddings and VAEs on the server; what is said of each -> the same as a file or folder."""
    at = {
        name: str(tmp_path / name) for name in ("1.safetensors", "2.safetensors", "cat.bin", "vae", "vae.safetensors", "learned_embeds.safetensors")
    }
    first, second = (
        Path(written(in_diffusers(pairs(seed, parts=("text_encoder",))), Path(at[f"{seed}.safetensors"]))).read_bytes() for seed in (1, 2)
    )
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


def asked(name: str, what: str, source: str) -> dict[str, Any]:
    """For `load_model`: a model with one addition."""
    return {"name": name, what: source if what == "vae" else [source]}


def fingerprints(wishes: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Of the models that are asked for, and what is reported on the way."""
    report = Lines()
    return [load_model(device="cpu", report=report, **wish).fingerprint for wish in wishes], report.lines


def test_extras_come_from_the_hub_and_then_from_this_disk(server: Hub, home: Home, tiny_folder: Path, put: dict[str, dict[str, str]]) -> None:
    """What is fetched is what lies here as a file; offline it is there, and what was not fetched is not."""
    pairs = [(what, source, here) for what, sources in put.items() for source, here in sources.items()]
    remote = [asked(str(tiny_folder), what, source) for what, source, _ in pairs]
    online, lines = fingerprints(remote)
    here, _ = fingerprints([asked(str(tiny_folder), what, path) for what, _, path in pairs])
    assert online == here
    assert len({*here}) == len(here) - 1, "vaes/file is one of two names"
    downloads = [line.split()[1].rstrip(":") for line in lines if line.startswith("downloading")]
    assert downloads == [
        "ink/usual/pytorch_lora_weights.safetensors", "ink/only/ink.safetensors", "ink/two/b.safetensors", "words/cat/learned_embeds.bin",
        "words/My-v1.5-cat/learned_embeds.safetensors", "vaes/folder/diffusion_pytorch_model.safetensors", "vaes/folder/config.json",
        "vaes/file/vae/vae.safetensors",
    ]  # fmt: skip
    words = [line for line in lines if line.startswith("embedding")]
    assert words == ["embedding words/cat: its word is <cat>", "embedding words/My-v1.5-cat: its word is <my-v1-5-cat>"]
    assert hub.single_file("ink/only", None, report=(again := Lines())).is_file()
    assert again.lines == [], "although the hub is asked what it has"
    server.asked.clear()
    home.offline()
    offline, lines = fingerprints(remote)
    assert (offline, [line for line in lines if line.startswith("downloading")]) == (here, [])
    for what, source in (("loras", "ink/two/a.safetensors"), ("embeddings", "ink/none"), ("vae", "a/b")):
        with pytest.raises(AnimateError) as refused:
            load_model(device="cpu", **asked(str(tiny_folder), what, source))
        assert str(refused.value) == f"{source} is not in {home.cache}, and HF_HUB_OFFLINE is set; unset it, or leave it out"
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
    for wish, message in refused.items():
        with pytest.raises(AnimateError) as error:
            load_model(device="cpu", report=Lines(), **asked(str(tiny_folder), *wish))
        assert str(error.value) == message


def test_the_command_draws_with_a_model_of_the_hub_or_says_why_not(server: Hub, home: Home, plain: Files, run: Run, tmp_path: Path) -> None:
    server.shelf |= {"tiny/model": {"main": plain}, "shut/model": {"main": plain}}
    server.refused["shut/model"] = (403, "GatedRepo")
    film = ["a seed", "a tree", "--frames", "2", "--steps", "1", "--device", "cpu", "--no-store", "-o", str(tmp_path / "film.gif"), "--model"]
    code, out, err = run(*film, "tiny/model")
    assert (code, out) == (0, f"{tmp_path / 'film.gif'}\n")
    assert re.fullmatch(rf"animate: downloading tiny/model: \d\.\d MB into {home.cache}\n", err)
    gated = f"shut/model is gated: accept its licence at {server.address}/shut/model, then run hf auth login"
    assert run(*film, "shut/model") == (2, "", f"animate: {gated}\n")
    assert run(*film, "nobody/nothing") == (2, "", "animate: nobody/nothing is not on the hub; if it is private, run hf auth login\n")
    assert run("doctor", "--model", "shut/model") == (1, f"FAIL  model      {gated}\n", "")


def test_pull_fetches_by_any_name_and_the_list_shows_it(server: Hub, home: Home, full: Files, run: Run, tmp_path: Path) -> None:
    """In a process of its own, which learns from its environment where the hub and the cache are."""
    server.shelf[CATALOG["sd15"].where] = {"main": full}
    assert re.search(r"^sd15: .*; 2\.7 GB to download, 512 x 512 pixels, CreativeML OpenRAIL-M$", run("models")[1], re.MULTILINE)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": server.address, "HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-m", "animate", "models", "pull", "SD-1.5", "--dtype", "float16"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr, "a token is nobody's to read"
    assert f"Bearer {TOKEN}" in server.tokens
    assert (Path(done.stdout.strip()) / "model_index.json").is_file()
    assert re.fullmatch(rf"animate: downloading {CATALOG['sd15'].where}: \d\.\d MB into {home.cache}\n", done.stderr)
    assert re.search(r"^sd15: .*; here, 512 x 512 pixels", run("models")[1], re.MULTILINE)
    models = json.loads(run("models", "--json")[1])
    assert (models["sd15"]["here"], models["sd14"]["here"], models["sprout"]["here"]) == (True, False, True)


def test_pull_of_what_is_here_prints_where(run: Run, tiny_folder: Path) -> None:
    assert run("models", "pull", "sprout") == (0, f"{CATALOG['sprout'].where}\n", "")
    assert run("models", "pull", str(tiny_folder)) == (0, f"{tiny_folder}\n", "")


@pytest.mark.parametrize("name", ["sd1.44", "./nowhere/model", "a/b/c", "/nowhere"])
def test_pull_of_what_is_no_model_names_those_that_are(run: Run, name: str) -> None:
    code, out, err = run("models", "pull", name)
    assert (code, out) == (2, "")
    said = f"{name}: no such folder, and only the hub is pulled from" if name[0] in "./" else f'model "{name}" is not known'
    assert err.startswith(f"animate: {said}; allowed: sprout, sd11, ")
    assert err.count("\n") == 1
    assert ('did you mean "sd14"?' in err) == (name == "sd1.44")


def test_convert_prints_the_folder(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("animate.models.weights.checkpoint.convert", lambda file, folder: folder / file.stem)
    (tmp_path / "big.ckpt").touch()
    assert run("models", "convert", "big.ckpt", "made") == (0, "made/big\n", "")
    code, out, err = run("models", "convert", "nothing.ckpt", "made")
    assert (code, out, err.count("\n")) == (2, "", 1)
