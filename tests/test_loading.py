"""Models in every form in which people have them, from the command line to the film; and what they take of a small card."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from animate import Storyboard, film
from animate.models.base import Origin
from animate.models.checkpoint import CONFIGS, tokenizer
from animate.models.unet import UNetModel
from conftest import Run
from original import to_original
from test_compvis import pixels
from test_families import tiny_xl

GIB = 2**30


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_single_file_goes_through_the_command(run: Run, tiny_folder: Path, tmp_path: Path, suffix: str) -> None:
    state = to_original(StableDiffusionPipeline.from_pretrained(tiny_folder, low_cpu_mem_usage=False))
    single = tmp_path / f"tiny{suffix}"
    save_file(state, single) if suffix == ".safetensors" else torch.save({"state_dict": state, "global_step": 470000}, single)
    shutil.copytree(tiny_folder, tmp_path / "tiny", ignore=shutil.ignore_patterns("*.safetensors"))
    code, _, err = run("a seed", "a tree", "--frames", "3", "--steps", "2", "--model", str(single), "-o", "single/")
    assert code == 0, err
    assert run("a seed", "a tree", "--frames", "3", "--steps", "2", "--model", str(tiny_folder), "-o", "folder/")[0] == 0
    for name in ("0.png", "1.png", "2.png"):
        ours, theirs = (pixels(next((tmp_path / folder).glob(f"*{name}"))) for folder in ("single", "folder"))
        assert np.array_equal(ours, theirs)


def test_a_single_file_of_xl_goes_through_the_command(run: Run, tmp_path: Path) -> None:
    pipe = tiny_xl()
    pipe.save_pretrained(tmp_path / "xl")
    for weights in (tmp_path / "xl").rglob("*.safetensors"):
        weights.unlink()
    save_file(to_original(pipe), tmp_path / "xl.safetensors")
    code, _, err = run("still", "a tree", "--steps", "2", "--model", "xl.safetensors", "-o", "tree.png")
    assert code == 0, err
    assert pixels(tmp_path / "tree.png").std() > 5


def test_code_in_a_pickle_is_refused_by_name_and_not_run(run: Run, tmp_path: Path) -> None:
    class Bad:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {tmp_path}/owned",)

    torch.save({"state_dict": {}, "more": Bad()}, tmp_path / "bad.ckpt", pickle_module=pickle)
    code, _, err = run("a seed", "a tree", "--model", "bad.ckpt")
    assert code == 2
    assert "bad.ckpt holds code besides tensors (posix.system)" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "owned").exists()


def test_stable_diffusion_fits_into_four_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shapes without its weights, and a card that only counts: what is estimated. Not measured on a card."""
    folder = CONFIGS / "sd1"
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(folder, subfolder="unet")).half()
        vae = AutoencoderKL.from_config(AutoencoderKL.load_config(folder, subfolder="vae")).half()
        text = CLIPTextModel(CLIPTextConfig.from_pretrained(folder, subfolder="text_encoder")).half()
    pipe = StableDiffusionPipeline(
        vae=vae, text_encoder=text, tokenizer=tokenizer("<|endoftext|>"), unet=unet, scheduler=PNDMScheduler(skip_prk_steps=True, steps_offset=1),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    model = UNetModel(Origin("sd14", "0"), pipe, "meta", 8)
    weights = sum(tensor.nbytes for part in model._parts() for tensor in part.parameters())
    left = 4 * GIB - weights
    monkeypatch.setattr(model, "free", lambda: left)
    story = film.resolve(Storyboard.of("a seed", "a tree"), model.defaults)
    assert (story.width, story.height) == (512, 512)
    assert weights < 2 * GIB, "float16"
    with pytest.warns(match="drawing 4 in a batch instead of 8"):
        slots = film.fitting(8, model, story)
    assert slots * model.room(512, 512) < left
    # Decoding comes after the UNet has given its room back: its largest tensors are 256 channels of full size, four of them at once.
    assert left > 4 * 256 * 512 * 512 * 2
