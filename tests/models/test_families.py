"""Every kind of Stable Diffusion, loaded from a folder as a user's is, draws what diffusers' own pipeline draws from the same noise."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DiffusionPipeline,
    EulerDiscreteScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPTextConfig, CLIPTextModelWithProjection

from animate import AnimateError, load_model, render, still
from animate.models import families
from animate.models.base import Conditioning, Denoising, Family
from animate.models.families.unet import UNetModel
from animate.models.parts import samplers
from animate.models.weights import loading
from animate.report import REPORT
from animate.story.storyboard import build
from conftest import tiny_pipeline

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
UNET = {
    "sample_size": 8, "block_out_channels": (32, 64), "layers_per_block": 1, "cross_attention_dim": 32, "attention_head_dim": 8,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
}  # fmt: skip
WIDTH, HEIGHT = 96, 64


def tiny_xl() -> StableDiffusionXLPipeline:
    pipe = tiny_pipeline()
    torch.manual_seed(1)
    same = pipe.text_encoder.config
    second = CLIPTextConfig(
        vocab_size=same.vocab_size, hidden_size=48, intermediate_size=40, num_hidden_layers=3, num_attention_heads=4, hidden_act="gelu",
        projection_dim=24, bos_token_id=same.bos_token_id, eos_token_id=same.eos_token_id, pad_token_id=same.pad_token_id,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        **UNET | {"cross_attention_dim": 80}, addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=72
    )
    scheduler = EulerDiscreteScheduler(**BETAS, timestep_spacing="leading")
    pipe.vae.register_to_config(force_upcast=True, scaling_factor=0.13025)
    return StableDiffusionXLPipeline(
        vae=pipe.vae, text_encoder=pipe.text_encoder, text_encoder_2=CLIPTextModelWithProjection(second).eval(), tokenizer=pipe.tokenizer,
        tokenizer_2=pipe.tokenizer, unet=unet, scheduler=scheduler, force_zeros_for_empty_prompt=True, add_watermarker=False,
    )  # fmt: skip


def loaded(pipe: Any, folder: Path, **settings: Any) -> UNetModel:
    pipe.set_progress_bar_config(disable=True)
    pipe.save_pretrained(folder)
    model = load_model(str(folder), device="cpu", **settings)
    assert isinstance(model, UNetModel)
    return model


@pytest.fixture(scope="module")
def xl_pipe() -> StableDiffusionXLPipeline:
    return tiny_xl()


@pytest.fixture(scope="module")
def xl(xl_pipe: StableDiffusionXLPipeline, tmp_path_factory: pytest.TempPathFactory) -> UNetModel:
    return loaded(xl_pipe, tmp_path_factory.mktemp("models") / "xl")


def drawn(model: UNetModel, prompts: Sequence[str], negative: str, guidance: float, how: Denoising, size: tuple[int, int] = (64, 64)) -> Tensor:
    """Latents of prompts, each from its own seed: 1, 2, ..."""
    seeds = range(1, len(prompts) + 1)
    noise = torch.stack([model.noise(seed, *size, 1 + samplers.noise_draws(how.sampler, how.steps, how.eta)) for seed in seeds])
    positive = Conditioning.batch([model.embed(prompt) for prompt in prompts])
    away = Conditioning.batch([model.embed(negative, negative=True)] * len(prompts))
    return model.denoise(noise[:, 0], noise[:, 1:], positive, away, torch.full((len(prompts),), guidance), how)[:, -1]


def theirs(pipe: Any, prompts: Sequence[str], negative: str | None, guidance: float, how: Denoising, size: tuple[int, int] = (64, 64)) -> Tensor:
    negatives = {} if isinstance(pipe, LatentConsistencyModelPipeline) else {"negative_prompt": negative and [negative] * len(prompts)}
    made: Tensor = pipe(
        list(prompts), **negatives, num_inference_steps=how.steps, guidance_scale=guidance, width=size[0], height=size[1], output_type="latent",
        generator=[torch.Generator().manual_seed(seed) for seed in range(1, len(prompts) + 1)],
    ).images  # fmt: skip
    return made


def assert_close(ours: Tensor, expected: Tensor) -> None:
    assert ours.shape == expected.shape
    assert (ours - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize("negative", [None, "the night"])
@pytest.mark.parametrize("guidance", [1.0, 5.0])
@pytest.mark.parametrize("sampler", ["euler", "dpm++2m", "ddim", "euler-a"])
def test_xl_draws_what_diffusers_draws(
    xl: UNetModel, xl_pipe: StableDiffusionXLPipeline, sampler: str, guidance: float, negative: str | None
) -> None:
    """Wider than high: the UNet is told the picture's size. No negative prompt is zeros for it, not the words of nothing."""
    xl_pipe.scheduler = samplers.scheduler(sampler, xl.schedule)
    how, prompts, size = Denoising(sampler, 5), ("a red tree", "a house at night"), (WIDTH, HEIGHT)
    ours = drawn(xl, prompts, negative or "", guidance, how, size)
    assert_close(ours, theirs(xl_pipe, prompts, negative, guidance, how, size))


