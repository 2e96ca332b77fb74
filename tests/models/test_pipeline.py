"""Other families of pipelines, of random weights and toy size, against what diffusers draws with them."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers import AutoencoderDC, AutoencoderKL, DiffusionPipeline, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel, T5TokenizerFast

import animate
from animate import AnimateError, Storyboard, load_model
from animate.models.base import Conditioning, Denoising
from animate.models.families.pipeline import MaskedConditioning, PipelineModel
from animate.models.parts.introspection import returned_names
from animate.models.parts.samplers import OWN, canonical, chosen
from conftest import WORDS, tiny_pipeline, tiny_tokenizer


def t5(width: int = 32) -> dict[str, Any]:
    """A text encoder and a tokenizer that knows a few words and every letter."""
    torch.manual_seed(0)
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *((f"▁{word}", -1.0) for word in WORDS), *((letter, -5.0) for letter in "▁bcfjklmqvxyz")]
    config = T5Config(vocab_size=64, d_model=width, d_ff=37, d_kv=8, num_heads=4, num_layers=2)
    return {"tokenizer": T5TokenizerFast(vocab=vocab, extra_ids=0), "text_encoder": T5EncoderModel(config).eval()}


def clip(kind: type[CLIPTextModel] | type[CLIPTextModelWithProjection]) -> Any:
    tokenizer = tiny_tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4, projection_dim=32,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return kind(config).eval()


def vae(channels: int, shift: float | None = None, levels: int = 2) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8,) * levels, norm_num_groups=4, layers_per_block=1, latent_channels=channels, sample_size=32, scaling_factor=0.5,
        down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels, shift_factor=shift,
    )  # fmt: skip


def stable_diffusion_3() -> DiffusionPipeline:
    torch.manual_seed(0)
    third = {f"{name}_3": part for name, part in t5(64).items()}
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=16, patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8, num_attention_heads=4,
        joint_attention_dim=64, caption_projection_dim=32, pooled_projection_dim=64, pos_embed_max_size=16,
    )  # fmt: skip
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae(4, 0.1),
        text_encoder=clip(CLIPTextModelWithProjection), tokenizer=tiny_tokenizer(), text_encoder_2=clip(CLIPTextModelWithProjection),
        tokenizer_2=tiny_tokenizer(), **third,
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


def z_image() -> DiffusionPipeline:
    """Prompts are lists of unequal lengths, without masks. T5 reads in place of a chat model, here and below."""
    torch.manual_seed(0)
    transformer = diffusers.ZImageTransformer2DModel(
        all_patch_size=(2,), all_f_patch_size=(1,), in_channels=4, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2, n_kv_heads=2,
        cap_feat_dim=32, axes_dims=[4, 4, 8], axes_lens=[64, 32, 32],
    )  # fmt: skip
    torch.nn.init.normal_(transformer.x_pad_token)
    torch.nn.init.normal_(transformer.cap_pad_token)
    parts = t5()
    parts["tokenizer"].chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    return diffusers.ZImagePipeline(transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae(4, 0.1), **parts)


def qwen_image() -> DiffusionPipeline:
    """Prompts as long as their words, with a mask where they are padded; packed latents; a VAE made for films."""
    torch.manual_seed(0)
    transformer = diffusers.QwenImageTransformer2DModel(
        patch_size=2, in_channels=16, out_channels=4, num_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=32,
        axes_dims_rope=(4, 6, 6),
    )  # fmt: skip
    film = diffusers.AutoencoderKLQwenImage(
        base_dim=8, z_dim=4, dim_mult=[1, 2, 4], num_res_blocks=1, temperal_downsample=[False, True], latents_mean=[0.1, -0.2, 0.3, 0.0],
        latents_std=[1.0, 2.0, 0.5, 1.5],
    )  # fmt: skip
    return diffusers.QwenImagePipeline(transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(), vae=film, **t5())


def lumina() -> DiffusionPipeline:
    """Prompts padded to a multiple of eight tokens, with a mask."""
    torch.manual_seed(0)
    transformer = diffusers.LuminaNextDiT2DModel(
        sample_size=16, patch_size=2, in_channels=4, hidden_size=32, num_layers=1, num_attention_heads=2, num_kv_heads=1, multiple_of=16,
        ffn_dim_multiplier=None, norm_eps=1e-5, learn_sigma=True, qk_norm=True, cross_attention_dim=32, scaling_factor=1.0,
    )  # fmt: skip
    return diffusers.LuminaPipeline(transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(4, levels=4), **t5())


def cogview() -> DiffusionPipeline:
    """Prompts padded to a multiple of sixteen tokens, without a mask."""
    torch.manual_seed(0)
    transformer = diffusers.CogView4Transformer2DModel(
        patch_size=2, in_channels=4, num_layers=1, attention_head_dim=4, num_attention_heads=4, out_channels=4, text_embed_dim=32,
        time_embed_dim=8, condition_dim=4,
    )  # fmt: skip
    return diffusers.CogView4Pipeline(transformer=transformer, scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(4, levels=4), **t5())


FAMILIES: dict[str, Callable[[], DiffusionPipeline]] = {
    "sd3": stable_diffusion_3, "flux": flux, "flux-undistilled": lambda: flux(False), "pixart": pixart, "sana": sana,
    "z-image": z_image, "qwen-image": qwen_image, "lumina": lumina,
    "cogview": cogview,
}  # fmt: skip
SIDE = 32  # pixels
pytestmark = pytest.mark.filterwarnings("ignore:.* was trained on")  # so small a picture
STEPS = 3


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("models") / request.param
    FAMILIES[request.param]().save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> PipelineModel:
    loaded = load_model(str(folder), device="cpu", batch_size=2)
    assert isinstance(loaded, PipelineModel)
    return loaded


def story(*prompts: str, **settings: Any) -> Storyboard:
    return Storyboard.of(*prompts, width=SIDE, height=SIDE, pace="linear", sampling={"steps": STEPS, **settings.pop("sampling", {})}, **settings)


def unlike(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def test_a_still_is_what_the_pipeline_draws_from_the_same_seed(model: PipelineModel, folder: Path) -> None:
    theirs = DiffusionPipeline.from_pretrained(folder, low_cpu_mem_usage=False)
    theirs.set_progress_bar_config(disable=True)
    binning = {"use_resolution_binning": False} if "use_resolution_binning" in model.parameters else {}
    made = theirs(
        prompt="a red house", negative_prompt="the night", num_inference_steps=STEPS, width=SIDE, height=SIDE, output_type="np",
        generator=torch.Generator().manual_seed(7), **{model.guidance: 4.0}, **binning,
    ).images  # fmt: skip
    ours = animate.still("a red house", model, seed=7, negative="the night", sampling={"steps": STEPS, "guidance": 4.0}, width=SIDE, height=SIDE)
    assert ours.std() > 5
    assert unlike(ours, (made[0] * 255).round().astype(np.uint8)) <= 1


def test_a_film_has_exact_ends_and_something_else_between(model: PipelineModel) -> None:
    film = [*animate.render(story("a seed", "a tree in winter at night", frames=5, seed=1), model)]
    assert len(film) == 5
    stills = [
        animate.still(p, model, batch_size=2, seed=1, width=SIDE, height=SIDE, sampling={"steps": STEPS})
        for p in ("a seed", "a tree in winter at night")
    ]
    assert np.array_equal(film[0], stills[0])
    assert np.array_equal(film[4], stills[1])
    assert unlike(film[2], film[0]) > 0
    assert unlike(film[2], film[4]) > 0


def test_a_batch_draws_what_singles_draw_each_with_its_guidance(model: PipelineModel) -> None:
    how, prompts, scales = Denoising(OWN, STEPS), ("a seed", "a tree in winter"), torch.tensor([2.0, 5.0])
    noise = torch.cat([model.noise(seed, SIDE, SIDE) for seed in (1, 2)])
    texts, empty = [model.embed(prompt) for prompt in prompts], model.embed("", negative=True)
    both = model.denoise(noise, noise[:, None][:, :0], Conditioning.batch(texts), Conditioning.batch([empty] * 2), scales, how)[:, -1]
    for slot in range(2):
        one = slice(slot, slot + 1)
        text, none = Conditioning.batch(texts[one]), Conditioning.batch([empty])
        alone = model.denoise(noise[one], noise[one][:, None][:, :0], text, none, scales[one], how)[:, -1]
        assert (alone[0] - both[slot]).abs().max() <= 1e-4 * alone.abs().max()


class Unheard(animate.Report):
    """Of a size that no model was trained on."""

    def warn(self, line: str) -> None: ...


class Samples:
    """How many samples the denoiser was given; with guidance, those with the prompt and those without."""

    def __init__(self, model: PipelineModel):
        self.count, self.model = 0, model
        self.handle = model.network.register_forward_pre_hook(self._note, with_kwargs=True)

    def _note(self, module: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = args[0] if args else kwargs["hidden_states"]
        self.count += len(given)


def test_of_several_guidances_each_is_given_its_own_samples(model: PipelineModel) -> None:
    noise = torch.cat([model.noise(seed, SIDE, SIDE) for seed in range(4)])
    text, away = (Conditioning.batch([one] * 4) for one in (model.embed("a seed"), model.embed("", negative=True)))
    counted, how = Samples(model), Denoising(OWN, STEPS)
    counts = []
    for scales in ([3.0] * 4, [3.0, 2.0, 3.0, 5.0]):
        counted.count = 0
        model.denoise(noise, noise[:, None][:, :0], text, away, torch.tensor(scales), how)
        counts.append(counted.count)
    counted.handle.remove()
    assert counts[0] == counts[1] > 0, "as many as for one guidance: each sample once"


def test_a_film_whose_guidance_varies_draws_nothing_that_it_does_not_show(model: PipelineModel) -> None:
    """A batch would be filled up for every scale; and one for all would make a cel depend on its neighbours."""
    counts, pictures = list[int](), list[list[np.ndarray]]()
    for guidance in (3.0, {0: 2.0, 3: 5.0}):
        asked = story("a seed", "a tree", frames=4, sampling={"guidance": guidance})
        counted, film = Samples(model), animate.render(asked, model, report=Unheard())
        pictures.append([*film])
        counts.append(counted.count)
        counted.handle.remove()
        assert film.recipe.made.batch_size == (1 if isinstance(guidance, dict) else 2)
    assert counts[0] == counts[1], "four cels, none to fill a batch"
    alone = [*animate.render(asked, model, frames=[2], report=Unheard())]
    assert np.array_equal(alone[0], pictures[1][2]), "whoever is drawn with it"


def test_every_step_is_told_of_and_may_end_the_denoising(model: PipelineModel) -> None:
    """What it raises passes through the pipeline's call, and the next one knows nothing of it."""
    told: list[int] = []
    noise, text, away = model.noise(1, SIDE, SIDE), model.embed("a seed"), model.embed("", negative=True)
    given = (noise, noise[:, None][:, :0], Conditioning.batch([text]), Conditioning.batch([away]), torch.tensor([2.0]), Denoising(OWN, STEPS))
    whole = model.denoise(*given, lambda: told.append(threading.get_ident()))
    assert told == [threading.get_ident()] * STEPS

    class Cancelled(Exception):
        pass

    def cancel() -> None:
        told.append(0)
        if len(told) == STEPS + 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        model.denoise(*given, cancel)
    assert len(told) == STEPS + 2
    assert torch.equal(model.denoise(*given), whole)


