"""Single files: every layout becomes the very pipeline that it was made from, and what is not a model is named."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

from animate import AnimateError
from animate.models.weights import checkpoint
from animate.models.weights.original_layout import ATTENTION
from conftest import tiny_pipeline
from original import MAKE, WEIGHTS, State, averaged, make_sd2, make_sdxl, published, saved, to_original, with_attention

NETWORKS = ("unet", "vae", "text_encoder", "text_encoder_2")


def networks(pipe: Any) -> dict[str, torch.nn.Module]:
    return {name: getattr(pipe, name) for name in NETWORKS if hasattr(pipe, name)}


@pytest.fixture(scope="module", params=MAKE)
def pipe(request: pytest.FixtureRequest) -> Any:
    """Of every kind, with weights that are all different: none could stand in another's place."""
    pipe = MAKE[request.param]()
    for module in networks(pipe).values():
        for weight in module.parameters():
            weight.data.normal_(std=0.1)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(scope="module")
def sd1() -> State:
    return to_original(tiny_pipeline())


def shapes_of(pipe: Any, folder: Path) -> Path:
    """The pipeline's folder without its weights."""
    pipe.save_pretrained(folder)
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
    return folder


@pytest.fixture(scope="module")
def config(pipe: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes_of(pipe, tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="module")
def sd1_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes_of(tiny_pipeline(), tmp_path_factory.mktemp("config"))


def assert_same(loaded: Any, pipe: Any, dtype: torch.dtype = torch.float32) -> None:
    assert type(loaded).__name__ == type(pipe).__name__
    assert networks(loaded).keys() == networks(pipe).keys() >= {"unet", "vae", "text_encoder"}
    for name, module in networks(pipe).items():
        part, expected = getattr(loaded, name), module.state_dict()
        assert not part.training
        assert part.state_dict().keys() == expected.keys()
        for key, tensor in part.state_dict().items():
            assert tensor.dtype == dtype
            assert torch.equal(tensor, expected[key].to(dtype)), f"{name}.{key}"


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_every_layout_is_the_pipeline_it_was_made_from(
    pipe: Any, config: Path, tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    loaded = checkpoint.load(saved(to_original(pipe), tmp_path / f"model{suffix}"), torch.float32, config)
    assert (capfd.readouterr(), caplog.text) == (("", ""), ""), "nothing is printed or logged for a file that is right"
    assert_same(loaded, pipe)
    assert dict(loaded.scheduler.config).items() >= {k: v for k, v in pipe.scheduler.config.items() if not k.startswith("_")}.items()
    loaded.set_progress_bar_config(disable=True)
    arguments = {"prompt": "a red house", "num_inference_steps": 2, "output_type": "np", "height": 64, "width": 64}
    pictures = [p(**arguments, generator=torch.Generator().manual_seed(1)).images for p in (loaded, pipe)]
    assert np.isfinite(pictures[0]).all()
    assert np.array_equal(*pictures)


def test_weights_are_of_the_dtype_asked_for(pipe: Any, config: Path, tmp_path: Path) -> None:
    assert_same(checkpoint.load(saved(to_original(pipe), tmp_path / "m.safetensors"), torch.float16, config), pipe, torch.float16)


def test_settings_that_are_no_weights_are_taken_from_the_folder(config: Path, pipe: Any, tmp_path: Path) -> None:
    loaded = checkpoint.load(saved(to_original(pipe), tmp_path / "m.ckpt"), torch.float32, config)
    assert dict(loaded.config).get("force_zeros_for_empty_prompt") == dict(pipe.config).get("force_zeros_for_empty_prompt")
    other = checkpoint.load(tmp_path / "m.ckpt", torch.float32, config, prediction="v_prediction")
    assert other.scheduler.config.prediction_type == "v_prediction"


def test_names_and_weights_that_some_files_have_besides_are_understood(sd1: State, sd1_config: Path, tmp_path: Path) -> None:
    shorter = {name.replace(".transformer.text_model.", ".transformer."): tensor for name, tensor in sd1.items()}
    extra = {"first_stage_model.loss.logvar": torch.zeros(()), "cond_stage_model.logit_scale": torch.zeros(()), "model_ema.decay": torch.ones(())}
    path = saved(shorter | extra, tmp_path / "m.safetensors")
    assert_same(checkpoint.load(path, torch.float32, sd1_config), tiny_pipeline())


def test_averaged_weights_are_taken_only_where_there_are_no_plain_ones(pipe: Any, config: Path, tmp_path: Path) -> None:
    state = to_original(pipe)
    assert_same(checkpoint.load(saved(averaged(state), tmp_path / "ema.safetensors"), torch.float32, config), pipe)
    both = {name: torch.zeros_like(tensor) for name, tensor in averaged(state).items()} | state
    assert_same(checkpoint.load(saved(both, tmp_path / "both.safetensors"), torch.float32, config), pipe)


@pytest.mark.parametrize("naming", ATTENTION)
def test_a_vaes_attention_may_have_the_names_of_diffusers(pipe: Any, config: Path, tmp_path: Path, naming: str) -> None:
    path = saved(with_attention(to_original(pipe), naming), tmp_path / "m.safetensors")
    assert_same(checkpoint.load(path, torch.float32, config), pipe)


def test_a_file_without_a_vae_gets_one_to_be_replaced(sd1: State, sd1_config: Path, tmp_path: Path) -> None:
    path = saved({name: tensor for name, tensor in sd1.items() if not name.startswith("first_stage_model")}, tmp_path / "m.safetensors")
    loaded, whole = checkpoint.load(path, torch.float16, sd1_config, needs_vae=False), tiny_pipeline()
    assert (loaded.vae.dtype, loaded.vae.training, loaded.vae.state_dict().keys()) == (torch.float16, False, whole.vae.state_dict().keys())
    with pytest.raises(AnimateError, match="without a VAE; say --vae FILE"):
        checkpoint.load(path, torch.float16, sd1_config)
    broken = saved(sd1 | {"first_stage_model.encoder.conv_in.weight": torch.zeros(1)}, tmp_path / "broken.safetensors")
    with pytest.raises(AnimateError, match="weights for its vae instead of"):
        checkpoint.load(broken, torch.float16, sd1_config, needs_vae=False)


# What is no model, or not a whole one.


def test_a_file_of_another_kind_is_refused(sd1: State, tmp_path: Path) -> None:
    """What its kind is: see test_original_layout.py; what cannot be read: see test_tensors.py."""
    path = saved({name: tensor for name, tensor in sd1.items() if name.startswith("first_stage_model")}, tmp_path / "other.safetensors")
    with pytest.raises(AnimateError, match=rf"^{path} is a VAE without a UNet; allowed: a whole Stable Diffusion 1, [^\n]*$"):
        checkpoint.load(path, torch.float32)
    torch.save([torch.zeros(1)], tmp_path / "m.pt")
    with pytest.raises(AnimateError, match="is no checkpoint of a model"):
        checkpoint.load(tmp_path / "m.pt", torch.float32)
    path.write_bytes(b"")
    with pytest.raises(AnimateError, match="is not a checkpoint, or not a whole one"):
        checkpoint.load(path, torch.float32)


def test_a_missing_weight_is_never_left_to_chance(pipe: Any, config: Path, tmp_path: Path) -> None:
    state = to_original(pipe)
    ends = {"unet": r"\.out\.2\.bias", "vae": r"decoder\.conv_out\.bias", "text_encoder": r"(ln_final|final_layer_norm)\.weight"}
    for part, end in ends.items():
        path = saved({name: tensor for name, tensor in state.items() if not re.search(f"{end}$", name)}, tmp_path / "m.safetensors")
        with pytest.raises(AnimateError, match=rf"has (.* weights for its {part} instead of|no final_layer_norm.weight in its {part})"):
            checkpoint.load(path, torch.float32, config)


def test_other_shapes_are_refused(sd1: State, tmp_path: Path, sd1_config: Path) -> None:
    path, name = saved(sd1, tmp_path / "m.safetensors"), "model.diffusion_model.input_blocks.1.0.in_layers.2.weight"
    with pytest.raises(AnimateError, match=r"has [0-9,]+ weights for its unet instead of 859,520,964"):
        checkpoint.load(path, torch.float32)
    with pytest.raises(AnimateError, match=r"has not the shapes of a Stable Diffusion 1 \([^\n]+\); give config"):
        checkpoint.load(saved(sd1 | {name: sd1[name].reshape(-1, 1, 1, 1)}, path), torch.float32, sd1_config)


def test_bad_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match=r'prediction "v" is not known; allowed: epsilon, v_prediction'):
        checkpoint.load(tmp_path / "m.ckpt", torch.float32, prediction="v")
    with pytest.raises(AnimateError, match=r"no model_index\.json; give a folder in diffusers' format"):
        checkpoint.load(tmp_path / "m.ckpt", torch.float32, config=tmp_path)


# What a UNet predicts.


@pytest.mark.parametrize(("prediction", "size", "scheduler_class"), [("epsilon", 64, "PNDMScheduler"), ("v_prediction", 96, "DDIMScheduler")])
def test_the_two_models_of_stable_diffusion_2_have_a_folder_each(
    prediction: str, size: int, scheduler_class: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(checkpoint, "_pipeline", lambda kind, state, folder, dtype, prediction: seen.append(folder))
    checkpoint.load(saved(to_original(make_sd2()), tmp_path / "m.safetensors"), torch.float32, prediction=prediction)
    assert json.loads((seen[0] / "unet/config.json").read_text())["sample_size"] == size
    scheduler = checkpoint._scheduler(seen[0], None, zero_snr=False)
    assert (type(scheduler).__name__, scheduler.config.prediction_type) == (scheduler_class, prediction)


def test_an_xl_model_can_be_marked_as_one_of_pure_noise(tmp_path: Path) -> None:
    pipe, marks = make_sdxl(), {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    path = saved(to_original(pipe) | marks, tmp_path / "m.safetensors")
    folder = shapes_of(pipe, tmp_path / "config")
    settings = checkpoint.load(path, torch.float32, folder).scheduler.config
    assert (settings.prediction_type, settings.timestep_spacing, settings.rescale_betas_zero_snr) == ("epsilon", "trailing", True)


# What is shipped.


@pytest.mark.parametrize("kind", WEIGHTS)
def test_shipped_architectures_have_as_many_weights_as_the_published(kind: str) -> None:
    assert {name: sum(p.numel() for p in module.parameters()) for name, module in networks(published(kind)).items()} == WEIGHTS[kind]


@pytest.mark.parametrize("kind", WEIGHTS)
def test_shipped_noise_is_that_of_stable_diffusion(kind: str) -> None:
    index = json.loads((checkpoint.CONFIGS / kind / "model_index.json").read_text())
    scheduler = checkpoint._scheduler(checkpoint.CONFIGS / kind, None, zero_snr=False)
    assert type(scheduler).__name__ == index["scheduler"][1]
    assert torch.allclose(scheduler.betas, torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)
    assert scheduler.config.steps_offset == 1
    assert index["_class_name"] in (StableDiffusionPipeline.__name__, StableDiffusionXLPipeline.__name__)


@pytest.mark.parametrize(("kind", "pads"), [("sd1", ["<|endoftext|>"]), ("sd2", ["!"]), ("sdxl", ["<|endoftext|>", "!"])])
def test_a_folder_without_vocabulary_gets_that_of_clip(kind: str, pads: list[str], tmp_path: Path) -> None:
    whole = MAKE[kind]()
    folder = shapes_of(whole, tmp_path / "config")
    for file in folder.glob("tokenizer*/*"):
        file.unlink()
    for empty in folder.glob("tokenizer*"):
        empty.rmdir()
    pipe = checkpoint.load(saved(to_original(whole), tmp_path / "m.safetensors"), torch.float32, folder)
    found = [getattr(pipe, name) for name in ("tokenizer", "tokenizer_2") if hasattr(pipe, name)]
    assert [words.pad_token for words in found] == pads
    assert {len(words) for words in found} == {49408}


# Keeping it.


def test_a_converted_folder_is_the_same_pipeline(
    pipe: Any, config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = saved(to_original(pipe), tmp_path / "m.ckpt")
    folder = checkpoint.convert(path, tmp_path / "new" / "kept", config=config)
    assert (capfd.readouterr(), caplog.text) == (("", ""), "")
    assert {file.suffix for file in folder.rglob("*") if file.is_file()} == {".json", ".safetensors"}
    assert [left.name for left in folder.parent.iterdir()] == ["kept"]
    kind = StableDiffusionXLPipeline if hasattr(pipe, "text_encoder_2") else StableDiffusionPipeline
    assert_same(kind.from_pretrained(folder, low_cpu_mem_usage=False, dtype=torch.float16), pipe, torch.float16)


def test_a_folder_with_something_in_it_is_left_alone(sd1: State, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").write_text("mine")
    with pytest.raises(AnimateError, match="is there already; give a folder that is new or empty"):
        checkpoint.convert(saved(sd1, tmp_path / "m.ckpt"), tmp_path / "kept")
    with pytest.raises(AnimateError, match="is there already"):
        checkpoint.convert(tmp_path / "m.ckpt", tmp_path / "m.ckpt")


def test_a_conversion_that_fails_leaves_nothing(sd1: State, sd1_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(sd1, tmp_path / "m.ckpt")

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AnimateError, match=r"kept cannot be written \(.*No space left on device\); give another folder"):
        checkpoint.convert(path, tmp_path / "kept", config=sd1_config)
    assert [left.name for left in tmp_path.iterdir()] == ["m.ckpt"]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_a_file_of_full_size_is_loaded_with_what_is_shipped(tmp_path: Path, suffix: str) -> None:
    """Stable Diffusion 1.4's shapes, 2.1 GB of random float16."""
    drawn = torch.Generator().manual_seed(0)
    shapes = to_original(published("sd1"))
    state = {name: torch.rand(tensor.shape, generator=drawn, dtype=torch.float16) for name, tensor in shapes.items()}
    path = saved(state, tmp_path / f"sd-v1-4{suffix}")
    pipe = checkpoint.load(path, torch.float16)
    back = to_original(pipe)
    for name in state.keys() - {"betas", "cond_stage_model.transformer.text_model.embeddings.position_ids"}:
        assert torch.equal(back[name], state[name]), name
    ids = pipe.tokenizer("a photo of a cat", padding="max_length", return_tensors="pt").input_ids
    assert ids[0, :7].tolist() == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert pipe.text_encoder(ids).last_hidden_state.shape == (1, 77, 768)
    path.unlink()  # pytest keeps the folders of its last runs