def test_xl_says_nothing_as_its_folder_says(xl: UNetModel, tmp_path: Path) -> None:
    """As zeros, or as the words of nothing; only where it is what the picture should not show."""
    assert not any(tensor.any() for tensor in xl.embed("", negative=True).tensors.values())
    assert all(tensor.any() for tensor in xl.embed("").tensors.values())
    pipe = tiny_xl()
    pipe.register_to_config(force_zeros_for_empty_prompt=False)
    speaking = loaded(pipe, tmp_path / "xl")
    assert torch.equal(speaking.embed("", negative=True).tensors["pooled"], speaking.embed("").tensors["pooled"])
    how = Denoising("euler", 3)
    assert_close(drawn(speaking, ["a tree"], "", 5.0, how), theirs(pipe, ["a tree"], None, 5.0, how))


def test_a_film_of_xl_has_exact_ends_and_blends_the_pooled_vector(xl: UNetModel) -> None:
    steps = 2
    settings: dict[str, Any] = {"width": WIDTH, "height": HEIGHT, "sampling": {"steps": steps, "guidance": 1.0}}
    told: list[Tensor] = []

    def hear(module: object, args: object, kwargs: dict[str, Any]) -> None:
        told.append(kwargs["added_cond_kwargs"]["text_embeds"])

    handle = xl.unet.register_forward_pre_hook(hear, with_kwargs=True)
    film = [*render(build({"keyframes": ["a tree", "a house"], "frames": 5, "pace": "linear", **settings}), xl)]
    handle.remove()
    frames = torch.cat(told[::steps])[:5]
    first, last = (xl.embed(prompt).tensors["pooled"] for prompt in ("a tree", "a house"))
    assert torch.equal(frames[0], first)
    assert torch.allclose(frames[2], (first + last) / 2, rtol=0, atol=1e-6)
    assert not torch.equal(first, last)
    for prompt, frame in (("a tree", film[0]), ("a house", film[-1])):
        alone = still(prompt, xl, xl.numerics.batch_size, **settings)
        assert np.array_equal(frame, alone)


@pytest.fixture(scope="module")
def velocity_pipe() -> StableDiffusionPipeline:
    return tiny_pipeline(prediction_type="v_prediction")


@pytest.fixture(scope="module")
def velocity(velocity_pipe: StableDiffusionPipeline, tmp_path_factory: pytest.TempPathFactory) -> UNetModel:
    return loaded(velocity_pipe, tmp_path_factory.mktemp("models") / "velocity")


@pytest.mark.parametrize("sampler", samplers.SAMPLERS)
def test_models_that_predict_velocity_draw_what_diffusers_draws(velocity: UNetModel, velocity_pipe: StableDiffusionPipeline, sampler: str) -> None:
    velocity_pipe.scheduler = samplers.scheduler(sampler, velocity.schedule)
    assert velocity_pipe.scheduler.config.prediction_type == "v_prediction"
    how, prompts = Denoising(sampler, 6), ("a seed", "a tree")
    assert_close(drawn(velocity, prompts, "the night", 5.0, how), theirs(velocity_pipe, prompts, "the night", 5.0, how))


@pytest.mark.parametrize("pipeline", [StableDiffusionPipeline, LatentConsistencyModelPipeline])
def test_a_model_that_is_told_its_guidance_is_asked_once_a_step(pipeline: Any, tmp_path: Path) -> None:
    parts = tiny_pipeline().components | {"unet": UNet2DConditionModel(**UNET, time_cond_proj_dim=32), "scheduler": LCMScheduler(**BETAS)}
    pipe = pipeline(**parts, requires_safety_checker=False)
    model = loaded(pipe, tmp_path / "lcm")
    assert model.defaults.sampler == "lcm"
    asked: list[int] = []
    handle = model.unet.register_forward_pre_hook(lambda module, args: asked.append(len(args[0])))
    how, prompts = Denoising("lcm", 4), ("a seed", "a tree")
    ours = drawn(model, prompts, "", 8.0, how)
    handle.remove()
    assert asked == [2, 2, 2, 2]
    assert_close(ours, theirs(pipe, prompts, None, 8.0, how))
    assert not torch.allclose(ours, drawn(model, prompts, "", 2.0, how))


@pytest.mark.parametrize("make", [tiny_pipeline, tiny_xl])
def test_a_turbo_model_draws_in_one_step_without_guidance(make: Any, tmp_path: Path) -> None:
    pipe = make()
    pipe.scheduler = EulerDiscreteScheduler(**BETAS, timestep_spacing="trailing")
    model = loaded(pipe, tmp_path / "turbo")
    how, prompts = Denoising(model.defaults.sampler, 1), ("a seed", "a tree")
    assert_close(drawn(model, prompts, "", 0.0, how), theirs(pipe, prompts, None, 0.0, how))