def test_defaults_are_the_pipelines_own(model: PipelineModel, folder: Path) -> None:
    known = {"flux": 3.5, "flux-undistilled": 1.0, "pixart": 4.5, "sd3": 7.0, "qwen-image": 4.0}
    assert model.defaults.guidance == known.get(folder.name, model.defaults.guidance)
    assert model.defaults.steps == model.parameters["num_inference_steps"].default
    assert model.defaults.sampler == OWN


def test_noise_is_standard_normal_and_the_seeds_own(model: PipelineModel) -> None:
    noise = model.noise(3, 256, 256)
    assert noise.dtype == torch.float32
    assert abs(float(noise.std()) - 1) < 0.05
    assert torch.equal(noise, model.noise(3, 256, 256))
    assert not torch.equal(noise, model.noise(4, 256, 256))


def test_pictures_go_into_latents_and_back(model: PipelineModel) -> None:
    pictures = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    latents = model.encode(pictures)
    assert latents.shape == (2, *model.noise(0, SIDE, SIDE).shape[1:])
    assert model.decode(latents).shape == pictures.shape


def test_only_the_pipelines_own_sampler_and_no_picture_to_begin_with(model: PipelineModel, tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match='sampler "ddim": this model draws with its own only'):
        animate.render(story("a seed", "a tree", sampling={"sampler": "ddim"}), model)
    Image.new("RGB", (SIDE, SIDE)).save(tmp_path / "a.png")
    with pytest.raises(AnimateError, match="images, sharing and feedback are for Stable Diffusion 1, 2 and XL") as refused:
        animate.still("a seed", model, image=str(tmp_path / "a.png"), sampling={"steps": STEPS})
    assert "\n" not in str(refused.value)


