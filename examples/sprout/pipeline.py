"""The trained parts as a `StableDiffusionPipeline`: looked at, and saved in diffusers' folder format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

from job import VOCABULARY, Job, log
from vae import side_of_latents


def betas(side: int) -> dict[str, Any]:
    """A longer tail of noise than Stable Diffusion's (beta_end 0.012).

    With 16 x 16 latents, its last timestep would still give the mean brightness away: signal-to-noise 0.005 x 256 values. At 0.02
    it is 0.0002 x 256 = 0.06; four times as many values, 32 x 32, need 0.024. Every scheduler still has finite numbers.
    """
    end = 0.02 if side <= 16 else 0.024
    return {"beta_start": 0.00085, "beta_end": end, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}


PREVIEW = ("a seed", "a sprout", "a sapling", "a tree in autumn", "a hen", "a red flower", "a house at night", "a ship at sunset",
           "a volcano", "an orange fish", "a hot air balloon", "a rocket in space", "a mushroom in the forest", "a butterfly", "a black cat",
           "two blue cars in the city", "three eggs", "a castle in the fog", "a white rabbit", "a snowman in winter", "an owl at night",
           "a beach at dawn", "a lighthouse in the rain", "a cactus in the desert")  # fmt: skip


def pipeline(size: int, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, text: CLIPTextModel, unet: UNet2DConditionModel) -> StableDiffusionPipeline:
    tail = betas(side_of_latents(vae, size))
    scheduler = DPMSolverMultistepScheduler(**tail, prediction_type="v_prediction", timestep_spacing="trailing", steps_offset=1)
    return StableDiffusionPipeline(
        vae=vae, text_encoder=text.eval(), tokenizer=tokenizer, unet=unet.eval(), scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def preview(job: Job, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, text: CLIPTextModel, unet: UNet2DConditionModel, path: Path) -> None:
    """Twenty-four prompts, two seeds each, 12 steps."""
    pipe, rows = pipeline(job.size, vae, tokenizer, text, unet), []
    pipe.set_progress_bar_config(disable=True)
    for seed in (0, 1):
        generators = [torch.Generator().manual_seed(seed) for _ in PREVIEW]
        made = pipe(
            list(PREVIEW), height=job.size, width=job.size, num_inference_steps=12, guidance_scale=2.0, generator=generators, output_type="np"
        ).images
        rows += [np.concatenate(list(made[i : i + 12]), 1) for i in (0, 12)]
    Image.fromarray((np.concatenate(rows) * 255).round().astype(np.uint8)).save(path)


def save(job: Job, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, text: CLIPTextModel, unet: UNet2DConditionModel) -> None:
    """Diffusers' folder format, fp16, in files of at most 15 MB, with what it was taught beside."""
    out = job.out
    pipeline(job.size, vae, tokenizer, text, unet).to("cpu", torch.float16).save_pretrained(out, max_shard_size="14MB", safe_serialization=True)
    # Where no dtype is asked for, diffusers loads its parts in float32 and transformers in what the file says: they must agree.
    edit(out / "text_encoder" / "config.json", dtype="float32")
    # AutoencoderTiny works this out by itself, and warns when it is told.
    edit(out / "vae" / "config.json", block_out_channels=None)
    (out / VOCABULARY).write_text(json.dumps(job.vocabulary(), indent=1) + "\n")
    log.info("saved %s, %.1f MB", out, sum(f.stat().st_size for f in out.rglob("*") if f.is_file()) / 1e6)


def edit(path: Path, **changes: str | None) -> None:
    """Change entries of a JSON file; None takes one out."""
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None or name not in changes}, indent=2) + "\n")