def test_a_folder_of_2022_draws_as_one_of_today(tiny: UNetModel, tiny_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Weights are pickled, the feature extractor has its first name, there is no safety checker, and a setting that came later is missing."""
    old = tmp_path / "old"
    pipe = StableDiffusionPipeline.from_pretrained(tiny_folder, low_cpu_mem_usage=False)
    capfd.readouterr()
    shutil.copytree(tiny_folder, old, ignore=shutil.ignore_patterns("*.safetensors"))
    files = {"unet": "diffusion_pytorch_model.bin", "vae": "diffusion_pytorch_model.bin", "text_encoder": "pytorch_model.bin"}
    for part, name in files.items():
        torch.save(getattr(pipe, part).state_dict(), old / part / name)
    CLIPImageProcessor().save_pretrained(old / "feature_extractor")
    preprocessor = json.loads((old / "feature_extractor" / "preprocessor_config.json").read_text())
    preprocessor |= {"feature_extractor_type": "CLIPFeatureExtractor"}
    preprocessor.pop("image_processor_type")
    (old / "feature_extractor" / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    settings = json.loads((old / "scheduler" / "scheduler_config.json").read_text())
    settings.pop("steps_offset")
    (old / "scheduler" / "scheduler_config.json").write_text(json.dumps(settings))
    index = json.loads((old / "model_index.json").read_text())
    index |= {"_diffusers_version": "0.2.2", "feature_extractor": ["transformers", "CLIPFeatureExtractor"], "safety_checker": [None, None]}
    (old / "model_index.json").write_text(json.dumps(index))
    model = load_model(str(old), device="cpu")
    assert isinstance(model, UNetModel)
    how = Denoising("ddim", 3)
    assert torch.equal(drawn(model, ["a tree"], "", 5.0, how), drawn(tiny, ["a tree"], "", 5.0, how))
    assert np.array_equal(model.decode(model.noise(0, 64, 64)), tiny.decode(tiny.noise(0, 64, 64)))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 not a zip", b"\x80\x02 not a pickle"])
@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_file_that_is_no_checkpoint_is_one_line(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(AnimateError, match="is not a checkpoint, or not a whole one") as refused:
        load_model(str(path), device="cpu")
    assert "\n" not in str(refused.value)


def test_a_family_is_one_value_and_one_line(tmp_path: Path, tiny_folder: Path, tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registered while the program runs, it is loaded as the others are."""

    class Upside(UNetModel):
        """Draws upside down."""

        def decode(self, latents: Tensor) -> np.ndarray:
            return super().decode(latents)[:, ::-1]

    def misfit(pipe: Any) -> str:
        return "" if type(pipe).__name__ == "StableDiffusionPipeline" else "it is not Stable Diffusion"

    family = Family("upside", misfit, Upside, suits=lambda pipe: {"steps": 3, "guidance": 1.5})
    monkeypatch.setattr(families, "FAMILIES", [family, *families.FAMILIES])
    model = load_model(str(tiny_folder), device="cpu", batch_size=2)
    assert (type(model), model.name, model.fingerprint, model.numerics.batch_size) == (Upside, tiny.name, tiny.fingerprint, 2)
    assert (model.defaults.steps, model.defaults.guidance) == (3, 1.5)
    assert np.array_equal(model.decode(tiny.noise(0, 64, 64)), tiny.decode(tiny.noise(0, 64, 64))[:, ::-1])
    monkeypatch.chdir(tmp_path)
    Path("ink.safetensors").touch()
    with pytest.raises(AnimateError, match=r"lora ink.safetensors cannot be put on a StableDiffusionPipeline; leave it out"):
        load_model(str(tiny_folder), device="cpu", loras=["ink.safetensors"])


def test_what_is_said_of_a_pipeline_of_no_family_is_what_the_last_one_says(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Family("first", lambda pipe: "it is too small", UNetModel)
    monkeypatch.setattr(families, "FAMILIES", [first, replace(first, misfit=lambda pipe: "it is too old")])
    with pytest.raises(AnimateError, match="a StableDiffusionPipeline cannot be animated: it is too old; use a text-to-image model"):
        load_model(str(tiny_folder), device="cpu")


@pytest.mark.parametrize("kind", ["tiny", "xl"])
def test_loading_with_half_the_memory_changes_no_bit(kind: str, tiny_folder: Path, xl: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all of it, models are first filled with random numbers."""
    folder = str(tiny_folder) if kind == "tiny" else xl.name

    def networks() -> dict[str, Tensor]:
        pipe = loading.load(folder, None, lambda *_: torch.float32, REPORT).pipe
        parts = {name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}
        tensors = [(f"{name}.{key}", tensor) for name, part in parts.items() for key, tensor in (*part.named_parameters(), *part.named_buffers())]
        assert parts.keys() >= {"unet", "vae", "text_encoder"}
        assert not any(part.training for part in parts.values())
        return dict(tensors)

    frugal = networks()
    monkeypatch.setattr(DiffusionPipeline, "from_pretrained", partial(DiffusionPipeline.from_pretrained, low_cpu_mem_usage=False))
    plain = networks()
    assert frugal.keys() == plain.keys()
    assert all(torch.equal(tensor, plain[name]) and tensor.dtype == plain[name].dtype for name, tensor in frugal.items())