def test_its_films_move_evenly_too(model: PipelineModel) -> None:
    told = story("a seed", "a tree", frames=5).replace(pace="even")
    images = animate.render(told, model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", animate.AnimateWarning)  # random weights may jump, and say so
        assert len([*images]) == 5
    assert images.probes >= 3
    assert images.recipe.curves
    assert not any(curve.jumps for curve in images.recipe.curves), "nothing to bridge them with"


def test_what_begins_half_way_is_refused_before_anything_is_drawn(model: PipelineModel) -> None:
    for more in ({"feedback": 0.5}, {"sampling": {"sharing": 0.9, "steps": 10}}):
        with pytest.raises(AnimateError, match="images, sharing and feedback are for Stable Diffusion 1, 2 and XL"):
            animate.render(story("a seed", "a tree", **more), model)


def test_a_size_that_the_pipeline_refuses_is_one_line(model: PipelineModel) -> None:
    with pytest.raises(AnimateError, match="cannot draw this") as refused:
        model.noise(0, 33, 33)
    assert "\n" not in str(refused.value)


def test_prompts_of_unequal_lengths_need_a_mask(tmp_path: Path) -> None:
    cogview().save_pretrained(tmp_path)
    model = load_model(str(tmp_path), device="cpu")
    with pytest.raises(AnimateError, match="32 tokens, and 16 for an empty one; a CogView4Pipeline takes no mask"):
        model.embed("a seed in winter " * 6)


def test_a_blend_reads_what_either_end_reads_and_no_padding() -> None:
    short = MaskedConditioning(
        {"prompt_embeds": torch.tensor([[1.0], [2.0], [9.0], [9.0], [9.0]]), "prompt_attention_mask": torch.tensor([1, 1, 0, 0, 0])}
    )
    long = MaskedConditioning(
        {"prompt_embeds": torch.tensor([[3.0], [4.0], [5.0], [6.0], [9.0]]), "prompt_attention_mask": torch.tensor([1, 1, 1, 1, 0])}
    )
    for a, b, mix in ((short, long, 0.25), (long, short, 0.75)):
        middle = a.blend(b, mix).tensors
        assert middle["prompt_attention_mask"].tolist() == [1, 1, 1, 1, 0]
        assert middle["prompt_embeds"][:4, 0].tolist() == [1.5, 2.5, 2.0, 3.0]
    assert short.blend(long, 0.0) is short
    assert short.blend(long, 1.0) is long


def test_a_prompt_that_is_cut_off_is_told_of(tmp_path: Path) -> None:
    pixart().save_pretrained(tmp_path)
    model = load_model(str(tmp_path), device="cpu")
    assert model.text.warnings(["a seed"]) == []
    (told,) = model.text.warnings(["a seed in winter " * 60])
    assert "longer than the 120 tokens" in told


def test_names_are_read_where_they_are_returned() -> None:
    """Of a family whose `return` is not made of plain names."""
    names = ["prompt_embeds", "prompt_attention_mask", "negative_prompt_embeds", "negative_prompt_attention_mask"]
    assert returned_names(object.__new__(diffusers.PRXPipeline)) == names


def test_a_model_tells_what_a_picture_takes_and_that_it_has_no_checker(model: PipelineModel) -> None:
    assert model.memory.bytes_per_sample(512, 512) == 4 * model.memory.bytes_per_sample(256, 256) > 0
    assert not model.memory.offload()  # the device is the memory itself
    assert model.safety is None
    assert model.text.chunks("a seed") == 1


def test_its_parts_take_turns_by_diffusers_own_hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which are set up again after each of its works, so that no part stays on the device."""
    pixart().save_pretrained(tmp_path)
    model, calls = load_model(str(tmp_path), device="cpu", batch_size=1), list[str]()
    assert isinstance(model, PipelineModel)
    monkeypatch.setattr(model.pipe, "enable_model_cpu_offload", lambda device: calls.append(f"hooks for {device}"), raising=False)
    monkeypatch.setattr(model.pipe, "maybe_free_model_hooks", lambda: calls.append("freed"))
    latents = model.noise(0, SIDE, SIDE)
    plain = model.decode(latents)
    assert calls == []
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(model.memory, "device", torch.device("meta"))  # any but a CPU
        assert model.memory.offload()
        assert not model.memory.offload(), "once"
    assert calls == ["hooks for meta"]
    assert np.array_equal(model.decode(latents), plain)
    model.embed("a seed")
    assert calls == ["hooks for meta", "freed", "freed"]


class Blind(diffusers.PixArtAlphaPipeline):  # type: ignore[misc]
    def __call__(self, prompt: str, num_inference_steps: int = 20) -> None: ...


def refused() -> dict[str, DiffusionPipeline]:
    drawing, no_core, unlike_vae, ink, few = pixart(), pixart(), pixart(), tiny_pipeline(), t5()
    drawing.scheduler = diffusers.LCMScheduler()
    no_core.register_modules(transformer=None)
    unlike_vae.register_modules(vae=vae(3))
    return {
        "its sampler, LCMScheduler, draws noise at every step": drawing,
        "it has neither a transformer nor a unet": no_core,
        r"its latents are \(4, 16, 16\), and its VAE decodes \(3, h, w\)": unlike_vae,
        "it takes no latents, so its noise cannot be blended": Blind(**pixart().components),
        "it draws from image and not from a prompt": diffusers.StableDiffusionInpaintPipeline(
            **{**ink.components, "unet": ink.unet, "text_encoder": few["text_encoder"]}, requires_safety_checker=False
        ),
        "it has no prepare_latents": diffusers.IFPipeline(
            **few, unet=ink.unet, scheduler=diffusers.DDPMScheduler(), safety_checker=None, feature_extractor=None, watermarker=None,
            requires_safety_checker=False,
        ),
    }  # fmt: skip


def test_what_is_missing_of_a_pipeline_is_said_in_one_line(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for missing, pipe in refused().items():
        monkeypatch.setattr(DiffusionPipeline, "from_pretrained", lambda *_, pipe=pipe, **__: pipe)
        with pytest.raises(AnimateError, match=f"a {type(pipe).__name__} cannot be animated: {missing}") as said:
            load_model(str(tiny_folder), device="cpu")
        assert "\n" not in str(said.value)


def test_the_models_own_sampler_is_taken_where_none_or_it_is_asked_for() -> None:
    assert chosen(None, "ddim") == "ddim"
    assert chosen("Euler A", "ddim") == "euler-a"
    assert chosen(OWN, "ddim") == "ddim"
    assert chosen(OWN, OWN) == chosen(None, OWN) == canonical(OWN) == OWN
    with pytest.raises(AnimateError, match="NewScheduler, is not known here"):
        chosen(None, "NewScheduler")


def test_what_people_put_on_stable_diffusion_is_refused_in_one_line(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ink.safetensors").touch()
    with pytest.raises(AnimateError, match=r"lora ink.safetensors cannot be put on a \w+; leave it out, or use Stable Diffusion 1, 2 or XL"):
        load_model(str(folder), device="cpu", loras=["ink.safetensors"])
