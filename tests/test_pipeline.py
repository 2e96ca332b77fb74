"""Other families of pipelines, of random weights and toy size, against what diffusers draws with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
import transformers
from diffusers import AutoencoderDC, AutoencoderKL, DiffusionPipeline, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel, T5TokenizerFast

import animate
from animate import AnimateError, Storyboard, load_model
from animate.models import pipeline
from animate.models.base import Conditioning, Denoising
from animate.models.pipeline import PipelineModel, Prompt
from animate.models.samplers import OWN, chosen
from conftest import WORDS, tiny_pipeline, tiny_tokenizer


def t5() -> dict[str, Any]:
    """A text encoder and a tokenizer that knows a few words and every letter."""
    torch.manual_seed(0)
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *((f"▁{word}", -1.0) for word in WORDS), *((letter, -5.0) for letter in "▁bcfjklmqvxyz")]
    config = T5Config(vocab_size=64, d_model=32, d_ff=37, d_kv=8, num_heads=4, num_layers=2)
    return {"tokenizer": T5TokenizerFast(vocab=vocab, extra_ids=0), "text_encoder": T5EncoderModel(config).eval()}


def clip(kind: type[CLIPTextModel] | type[CLIPTextModelWithProjection]) -> Any:
    tokenizer = tiny_tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4, projection_dim=32,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return kind(config).eval()


def vae(channels: int, shift: float | None = None) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8), norm_num_groups=4, layers_per_block=1, latent_channels=channels, sample_size=32, scaling_factor=0.5,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, shift_factor=shift,
    )  # fmt: skip


def stable_diffusion_3() -> DiffusionPipeline:
    torch.manual_seed(0)
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=16, patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8, num_attention_heads=4,
        joint_attention_dim=64, caption_projection_dim=32, pooled_projection_dim=64, pos_embed_max_size=16,
    )  # fmt: skip
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae(4, 0.1),
        text_encoder=clip(CLIPTextModelWithProjection), tokenizer=tiny_tokenizer(), text_encoder_2=clip(CLIPTextModelWithProjection),
        tokenizer_2=tiny_tokenizer(), text_encoder_3=None, tokenizer_3=None,
    )  # fmt: skip


def flux(guidance_embeds: bool = True) -> DiffusionPipeline:
    torch.manual_seed(0)
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=guidance_embeds,
    )  # fmt: skip
    second = {f"{name}_2": part for name, part in t5().items()}
    made = diffusers.FluxPipeline(
        transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(4, 0.1), text_encoder=clip(CLIPTextModel),
        tokenizer=tiny_tokenizer(), **second,
    )  # fmt: skip
    made.default_sample_size = 16
    return made


def pixart() -> DiffusionPipeline:
    torch.manual_seed(0)
    transformer = diffusers.PixArtTransformer2DModel(
        sample_size=16, num_layers=1, patch_size=2, attention_head_dim=8, num_attention_heads=4, caption_channels=32, in_channels=4,
        cross_attention_dim=32, out_channels=8, attention_bias=True, norm_elementwise_affine=False, norm_eps=1e-6,
        use_additional_conditions=False,
    )  # fmt: skip
    return diffusers.PixArtAlphaPipeline(transformer=transformer, scheduler=DPMSolverMultistepScheduler(), vae=vae(4), **t5())


def sana() -> DiffusionPipeline:
    torch.manual_seed(0)
    transformer = diffusers.SanaTransformer2DModel(
        patch_size=1, in_channels=4, out_channels=4, num_layers=1, num_attention_heads=2, attention_head_dim=4, num_cross_attention_heads=2,
        cross_attention_head_dim=4, cross_attention_dim=8, caption_channels=32, sample_size=16,
    )  # fmt: skip
    deep = AutoencoderDC(
        in_channels=3, latent_channels=4, attention_head_dim=2, encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"), encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), (5,)), decoder_qkv_multiscales=((), (5,)), encoder_layers_per_block=(1, 1), decoder_layers_per_block=(1, 1),
        downsample_block_type="conv", upsample_block_type="interpolate", decoder_norm_types="rms_norm", decoder_act_fns="silu", scaling_factor=0.41,
    )  # fmt: skip
    return diffusers.SanaPipeline(transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0), vae=deep, **t5())


FAMILIES: dict[str, Callable[[], DiffusionPipeline]] = {
    "sd3": stable_diffusion_3, "flux": flux, "flux-undistilled": lambda: flux(False), "pixart": pixart, "sana": sana,
}  # fmt: skip
SIDE = 32  # pixels
STEPS = 3


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("models") / request.param
    FAMILIES[request.param]().save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> PipelineModel:
    loaded = load_model(str(folder), device="cpu", slots=2)
    assert isinstance(loaded, PipelineModel)
    return loaded


def story(*prompts: str, **settings: Any) -> Storyboard:
    return Storyboard.of(*prompts, width=SIDE, height=SIDE, sampling={"steps": STEPS, **settings.pop("sampling", {})}, **settings)


def unlike(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def test_a_still_is_what_the_pipeline_draws_from_the_same_seed(model: PipelineModel, folder: Path) -> None:
    theirs = DiffusionPipeline.from_pretrained(folder, low_cpu_mem_usage=False)
    theirs.set_progress_bar_config(disable=True)
    binning = {"use_resolution_binning": False} if "use_resolution_binning" in model.takes else {}
    made = theirs(
        prompt="a red house", negative_prompt="the night", num_inference_steps=STEPS, width=SIDE, height=SIDE, output_type="np",
        generator=torch.Generator().manual_seed(7), **{model.guidance: 4.0}, **binning,
    ).images  # fmt: skip
    ours = animate.still(
        "a red house", model, seed=7, negative="the night", sampling={"steps": STEPS, "guidance": 4.0}, width=SIDE, height=SIDE
    )
    assert ours.std() > 5
    assert unlike(ours, (made[0] * 255).round().astype(np.uint8)) <= 1


def test_a_film_has_exact_ends_and_something_else_between(model: PipelineModel) -> None:
    film = [*animate.render(story("a seed", "a tree in winter at night", frames=5, seed=1), model)]
    assert len(film) == 5
    stills = [animate.still(p, model, slots=2, seed=1, width=SIDE, height=SIDE, sampling={"steps": STEPS}) for p in ("a seed", "a tree in winter at night")]
    assert np.array_equal(film[0], stills[0])
    assert np.array_equal(film[4], stills[1])
    assert unlike(film[2], film[0]) > 0
    assert unlike(film[2], film[4]) > 0


def test_a_batch_draws_what_singles_draw_each_with_its_guidance(model: PipelineModel) -> None:
    how, prompts, scales = Denoising(OWN, STEPS), ("a seed", "a tree in winter"), torch.tensor([2.0, 5.0])
    noise = torch.cat([model.noise(seed, SIDE, SIDE) for seed in (1, 2)])
    texts, empty = [model.embed(prompt) for prompt in prompts], model.embed("", negative=True)
    both = model.denoise(noise, noise[:, None][:, :0], Conditioning.batch(texts), Conditioning.batch([empty] * 2), scales, how)
    for slot in range(2):
        one = slice(slot, slot + 1)
        alone = model.denoise(
            noise[one], noise[one][:, None][:, :0], Conditioning.batch(texts[one]), Conditioning.batch([empty]), scales[one], how
        )
        assert (alone[0] - both[slot]).abs().max() <= 1e-4 * alone.abs().max()
