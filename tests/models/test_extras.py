"""LoRAs, VAEs and embeddings in the formats that people have, added to a model by `load_model`: exactly, completely, silently, or one line."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextModelWithProjection

import animate
from animate import AnimateError, load_model, render
from animate.film import recipe
from animate.models.families.unet import UNetModel
from animate.models.weights import extras
from animate.models.weights.original_layout import ATTENTION
from animate.report import Report
from animate.story.storyboard import build
from conftest import Run, tiny_pipeline
from extra_files import CAT, PARTS, Pairs, in_diffusers, in_kohya, other_vae, pairs, saved, tiny_shapes
from fake_hub import Lines
from original import make_sdxl, to_original, with_attention
from test_compvis import pixels


def weights(model: UNetModel) -> dict[tuple[str, str], Tensor]:
    parts = {"unet": model.unet, "text_encoder": model.encoders[0][1]}
    return {(part, name): tensor for part, network in parts.items() for name, tensor in network.state_dict().items()}


def assert_added(model: UNetModel, plain: UNetModel, *added: tuple[Pairs, Callable[[tuple[str, str]], float]]) -> None:
    """Every weight is what it was, and so many times the product of both factors; no layer has become another."""
    before = weights(plain)
    assert weights(model).keys() == before.keys()
    for (part, name), weight in weights(model).items():
        layer, expected = (part, name.removesuffix(".weight")), before[part, name].clone()
        for lora, scale in added:
            if layer in lora and name.endswith(".weight"):
                down, up = lora[layer]
                expected += scale(layer) * (up.flatten(1) @ down.flatten(1)).view(weight.shape)
        assert (weight - expected).abs().max() <= 1e-6, layer
    assert [type(module) for module in model.unet.modules()] == [type(module) for module in plain.unet.modules()]


@pytest.fixture
def load(tiny_folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., UNetModel]:
    """The tiny model with additions; nothing is printed, and warnings are errors."""

    def call(folder: Path = tiny_folder, report: Report | None = None, **settings: Any) -> UNetModel:
        capfd.readouterr()
        model = load_model(str(folder), device="cpu", report=report or Lines(), **settings)
        assert isinstance(model, UNetModel)
        assert capfd.readouterr() == ("", "")
        return model

    return call


@pytest.mark.parametrize("parts", [PARTS, PARTS[:1], PARTS[1:]])
@pytest.mark.parametrize("weight", [1.0, 0.5, -2.0])
def test_a_lora_is_added_to_the_weights(load: Any, tiny: UNetModel, tmp_path: Path, parts: tuple[str, ...], weight: float) -> None:
    lora = pairs(parts=parts)
    path = saved(in_diffusers(lora), tmp_path / "a.safetensors")
    model = load(loras=(path if weight == 1 else f"{path}:{weight}",))
    assert_added(model, tiny, (lora, lambda layer: weight))
    assert model.extras == (f"lora {path}" if weight == 1 else f"lora {path}:{weight}",)


@pytest.mark.parametrize("same", [True, False])
def test_a_kohya_lora_has_an_alpha_for_every_layer(load: Any, tiny: UNetModel, tmp_path: Path, same: bool) -> None:
    lora, rank = pairs(rank=4), 4
    alphas = {layer: 1.0 if same else number % 3 + 1.0 for number, layer in enumerate(lora)}
    model = load(loras=(saved(in_kohya(lora, alphas), tmp_path / "a.safetensors") + ":0.5",))
    assert_added(model, tiny, (lora, lambda layer: 0.5 * alphas[layer] / rank))


SOME = {
    "queries and values": r"[qv]_proj",
    "the feed-forward": r"fc\d",
    "one layer": r"layers\.0\.self_attn\.k_proj",
    "one of the feed-forward": r"layers\.1\.mlp\.fc2",
    "two kinds": r"layers\.0\.self_attn\.k_proj|layers\.1\.mlp\.fc1",
    "the outputs": r"out_proj",
}


@pytest.mark.parametrize("some", SOME)
@pytest.mark.parametrize("beside", [(), ("unet",)])
@pytest.mark.parametrize("kohya", [True, False])
def test_a_lora_may_change_only_some_layers_of_the_text_encoder(
    load: Any, tiny: UNetModel, tmp_path: Path, some: str, beside: tuple[str, ...], kohya: bool
) -> None:
    lora = {(part, name): both for (part, name), both in pairs(rank=4).items() if part in beside or re.search(SOME[some], name)}
    state = in_kohya(lora, dict.fromkeys(lora, 2.0)) if kohya else in_diffusers(lora)
    model = load(loras=(saved(state, tmp_path / "a.safetensors"),))
    assert_added(model, tiny, (lora, lambda layer: 2 / 4 if kohya else 1.0))


def test_a_lora_of_no_weight_changes_nothing(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    model, before = load(loras=(saved(in_diffusers(pairs()), tmp_path / "a.safetensors") + ":0",)), weights(tiny)
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(model).items())


def test_loras_add_up(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    """Of other ranks and on other layers, too."""
    first, second = pairs(1), dict([*pairs(2, rank=3, parts=("unet",)).items()][::2])
    paths = [saved(in_diffusers(lora), tmp_path / f"{number}.safetensors") for number, lora in enumerate((first, second))]
    model = load(loras=(f"{paths[0]}:0.75", f"{paths[1]}:-0.5"))
    assert_added(model, tiny, (first, lambda layer: 0.75), (second, lambda layer: -0.5))


@pytest.mark.parametrize("kohya", [False, True])
def test_a_lora_of_xl_reaches_its_second_text_encoder(load: Any, tmp_path: Path, kohya: bool) -> None:
    pipe = make_sdxl()
    pipe.save_pretrained(tmp_path / "xl")
    named_layers = pipe.text_encoder_2.named_modules()
    layers = {name: len(layer.weight) for name, layer in named_layers if re.search("0.self_attn.(q|out)_proj$|text_projection$", name)}
    down, state = torch.full((1, 32), 0.25), dict[str, Tensor]()
    for layer, width in layers.items():
        named = f"lora_te2_{layer.replace('.', '_')}.lora_{{}}.weight" if kohya else f"text_encoder_2.{layer}.lora_{{}}.weight"
        state |= {named.format("down" if kohya else "A"): down.clone(), named.format("up" if kohya else "B"): torch.ones(width, 1)}
    model = load(tmp_path / "xl", loras=(saved(state, tmp_path / "a.safetensors"),))
    before, after = pipe.text_encoder_2.state_dict(), model.encoders[1][1].state_dict()
    assert before.keys() == after.keys()
    assert len(layers) == 3
    for name, weight in after.items():
        assert torch.allclose(weight, before[name] + (0.25 if name.removesuffix(".weight") in layers else 0), rtol=0, atol=1e-7), name


def test_a_lora_in_half_precision_is_added_to_the_weights(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    lora = pairs(parts=("unet",))
    state = {name: tensor.half() for name, tensor in in_diffusers(lora).items()}
    model, before = load(dtype="bfloat16", loras=(saved(state, tmp_path / "a.safetensors"),)), weights(tiny)
    for (part, name), (down, up) in lora.items():
        weight = weights(model)[part, f"{name}.weight"]
        expected = before[part, f"{name}.weight"] + (up.flatten(1) @ down.flatten(1)).view(weight.shape)
        assert weight.dtype == torch.bfloat16
        assert (weight - expected).abs().max() <= 0.01 * expected.abs().max()


NOWHERE = (torch.ones(2, 4), torch.ones(4, 2))


def renamed() -> dict[str, Tensor]:
    return {name.replace("text_encoder", "text_encoder_2"): tensor for name, tensor in in_diffusers(pairs(parts=PARTS[1:])).items()}


def dora() -> dict[str, Tensor]:
    state = in_kohya(lora := pairs(parts=("unet",)), dict.fromkeys(lora, 1.0))
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
def test_a_lora_is_added_completely_or_not_at_all(tiny_folder: Path, tmp_path: Path, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    make, message = STRANGE[what]
    path = saved(make(), tmp_path / "a.safetensors")
    with pytest.raises(AnimateError, match=rf"^LoRA {re.escape(path)} does not fit this model \(.*{message}.*\); use one") as refused:
        load_model(str(tiny_folder), device="cpu", loras=(path,))
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("settings", "message"),
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
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], settings: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for suffix in (".safetensors", ".pt"):
        (tmp_path / f"broken{suffix}").write_bytes(b"hello")
    with pytest.raises(AnimateError, match=re.escape(message)) as refused:
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


@pytest.mark.parametrize("older", [False, True])
def test_code_in_a_folder_is_refused_by_name_and_not_run(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bool) -> None:
    """diffusers and transformers would not run it either, and print a page."""
    monkeypatch.chdir(tmp_path)
    for part, name in (("text_encoder", "pytorch_model.bin"), ("unet", "diffusion_pytorch_model.bin"), ("vae", "diffusion_pytorch_model.bin")):
        folder = tmp_path / f"bad-{part}"
        shutil.copytree(tiny_folder, folder)
        for weights in (folder / part).glob("*.safetensors"):
            weights.unlink()
        torch.save({"x": Bad(), "y": torch.zeros(1)}, folder / part / name, _use_new_zipfile_serialization=not older)
        with pytest.raises(AnimateError, match=rf"bad-{part}/{part}/{name} holds code besides tensors \(posix\.system\)") as refused:
            load_model(str(folder), device="cpu")
        assert "\n" not in str(refused.value)
    with pytest.raises(AnimateError, match=r"bad-vae/vae/diffusion_pytorch_model\.bin holds code besides tensors \(posix\.system\)"):
        load_model(str(tiny_folder), device="cpu", vae="bad-vae/vae")
    assert not Path("owned").exists()


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"\x80\x02" + data[:50]])
def test_damaged_pickles_in_a_folder_are_one_line(tiny_folder: Path, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    shutil.copytree(tiny_folder, folder := tmp_path / "bad")
    state = tiny_shapes().text_encoder.state_dict()
    torch.save(state, weights := folder / "text_encoder" / "pytorch_model.bin")
    (folder / "text_encoder" / "model.safetensors").unlink()
    load_model(str(folder), device="cpu")
    weights.write_bytes(damage(weights.read_bytes()))
    with pytest.raises(AnimateError, match=re.escape(str(folder))) as refused:
        load_model(str(folder), device="cpu")
    assert "\n" not in str(refused.value)


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
    original = {name: tensor for name, tensor in to_original(pipe).items() if name.startswith("first_stage_model.")}
    state = {name.replace("first_stage_model.", prefix): tensor.clone() for name, tensor in original.items()}
    path = tmp_path / f"vae{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save({"state_dict": state}, path)
    assert_decodes_as(load(vae=str(path)), pipe.vae)


@pytest.mark.parametrize("naming", ATTENTION)
@pytest.mark.parametrize("layout", ["original", "diffusers"])
def test_a_vaes_attention_may_have_the_names_of_others(load: Any, tmp_path: Path, naming: str, layout: str) -> None:
    """As the .bin of 2022 has them, or what converters made of it."""
    pipe = tiny_pipeline()
    pipe.vae = other_vae()
    state = to_original(pipe) if layout == "original" else pipe.vae.state_dict()
    torch.save(with_attention({name: tensor for name, tensor in state.items() if "model.diffusion" not in name}, naming), tmp_path / "vae.bin")
    assert_decodes_as(load(vae=str(tmp_path / "vae.bin")), pipe.vae)


def test_a_model_without_a_vae_draws_with_another(run: Run, tiny: UNetModel, tiny_folder: Path, tmp_path: Path) -> None:
    whole = to_original(StableDiffusionPipeline.from_pretrained(tiny_folder, low_cpu_mem_usage=False))
    vae = {name: tensor for name, tensor in whole.items() if name.startswith("first_stage_model.")}
    save_file({name: tensor for name, tensor in whole.items() if name not in vae}, tmp_path / "tiny.safetensors")
    save_file(vae, tmp_path / "vae.safetensors")
    shutil.copytree(tiny_folder, tmp_path / "tiny", ignore=shutil.ignore_patterns("*.safetensors"))
    code, _, err = run("still", "a tree", "--steps", "2", "--model", "tiny.safetensors", "-o", "tree.png")
    assert (code, err.count("\n")) == (2, 1)
    assert "tiny.safetensors is a Stable Diffusion 1 without a VAE; say --vae FILE, too" in err
    assert run("still", "a tree", "--steps", "2", "--model", "tiny.safetensors", "--vae", "vae.safetensors", "-o", "tree.png")[0] == 0
    assert np.array_equal(pixels(tmp_path / "tree.png"), animate.still("a tree", tiny, sampling=animate.Sampling(steps=2)))


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
    tiny_shapes().unet.save_pretrained(folder)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lacking, "decoder.conv_in.weight"),
        (wide, "has 8 channels, and the model 4"),
        (no_vae, "it is a UNet2DConditionModel; allowed: AutoencoderKL"),
    ],
)
def test_a_vae_that_does_not_fit_is_one_line(
    tiny_folder: Path, tmp_path: Path, make: Callable[[Path], None], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "vae")
    capfd.readouterr()
    with pytest.raises(AnimateError, match=message) as refused:
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
    report = Lines()
    model = load(report=report, embeddings=(f"{path}:{token}" if token else str(path),))
    assert report.lines == ([] if token else [f"embedding {path}: its word is {word}"])
    vectors: list[Tensor] = []
    table = model.encoders[0][1].get_input_embeddings()
    table.register_forward_hook(lambda module, args, output: vectors.append(output[0]))
    model.embed(f"a red {word}, tree")
    assert any(torch.equal(vectors[0][start : start + 2], CAT) for start in range(76))
    assert model.text.warnings([f"a red {word}, tree"]) == []


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
    for (_, encoder), expected in zip(model.encoders, (first, second), strict=True):
        assert torch.equal(encoder.get_input_embeddings().weight[-2:], expected)
    assert model.text.warnings(["a <cat>"]) == []
    with pytest.raises(AnimateError, match="vectors have 32 numbers, and those of the model 32, 32"):
        load(tmp_path / "xl", embeddings=(saved(DIFFUSERS, tmp_path / "one.safetensors"),))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"<cat>": torch.ones(2, 24)}, "its vectors have 24 numbers, and those of the model 32"),
        ({"<cat>": torch.ones(2, 2, 32)}, "it holds <cat>, which is no embedding"),
        ({"a": CAT, "b": CAT.clone()}, "it holds a, b, which is no embedding"),
        ({"tree</w>": CAT}, "already in tokenizer vocabulary"),
    ],
)
def test_an_embedding_of_another_model_is_one_line(tiny_folder: Path, tmp_path: Path, state: dict[str, Tensor], message: str) -> None:
    path = saved(state, tmp_path / "cat.safetensors")
    with pytest.raises(AnimateError, match=rf"^embedding {re.escape(path)} does not fit this model \(.*{message}") as refused:
        load_model(str(tiny_folder), device="cpu", embeddings=(path,))
    assert "\n" not in str(refused.value)


def test_fingerprints_are_of_what_was_added_and_not_of_its_name(load: Any, tiny: UNetModel, tmp_path: Path) -> None:
    one, other = (in_diffusers(pairs(seed, parts=PARTS[1:])) for seed in (1, 2))  # of few layers: it is loaded ten times
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


def test_a_recipe_lists_what_was_added(load: Any, tmp_path: Path) -> None:
    path = saved(in_diffusers(pairs()), tmp_path / "a.safetensors")
    images = render(build({"keyframes": ["a seed", "a tree"], "frames": 2, "sampling": {"steps": 1}}), load(loras=(f"{path}:0.5",)))
    assert len([*images]) == 2
    assert images.recipe.made.extras == (f"lora {path}:0.5",)
    assert recipe.unpack(images.note(2)).made.extras == (f"lora {path}:0.5",)


def test_the_command_adds_extras_and_says_when_they_are_missing(run: Run, tiny_folder: Path, tmp_path: Path) -> None:
    lora, cat = saved(in_diffusers(pairs(parts=PARTS[1:])), tmp_path / "a.safetensors"), saved({"emb_params": CAT}, tmp_path / "b.safetensors")
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


def test_nothing_added_is_no_digest() -> None:
    assert extras.apply(tiny_pipeline(), extras.Extras(), Lines()) == ""


def test_a_lora_without_peft_is_one_line_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the model is looked for, which may be a long download."""
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(AnimateError) as refused:
        load_model("nowhere", loras=("a.safetensors:0.5",))
    assert str(refused.value) == 'LoRA a.safetensors:0.5 needs peft, which is not installed: pip install "animate[lora]"'
    assert extras.Extras(embeddings=("a.pt",)).descriptions == ("embedding a.pt",), "nothing else needs it"


def test_only_diffusers_imports_peft() -> None:
    """It may be missing: diffusers imports it where it is there, and does without it until a LoRA is loaded."""
    sources = [path.read_text() for path in Path(animate.__file__).parent.rglob("*.py")]
    users = {
        name: [source for source in sources if re.search(rf"^\s*(from|import) {name}\b", source, re.MULTILINE)] for name in ("diffusers", "peft")
    }
    assert users["diffusers"]
    assert not users["peft"]
