"""What tests share: a tiny Stable Diffusion of random weights (the real classes, the real loading code, in milliseconds), the command, processes.

Imports no torch until a test asks for it: tests of rooms without it start at once, and so do the processes that pytest-xdist starts.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from animate.cli import main
from children import Child
from pages import Visits, launched

if TYPE_CHECKING:
    import torch
    from diffusers import StableDiffusionPipeline
    from playwright.sync_api import BrowserContext
    from transformers import CLIPTokenizer

    from animate.models.families.unet import UNetModel

# Before the libraries are imported; child processes inherit it.
os.environ["HF_HUB_OFFLINE"] = "1"  # a test that would reach for the network fails
os.environ["OMP_NUM_THREADS"] = "1"  # tests run side by side, a process for each core
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


hypothesis.settings.register_profile("busy", deadline=None)  # no test looks at the clock
hypothesis.settings.load_profile("busy")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """`-n auto` in pyproject.toml: the whole suite is spread over up to four cores, tests that are named run in this process."""
    return 0 if config.option.file_or_dir else min(4, os.cpu_count() or 1)


WORDS = ("a", "the", "seed", "sprout", "tree", "pine", "in", "winter", "house", "boat", "night", "at", "of", "red", "photo")


def tiny_tokenizer() -> CLIPTokenizer:
    """CLIP's order of the vocabulary: bytes, bytes at the end of a word, merges, the two special tokens."""
    from tokenizers import pre_tokenizers
    from transformers import CLIPTokenizer

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = [*letters, *(letter + "</w>" for letter in letters)]
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            if (parts[0], parts[1]) not in merges:
                merges.append((parts[0], parts[1]))
                vocab.append(parts[0] + parts[1])
            parts = [parts[0] + parts[1], *parts[2:]]
    vocab += ["<|startoftext|>", "<|endoftext|>"]
    numbered = {word: number for number, word in enumerate(dict.fromkeys(vocab))}
    return CLIPTokenizer(vocab=numbered, merges=merges, model_max_length=77)


def tiny_pipeline(**scheduler: object) -> StableDiffusionPipeline:
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    text = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4, projection_dim=32,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(32, 64), layers_per_block=1, cross_attention_dim=32, attention_head_dim=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), norm_num_groups=4, layers_per_block=1, latent_channels=4, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    settings = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False, "set_alpha_to_one": False,
                "steps_offset": 1} | scheduler  # fmt: skip
    pipe = StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(text).eval(), tokenizer=tokenizer, unet=unet, scheduler=DDIMScheduler(**settings),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for every test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ANIMATE_CACHE", str(folder))
    (folder / "animate.toml").write_text("")
    monkeypatch.setenv("ANIMATE_CONFIG", str(folder / "animate.toml"))
    monkeypatch.delenv("ANIMATE_MODEL", raising=False)
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_pipeline().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> UNetModel:
    """Loaded as any folder is; 64 x 64 pixels, batches of four."""
    from animate.models import load_model
    from animate.models.families.unet import UNetModel

    model = load_model(str(tiny_folder), device="cpu", batch_size=4)
    assert isinstance(model, UNetModel)
    return model


@dataclass
class Work:
    """What the UNet was asked for: assertions on work, never on clocks."""

    calls: int = 0
    samples: int = 0


@pytest.fixture
def work(tiny: UNetModel) -> Iterator[Work]:
    counted = Work()

    def count(module: object, args: tuple[torch.Tensor, ...], kwargs: object) -> None:
        counted.calls += 1
        counted.samples += args[0].shape[0]

    handle = tiny.unet.register_forward_pre_hook(count, with_kwargs=True)
    yield counted
    handle.remove()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True, scope="session")
def ctrl_c() -> Iterator[None]:
    """It raises, also where the tests run as a background job, which inherits it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], tiny: UNetModel) -> Run:
    """Run the command in this process and an empty folder: (exit code, stdout, stderr). No model named: the tiny one."""
    from animate.models import load_model

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("animate.models.load_model", lambda name=None, **settings: tiny if name is None else load_model(name, **settings))

    def call(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(args)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return int(stopped.value.code or 0), out, err

    return call


StartChild = Callable[..., Child]


@pytest.fixture
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartChild]:
    """Starts a function in a process of its own: `child(python, "-m", "animate", "a seed", "a tree")`."""
    started: list[Child] = []

    def start(function: Callable[..., None], *arguments: Any) -> Child:
        started.append(Child(tmp_path_factory.mktemp("child"), function, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserContext]:
    """Chromium, without a window: one for each worker."""
    with launched() as one:
        yield one


@pytest.fixture
def visit(browser: BrowserContext) -> Iterator[Visits]:
    """Opens pages: `page = visit(server.url, width=390)`. None may ask for anything outside this machine."""
    visits = Visits(browser)
    yield visits
    visits.end()
