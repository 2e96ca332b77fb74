"""What a single file is, what it is instead, and what its UNet predicts: told from the names and shapes of its tensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from animate import AnimateError
from animate.models.weights import original_layout
from conftest import tiny_pipeline
from original import MAKE, State, averaged, published, to_original, with_attention


@pytest.fixture(scope="module")
def sd1() -> State:
    return to_original(tiny_pipeline())


@pytest.mark.parametrize("kind", MAKE)
def test_every_kind_is_known(kind: str) -> None:
    assert original_layout.kind(Path("m.ckpt"), to_original(MAKE[kind]())) == kind


@pytest.mark.parametrize("kind", MAKE)
def test_every_name_without_dots_gets_them_back(kind: str) -> None:
    """At full size, where blocks have two digits."""
    state = to_original(published(kind))
    assert sorted(original_layout.plain_name(name) for name in averaged(state) if name != "model_ema.decay") == sorted(state)


def test_averaged_weights_are_taken_only_where_there_are_no_plain_ones(sd1: State) -> None:
    names = original_layout.with_plain_names(averaged(sd1)).keys()
    assert names - {"model_ema.decay"} == sd1.keys()
    both = averaged(sd1) | sd1
    assert original_layout.with_plain_names(both) is both


def only(*starts: str) -> Callable[[State], State]:
    return lambda state: {name: tensor for name, tensor in state.items() if name.startswith(starts)}


def without(*starts: str) -> Callable[[State], State]:
    return lambda state: {name: tensor for name, tensor in state.items() if not name.startswith(starts)}


def channels(count: int) -> Callable[[State], State]:
    return lambda state: state | {"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(32, count, 3, 3)}


def named(*names: str) -> Callable[[State], State]:
    return lambda state: {name: torch.zeros(1) for name in names}


REFINER = "conditioner.embedders.0.model.ln_final.weight"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (channels(9), "a Stable Diffusion 1 made for inpainting"),
        (channels(8), "a Stable Diffusion 1 made for edits by instruction"),
        (channels(6), "a Stable Diffusion 1 of 6 channels"),
        (lambda state: only("model", "first")(state) | {REFINER: torch.zeros(1)}, "the refiner of Stable Diffusion XL"),
        (named("lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight"), "a LoRA"),
        (named("unet.down_blocks.0.attentions.0.to_q.lora_A.weight"), "a LoRA"),
        (named("clip_g", "clip_l"), "a textual inversion"),
        (named("control_model.time_embed.0.weight"), "a ControlNet"),
        (named("model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight"), "a model of another family"),
        (named("double_blocks.0.img_attn.qkv.weight"), "a model of another family"),
        (named("down_blocks.0.resnets.0.norm1.weight"), "one part of a model in diffusers' format"),
        (named("encoder.down_blocks.0.resnets.0.norm1.weight"), "one part of a model in diffusers' format"),
        (only("model.diffusion_model"), "a UNet without a text encoder"),
        (only("first_stage_model"), "a VAE without a UNet"),
        (named("encoder.down.0.block.0.norm1.weight"), "a VAE without a UNet"),
        (only("cond_stage_model"), "a text encoder without a UNet"),
        (named("text_model.encoder.layers.0.layer_norm1.weight"), "a text encoder without a UNet"),
        (named("layer1.0.bn1.weight"), "no checkpoint of a model"),
        (named(), "no checkpoint of a model"),
    ],
)
def test_other_files_are_named_for_what_they_are(sd1: State, change: Callable[[State], State], words: str) -> None:
    with pytest.raises(AnimateError, match=rf"^other\.ckpt is {words}[^\n]*; allowed: a whole Stable Diffusion 1, [^\n]*$"):
        original_layout.kind(Path("other.ckpt"), change(sd1))


def test_what_lacks_a_vae_only_is_told_how_to_draw(sd1: State) -> None:
    lacking = without("first_stage_model")(sd1)
    with pytest.raises(AnimateError, match=r"^m\.ckpt is a Stable Diffusion 1 without a VAE; say --vae FILE, too, to draw with it$"):
        original_layout.kind(Path("m.ckpt"), lacking)
    assert original_layout.kind(Path("m.ckpt"), lacking, needs_vae=False) == "sd1"


@pytest.mark.parametrize("naming", original_layout.ATTENTION)
def test_a_vaes_attention_may_have_the_names_of_others(sd1: State, naming: str) -> None:
    """In the original layout and in that of diffusers; nothing else is renamed."""
    diffusers = {f"{half}.{name}": torch.zeros(1) for half in ("encoder", "decoder") for name in tiny_pipeline().vae.encoder.state_dict()}
    for state in (sd1, diffusers):
        other = with_attention(state, naming)
        assert original_layout.with_one_attention(other).keys() == state.keys()
    assert with_attention(sd1, "2022").keys() != sd1.keys()


LAST = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"


@pytest.mark.parametrize(
    ("name", "beside", "kind", "state", "expected"),
    [
        ("512-base-ema.ckpt", None, "sd2", {LAST: torch.tensor([-1.0, 1.0])}, "epsilon"),
        ("v2-1_512-ema-pruned.ckpt", None, "sd2", {}, "epsilon"),
        ("768-v-ema.ckpt", None, "sd2", {}, "v_prediction"),
        ("v2-1_768-ema-pruned.safetensors", None, "sd2", {}, "v_prediction"),
        ("mine.ckpt", None, "sd2", {LAST: torch.tensor([-0.1, 0.1])}, "v_prediction"),
        ("mine.ckpt", None, "sd2", {LAST: torch.tensor([-0.08, 0.08])}, "epsilon"),
        ("mine.ckpt", None, "sd2", {}, "epsilon"),
        ("mine.ckpt", 'model:\n  params:\n    parameterization: "v"\n', "sd2", {}, "v_prediction"),
        ("mine-768.ckpt", "model:\n  params:\n    linear_start: 0.00085\n", "sd2", {}, "epsilon"),
        ("mine.ckpt", "    parameterization: v", "sd1", {}, "v_prediction"),
        ("mine-768-v-.ckpt", None, "sd1", {LAST: torch.tensor([-1.0, 1.0])}, "epsilon"),
        ("mine.safetensors", None, "sdxl", {"v_pred": torch.zeros(0)}, "v_prediction"),
        ("mine.safetensors", None, "sdxl", {}, "epsilon"),
    ],
)
def test_what_is_predicted_is_looked_up_where_the_field_says_it(
    tmp_path: Path, name: str, beside: str | None, kind: str, state: State, expected: str
) -> None:
    if beside:
        (tmp_path / name).with_suffix(".yaml").write_text(beside)
    assert original_layout.prediction_type(tmp_path / name, kind, state) == expected
