"""LoRAs, VAEs and embeddings in the formats that people have, put on a model by `load_model`: exactly, wholly, silently, or one line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, StableDiffusionXLPipeline
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextModelWithProjection

from animate import AnimateError, load_model, render
from animate.film import recipe
from animate.models.families.unet import UNetModel
from animate.models.weights import extras
from animate.story.storyboard import build
from conftest import Run, tiny_pipeline
from original import to_original
from test_checkpoint import make_sdxl

Pairs = dict[tuple[str, str], tuple[Tensor, Tensor]]  # part and layer -> the two factors of what is added to its weight
LAYERS = r"(to_[qkv]|to_out\.0|[qkv]_proj|out_proj|fc[12]|ff\.net\.2|proj_in|conv1|conv_in|conv_shortcut|time_emb_proj|linear_1)$"
PARTS = ("unet", "text_encoder")
KOHYA = {"unet": "lora_unet_", "text_encoder": "lora_te_text_model_"}


def pairs(seed: int = 0, rank: int = 2, parts: tuple[str, ...] = PARTS) -> Pairs:
    pipe, generator = tiny_pipeline(), torch.Generator().manual_seed(seed)
    layers = [(part, name, layer.weight) for part in parts for name, layer in getattr(pipe, part).named_modules() if re.search(LAYERS, name)]

    def factors(weight: Tensor) -> tuple[Tensor, Tensor]:
        down = torch.randn(rank, *weight.shape[1:], generator=generator)
        return down * 0.1, torch.randn(len(weight), rank, *[1] * (weight.ndim - 2), generator=generator) * 0.1

    return {(part, name): factors(weight) for part, name, weight in layers}


def in_diffusers(held: Pairs) -> dict[str, Tensor]:
    return {f"{part}.{name}.lora_{which}.weight": factor for (part, name), both in held.items() for which, factor in zip("AB", both, strict=True)}


def in_kohya(held: Pairs, alphas: Mapping[tuple[str, str], float]) -> dict[str, Tensor]:
    made: dict[str, Tensor] = {}
    for (part, name), (down, up) in held.items():
        layer = KOHYA[part] + name.replace(".", "_")
        made |= {f"{layer}.lora_down.weight": down, f"{layer}.lora_up.weight": up, f"{layer}.alpha": torch.tensor(alphas[part, name])}
    return made


def saved(state: Mapping[str, Tensor], path: Path) -> str:
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    return str(path)


def weights(model: UNetModel) -> dict[tuple[str, str], Tensor]:
    parts = {"unet": model.unet, "text_encoder": model.readers[0][1]}
    return {(part, name): tensor for part, network in parts.items() for name, tensor in network.state_dict().items()}


def assert_added(model: UNetModel, plain: UNetModel, *added: tuple[Pairs, Callable[[tuple[str, str]], float]]) -> None:
    """Every weight is what it was, and so many times the product of both factors; no layer has become another."""
    before = weights(plain)
    assert weights(model).keys() == before.keys()
    for (part, name), weight in weights(model).items():
        layer, expected = (part, name.removesuffix(".weight")), before[part, name].clone()
        for held, scale in added:
            if layer in held and name.endswith(".weight"):
                down, up = held[layer]
                expected += scale(layer) * (up.flatten(1) @ down.flatten(1)).view(weight.shape)
        assert (weight - expected).abs().max() <= 1e-6, layer
    assert [type(module) for module in model.unet.modules()] == [type(module) for module in plain.unet.modules()]


@pytest.fixture
def load(tiny_folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., UNetModel]:
    """The tiny model with something on it; nothing is printed, and warnings are errors."""

    def call(folder: Path = tiny_folder, say: Callable[[str], object] = lambda line: None, **settings: Any) -> UNetModel:
        capfd.readouterr()
        model = load_model(str(folder), device="cpu", say=say, **settings)
        assert isinstance(model, UNetModel)
        assert capfd.readouterr() == ("", "")
        return model

    return call


@pytest.mark.parametrize("parts", [PARTS, PARTS[:1], PARTS[1:]])
@pytest.mark.parametrize("weight", [1.0, 0.5, -2.0])
def test_a_lora_is_added_to_the_weights(load: Any, tiny: UNetModel, tmp_path: Path, parts: tuple[str, ...], weight: float) -> None:
    held = pairs(parts=parts)
    path = saved(in_diffusers(held), tmp_path / "a.safetensors")
    model = load(loras=(path if weight == 1 else f"{path}:{weight}",))
    assert_added(model, tiny, (held, lambda layer: weight))
    assert model.extras == (f"lora {path}" if weight == 1 else f"lora {path}:{weight}",)


@pytest.mark.parametrize("same", [True, False])
def test_a_kohya_lora_has_an_alpha_for_every_layer(load: Any, tiny: UNetModel, tmp_path: Path, same: bool) -> None:
    held, rank = pairs(rank=4), 4
    alphas = {layer: 1.0 if same else number % 3 + 1.0 for number, layer in enumerate(held)}
    model = load(loras=(saved(in_kohya(held, alphas), tmp_path / "a.safetensors") + ":0.5",))
    assert_added(model, tiny, (held, lambda layer: 0.5 * alphas[layer] / rank))


def test_a_lora_of_no_weight_changes_nothing(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    model, before = load(loras=(saved(in_diffusers(pairs()), tmp_path / "a.safetensors") + ":0",)), weights(tiny)
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(model).items())


def test_loras_add_up(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    """Of other ranks and on other layers, too."""
    first, second = pairs(1), dict([*pairs(2, rank=3, parts=("unet",)).items()][::2])
    paths = [saved(in_diffusers(held), tmp_path / f"{number}.safetensors") for number, held in enumerate((first, second))]
    model = load(loras=(f"{paths[0]}:0.75", f"{paths[1]}:-0.5"))
    assert_added(model, tiny, (first, lambda layer: 0.75), (second, lambda layer: -0.5))


@pytest.mark.parametrize("kohya", [False, True])
def test_a_lora_of_xl_reaches_its_second_text_encoder(load: Any, tmp_path: Path, kohya: bool) -> None:
    pipe = make_sdxl()
    pipe.save_pretrained(tmp_path / "xl")
    layers = [name for name, _ in pipe.text_encoder_2.named_modules() if re.search("0.self_attn.(q|out)_proj$", name)]
    down, up, state = torch.full((1, 32), 0.25), torch.ones(32, 1), dict[str, Tensor]()
    for layer in layers:
        named = f"lora_te2_{layer.replace('.', '_')}.lora_{{}}.weight" if kohya else f"text_encoder_2.{layer}.lora_{{}}.weight"
        state |= {named.format("down" if kohya else "A"): down.clone(), named.format("up" if kohya else "B"): up.clone()}
    model = load(tmp_path / "xl", loras=(saved(state, tmp_path / "a.safetensors"),))
    before, after = pipe.text_encoder_2.state_dict(), model.readers[1][1].state_dict()
    assert before.keys() == after.keys()
    assert len(layers) == 2
    for name, weight in after.items():
        assert torch.allclose(weight, before[name] + (0.25 if name.removesuffix(".weight") in layers else 0), rtol=0, atol=1e-7), name


def test_a_lora_in_half_precision_is_added_to_the_weights(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    held = pairs(parts=("unet",))
    state = {name: tensor.half() for name, tensor in in_diffusers(held).items()}
    model, before = load(dtype="bfloat16", loras=(saved(state, tmp_path / "a.safetensors"),)), weights(tiny)
    for (part, name), (down, up) in held.items():
        weight = weights(model)[part, f"{name}.weight"]
        expected = before[part, f"{name}.weight"] + (up.flatten(1) @ down.flatten(1)).view(weight.shape)
        assert weight.dtype == torch.bfloat16
        assert (weight - expected).abs().max() <= 0.01 * expected.abs().max()


NOWHERE = (torch.ones(2, 4), torch.ones(4, 2))


def renamed() -> dict[str, Tensor]:
    return {name.replace("text_encoder", "text_encoder_2"): tensor for name, tensor in in_diffusers(pairs(parts=PARTS[1:])).items()}


def dora() -> dict[str, Tensor]:
    state = in_kohya(held := pairs(parts=("unet",)), dict.fromkeys(held, 1.0))
    return state | {next(iter(state)).replace("lora_down.weight", "dora_scale"): torch.ones(1, 4)}


STRANGE: dict[str, tuple[Callable[[], dict[str, Tensor]], str]] = {
    "a layer that is not there": (lambda: in_diffusers(pairs() | {("unet", "nowhere.to_q"): NOWHERE}), "1 of the .* layers .* are not there"),
    "another model's layers": (lambda: in_diffusers({("unet", "nowhere.to_q"): NOWHERE}), "not found in the base model"),
    "a network that is not there": (lambda: in_diffusers(pairs(parts=PARTS[:1])) | renamed(), "layers .* are not there"),
    "other shapes": (lambda: {name: tensor.repeat_interleave(2, 0) for name, tensor in in_diffusers(pairs()).items()}, "size mismatch"),
    "a magnitude": (dora, "DoRA"),
    "no LoRA": (lambda: {"weight": torch.ones(2)}, "Invalid LoRA checkpoint"),
    "nothing": (dict, "it changes no layer"),
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_lora_is_put_on_as_a_whole_or_not_at_all(tiny_folder: Path, tmp_path: Path, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    make, said = STRANGE[what]
    path = saved(make(), tmp_path / "a.safetensors")
    with pytest.raises(AnimateError, match=rf"^LoRA {re.escape(path)} does not fit this model \(.*{said}.*\); use one") as refused:
        load_model(str(tiny_folder), device="cpu", loras=(path,))
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"loras": ("a.safetensors:abc",)}, r'LoRA "a.safetensors:abc": weight "abc"; allowed: -10 to 10'),
        ({"loras": ("a.safetensors:nan",)}, 'weight "nan"'),
        ({"loras": ("a.safetensors:11",)}, 'weight "11"'),
        ({"loras": ("a.safetensors:",)}, 'weight ""'),
        ({"loras": ("a.safetensors:0.5",)}, "LoRA a.safetensors: no such file"),
        ({"loras": ("./owner/name",)}, "LoRA ./owner/name: no such file"),
        ({"vae": "a.safetensors"}, "VAE a.safetensors: no such file or folder"),
        ({"vae": "vae"}, "VAE vae: no such file or folder"),
        ({"vae": "empty"}, "VAE empty does not fit"),
        ({"vae": "broken.safetensors"}, "broken.safetensors is not a checkpoint"),
        ({"embeddings": ("a.pt:<cat>",)}, "embedding a.pt: no such file"),
        ({"embeddings": ("broken.safetensors",)}, "embedding broken.safetensors does not fit"),
        ({"embeddings": ("broken.pt",)}, "broken.pt is not a checkpoint"),
        ({"loras": ("broken.safetensors",)}, "LoRA broken.safetensors does not fit"),
    ],
)
def test_what_is_not_there_or_broken_is_one_line(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], settings: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for suffix in (".safetensors", ".pt"):
        (tmp_path / f"broken{suffix}").write_bytes(b"hello")
    with pytest.raises(AnimateError, match=re.escape(said)) as refused:
        load_model(str(tiny_folder), device="cpu", **settings)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


class Bad:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch owned",)


@pytest.mark.parametrize(
    "settings",
    [{"loras": ("bad.bin",)}, {"loras": ("bad.pt:0.5",)}, {"embeddings": ("bad.pt",)}, {"embeddings": ("bad.bin:<x>",)}, {"vae": "bad.pt"}],
)
def test_code_in_a_pickle_is_refused_by_name_and_not_run(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], settings: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("bad.bin", "bad.pt"):
        torch.save({"<cat>": CAT, "more": Bad()}, name)
    with pytest.raises(AnimateError, match=r"^bad\.\w+ holds code besides tensors \(posix\.system\); it is not loaded"):
        load_model(str(tiny_folder), device="cpu", **settings)
    assert not Path("owned").exists()
    assert capfd.readouterr() == ("", "")


def other_vae(**over: Any) -> AutoencoderKL:
    torch.manual_seed(5)
    settings = {name: value for name, value in tiny_pipeline().vae.config.items() if not name.startswith("_")}
    return AutoencoderKL(**settings | over)


def assert_decodes_as(model: UNetModel, vae: Any) -> None:
    latents = model.noise(0, 64, 64)
    with torch.no_grad():
        expected = vae.eval().decode(latents / vae.config.scaling_factor).sample[0]
    picture = (expected / 2 + 0.5).clamp(0, 1).mul(255).permute(1, 2, 0)
    assert (torch.tensor(model.decode(latents)[0]).float() - picture).abs().max() <= 1


def test_a_vae_of_a_folder(load: Any, tmp_path: Path) -> None:
    """Its own scale, too."""
    vae = other_vae(scaling_factor=0.5)
    vae.save_pretrained(tmp_path / "vae")
    model = load(vae=str(tmp_path / "vae"))
    assert model.extras == (f"vae {tmp_path / 'vae'}",)
    assert not model.vae.training
    assert_decodes_as(model, vae)


@pytest.mark.parametrize("prefix", ["first_stage_model.", ""])
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_a_vae_of_a_file_in_the_original_layout(load: Any, tmp_path: Path, prefix: str, suffix: str) -> None:
    pipe = tiny_pipeline()
    pipe.vae = other_vae()
    held = {name: tensor for name, tensor in to_original(pipe).items() if name.startswith("first_stage_model.")}
    state = {name.replace("first_stage_model.", prefix): tensor.clone() for name, tensor in held.items()}
    path = tmp_path / f"vae{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save({"state_dict": state}, path)
    assert_decodes_as(load(vae=str(path)), pipe.vae)


def test_a_tiny_vae_draws_and_encodes(load: Any, tmp_path: Path) -> None:
    torch.manual_seed(5)
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4, num_encoder_blocks=(1,) * 4, num_decoder_blocks=(1,) * 4
    )
    vae.save_pretrained(tmp_path / "vae")
    model = load(vae=str(tmp_path / "vae"))
    assert_decodes_as(model, vae)
    (frame,) = render(build({"keyframes": ["a seed", "a tree"], "frames": 2, "sampling": {"steps": 1}}), model, [1])
    assert model.encode(frame[None]).shape == (1, 4, 8, 8)


def lacking(folder: Path) -> None:
    other_vae().save_pretrained(folder)
    state = other_vae().state_dict()
    saved({name: tensor for name, tensor in state.items() if name != "decoder.conv_in.weight"}, folder / "diffusion_pytorch_model.safetensors")


def wide(folder: Path) -> None:
    other_vae(latent_channels=8).save_pretrained(folder)


def no_vae(folder: Path) -> None:
    tiny_pipeline().unet.save_pretrained(folder)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lacking, "decoder.conv_in.weight"),
        (wide, "has 8 channels, and the model 4"),
        (no_vae, "it is a UNet2DConditionModel; allowed: AutoencoderKL"),
    ],
)
def test_a_vae_that_does_not_fit_is_one_line(
    tiny_folder: Path, tmp_path: Path, make: Callable[[Path], None], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "vae")
    capfd.readouterr()
    with pytest.raises(AnimateError, match=said) as refused:
        load_model(str(tiny_folder), device="cpu", vae=str(tmp_path / "vae"))
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


def test_a_vae_of_a_file_in_diffusers_layout(load: Any, tiny_folder: Path, tmp_path: Path) -> None:
    vae = other_vae()
    assert_decodes_as(load(vae=saved(vae.state_dict(), tmp_path / "vae.safetensors")), vae)
    smaller = saved(other_vae(block_out_channels=(4, 4, 4, 4)).state_dict(), tmp_path / "smaller.safetensors")
    with pytest.raises(AnimateError, match=re.escape(smaller)) as refused:
        load_model(str(tiny_folder), device="cpu", vae=smaller)
    assert "\n" not in str(refused.value)


CAT = torch.linspace(-1, 1, 64).view(2, 32)
DIFFUSERS = {"<cat>": CAT}
WEB = {"string_to_token": {"*": 265}, "string_to_param": {"*": torch.nn.Parameter(CAT)}, "name": "cat-500", "step": 500, "sd_checkpoint": None}


@pytest.mark.parametrize(
    ("name", "state", "token", "word"),
    [
        ("learned_embeds.safetensors", DIFFUSERS, None, "<cat>"),
        ("learned_embeds.bin", DIFFUSERS, None, "<cat>"),
        ("learned_embeds.bin", DIFFUSERS, "<dog>", "<dog>"),
        ("cat.pt", WEB, None, "<cat>"),
        ("cat.pt", WEB, "<dog>", "<dog>"),
        ("My Cat.safetensors", {"emb_params": CAT}, None, "<my-cat>"),
    ],
)
def test_an_embedding_is_a_word_that_is_known(load: Any, tmp_path: Path, name: str, state: dict[str, Any], token: str | None, word: str) -> None:
    path = tmp_path / name
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    said: list[str] = []
    model = load(say=said.append, embeddings=(f"{path}:{token}" if token else str(path),))
    assert said == ([] if token else [f"embedding {path}: its word is {word}"])
    asked: list[Tensor] = []
    table = model.readers[0][1].get_input_embeddings()
    table.register_forward_hook(lambda module, args, made: asked.append(made[0]))
    model.embed(f"a red {word}, tree")
    assert any(torch.equal(asked[0][start : start + 2], CAT) for start in range(76))
    assert model.prompt_warnings([f"a red {word}, tree"]) == []


def test_every_word_is_as_it_was_beside_an_embedding(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    model = load(embeddings=(saved(DIFFUSERS, tmp_path / "cat.safetensors"),))
    assert torch.equal(model.embed("a red tree").tensors["prompt_embeds"], tiny.embed("a red tree").tensors["prompt_embeds"])


def test_an_embedding_of_xl_has_vectors_for_both_text_encoders(load: Any, tmp_path: Path) -> None:
    pipe = make_sdxl()
    assert isinstance(pipe, StableDiffusionXLPipeline)
    assert isinstance(pipe.text_encoder_2, CLIPTextModelWithProjection)
    pipe.save_pretrained(tmp_path / "xl")
    first, second = torch.full((2, 32), 0.5), torch.full((2, 32), -0.5)
    model = load(tmp_path / "xl", embeddings=(saved({"clip_l": first, "clip_g": second}, tmp_path / "cat.safetensors"),))
    for (_, encoder), expected in zip(model.readers, (first, second), strict=True):
        assert torch.equal(encoder.get_input_embeddings().weight[-2:], expected)
    assert model.prompt_warnings(["a <cat>"]) == []
    with pytest.raises(AnimateError, match="vectors have 32 numbers, and those of the model 32, 32"):
        load(tmp_path / "xl", embeddings=(saved(DIFFUSERS, tmp_path / "one.safetensors"),))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"<cat>": torch.ones(2, 24)}, "its vectors have 24 numbers, and those of the model 32"),
        ({"<cat>": torch.ones(2, 2, 32)}, "it holds <cat>, which is no embedding"),
        ({"a": CAT, "b": CAT.clone()}, "it holds a, b, which is no embedding"),
        ({"tree</w>": CAT}, "already in tokenizer vocabulary"),
    ],
)
def test_an_embedding_of_another_model_is_one_line(tiny_folder: Path, tmp_path: Path, state: dict[str, Tensor], said: str) -> None:
    path = saved(state, tmp_path / "cat.safetensors")
    with pytest.raises(AnimateError, match=rf"^embedding {re.escape(path)} does not fit this model \(.*{said}") as refused:
        load_model(str(tiny_folder), device="cpu", embeddings=(path,))
    assert "\n" not in str(refused.value)


def test_fingerprints_are_of_what_was_put_on_and_not_of_its_name(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    one, other = in_diffusers(pairs(1)), in_diffusers(pairs(2))
    first, second = saved(one, tmp_path / "1.safetensors"), saved(other, tmp_path / "2.safetensors")
    other_vae().save_pretrained(tmp_path / "vae")
    cat = saved(DIFFUSERS, tmp_path / "cat.safetensors")
    settings: list[dict[str, Any]] = [
        {"loras": (first,)}, {"loras": (second,)}, {"loras": (f"{first}:0.5",)}, {"loras": (first, second)},
        {"vae": str(tmp_path / "vae")}, {"embeddings": (cat,)}, {"embeddings": (f"{cat}:<dog>",)}, {"loras": (first,), "embeddings": (cat,)},
    ]  # fmt: skip
    prints = [load(**setting).fingerprint for setting in settings]
    assert len({tiny.fingerprint, *prints}) == len(prints) + 1
    (tmp_path / "moved").mkdir()
    assert load(loras=(saved(one, tmp_path / "moved" / "x.safetensors"),)).fingerprint == prints[0]
    saved(other, Path(first))
    assert load(loras=(first,)).fingerprint == prints[1]
    vae = other_vae(scaling_factor=0.5)
    vae.save_pretrained(tmp_path / "vae")
    assert load(vae=str(tmp_path / "vae")).fingerprint != prints[4]


def test_a_recipe_says_what_was_put_on(load: Any, tmp_path: Path) -> None:
    path = saved(in_diffusers(pairs()), tmp_path / "a.safetensors")
    images = render(build({"keyframes": ["a seed", "a tree"], "frames": 2, "sampling": {"steps": 1}}), load(loras=(f"{path}:0.5",)))
    assert len([*images]) == 2
    assert images.recipe.made.extras == (f"lora {path}:0.5",)
    assert recipe.unpack(images.note(2)).made.extras == (f"lora {path}:0.5",)


def test_the_command_puts_extras_on_and_says_when_they_are_missing(run: Run, tiny_folder: Path, tmp_path: Path) -> None:
    lora, cat = saved(in_diffusers(pairs()), tmp_path / "a.safetensors"), saved({"emb_params": CAT}, tmp_path / "b.safetensors")
    other_vae().save_pretrained(tmp_path / "vae")
    model = ("--model", str(tiny_folder), "--no-store", "--device", "cpu")
    put = ("--lora", f"{lora}:0.5", "--lora", lora, "--vae", str(tmp_path / "vae"), "--embedding", f"{cat}:<cat>")
    code, _, err = run("a seed", "a <cat>", "--frames", "2", "--steps", "1", *model, *put, "-o", "film.mp4")
    assert code == 0, err
    assert "letter by letter" not in err
    expected = (f"lora {lora}:0.5", f"lora {lora}", f"vae {tmp_path / 'vae'}", f"embedding {cat}:<cat>")
    assert recipe.read(tmp_path / "film.mp4").made.extras == expected
    code, out, _ = run("verify", "film.mp4", *model[:2], *put)
    assert (code, "2 of 2 pictures are what the recipe says" in out) == (0, True)
    code, out, _ = run("verify", "film.mp4", *model[:2], "--json")
    (differs,) = [line for line in json.loads(out)["surroundings"] if line.startswith("extras")]
    assert (code, f"lora {lora}:0.5" in differs) == (1, True)
    code, _, err = run("again", "film.mp4", *model, "-o", "again.mp4")
    assert code == 0
    assert "not as it was: fingerprint: " in err
    assert "extras: " in err


def test_the_command_refuses_extras_in_one_line(run: Run, tiny_folder: Path) -> None:
    code, _, err = run("a seed", "a tree", "--model", str(tiny_folder), "--lora", "x:abc")
    assert code == 2
    assert err.strip().splitlines()[-1].endswith('weight "abc"; allowed: -10 to 10, as in file.safetensors:0.8'), err


def test_nothing_put_on_is_no_digest() -> None:
    assert extras.put_on(tiny_pipeline(), extras.Extras(), print) == ""
