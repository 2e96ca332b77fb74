"""Single files: every layout becomes the very pipeline that it was made from, nothing pickled is run, and what is not a model is named."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
import transformers
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from animate import AnimateError
from animate.models.weights import checkpoint
from conftest import tiny_pipeline
from original import averaged, to_original

State = dict[str, Tensor]
KINDS = ("sd1", "sd2", "sdxl")
NETWORKS = ("unet", "vae", "text_encoder", "text_encoder_2")


def text_config(pipe: Any, layers: int = 2) -> CLIPTextConfig:
    """OpenCLIP's kind: gelu; as wide as tiny_pipeline's, so that the two encoders of XL cannot be told apart by their widths."""
    same = pipe.text_encoder.config
    return CLIPTextConfig(
        vocab_size=same.vocab_size, hidden_size=32, intermediate_size=48, num_hidden_layers=layers, num_attention_heads=4, hidden_act="gelu",
        projection_dim=24, bos_token_id=same.bos_token_id, eos_token_id=same.eos_token_id, pad_token_id=0,
    )  # fmt: skip


def make_sd2() -> Any:
    pipe = tiny_pipeline(prediction_type="v_prediction")
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(32, 64), layers_per_block=2, cross_attention_dim=32, attention_head_dim=[2, 4], use_linear_projection=True,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )  # fmt: skip
    pipe.register_modules(unet=unet, text_encoder=CLIPTextModel(text_config(pipe)).eval())
    return pipe


def make_sdxl() -> Any:
    pipe = tiny_pipeline()
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(32, 64), layers_per_block=1, cross_attention_dim=64, attention_head_dim=[2, 4], use_linear_projection=True,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=[1, 2], addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=72,
    )  # fmt: skip
    return StableDiffusionXLPipeline(
        vae=pipe.vae, text_encoder=pipe.text_encoder, text_encoder_2=CLIPTextModelWithProjection(text_config(pipe)).eval(), tokenizer=pipe.tokenizer,
        tokenizer_2=pipe.tokenizer, unet=unet, scheduler=pipe.scheduler, force_zeros_for_empty_prompt=False, add_watermarker=False,
    )  # fmt: skip


MAKE: dict[str, Callable[[], Any]] = {"sd1": tiny_pipeline, "sd2": make_sd2, "sdxl": make_sdxl}


def networks(pipe: Any) -> dict[str, torch.nn.Module]:
    return {name: getattr(pipe, name) for name in NETWORKS if hasattr(pipe, name)}


@pytest.fixture(scope="module", params=KINDS)
def pipe(request: pytest.FixtureRequest) -> Any:
    """Of every kind, with weights that are all different: none could stand in another's place."""
    made = MAKE[request.param]()
    for module in networks(made).values():
        for weight in module.parameters():
            weight.data.normal_(std=0.1)
    made.set_progress_bar_config(disable=True)
    return made


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


def saved(state: State, path: Path) -> Path:
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    return path


def assert_same(made: Any, pipe: Any, dtype: torch.dtype = torch.float32) -> None:
    assert type(made).__name__ == type(pipe).__name__
    assert networks(made).keys() == networks(pipe).keys()
    for name, module in networks(pipe).items():
        loaded, expected = getattr(made, name), module.state_dict()
        assert not loaded.training
        assert loaded.state_dict().keys() == expected.keys()
        for key, tensor in loaded.state_dict().items():
            assert tensor.dtype == dtype
            assert torch.equal(tensor, expected[key].to(dtype)), f"{name}.{key}"


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_every_layout_is_the_pipeline_it_was_made_from(
    pipe: Any, config: Path, tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    made = checkpoint.load(saved(to_original(pipe), tmp_path / f"model{suffix}"), torch.float32, config)
    assert (capfd.readouterr(), caplog.text) == (("", ""), ""), "nothing is said of a file that is right"
    assert_same(made, pipe)
    assert dict(made.scheduler.config).items() >= {k: v for k, v in pipe.scheduler.config.items() if not k.startswith("_")}.items()
    made.set_progress_bar_config(disable=True)
    said = {"prompt": "a red house", "num_inference_steps": 2, "output_type": "np", "height": 64, "width": 64}
    pictures = [p(**said, generator=torch.Generator().manual_seed(1)).images for p in (made, pipe)]
    assert np.isfinite(pictures[0]).all()
    assert np.array_equal(*pictures)


def test_weights_are_of_the_dtype_asked_for(pipe: Any, config: Path, tmp_path: Path) -> None:
    assert_same(checkpoint.load(saved(to_original(pipe), tmp_path / "m.safetensors"), torch.float16, config), pipe, torch.float16)


def test_settings_that_are_no_weights_are_taken_from_the_folder(config: Path, pipe: Any, tmp_path: Path) -> None:
    made = checkpoint.load(saved(to_original(pipe), tmp_path / "m.ckpt"), torch.float32, config)
    assert dict(made.config).get("force_zeros_for_empty_prompt") == dict(pipe.config).get("force_zeros_for_empty_prompt")
    other = checkpoint.load(tmp_path / "m.ckpt", torch.float32, config, prediction="v_prediction")
    assert other.scheduler.config.prediction_type == "v_prediction"


# Pickles.


@pytest.fixture
def lightning(monkeypatch: pytest.MonkeyPatch) -> type:
    """A class by the name under which training's callbacks are pickled."""
    name = "pytorch_lightning.callbacks.model_checkpoint"
    for part in ("pytorch_lightning", "pytorch_lightning.callbacks", name):
        monkeypatch.setitem(sys.modules, part, ModuleType(part))
    made = type("ModelCheckpoint", (), {"__module__": name})
    monkeypatch.setattr(sys.modules[name], "ModelCheckpoint", made, raising=False)
    return made


def test_what_training_left_in_a_file_is_passed_over(
    lightning: type, sd1: State, sd1_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = lightning()
    callback.best = np.float64(0.5)
    left = {"callbacks": {lightning: {"best_model_score": np.float32(0.1), "instance": callback}}, "global_step": 470000, "seen": np.arange(3)}
    torch.save({"state_dict": sd1, **left}, tmp_path / "sd-v1-4.ckpt")
    monkeypatch.delitem(sys.modules, "pytorch_lightning.callbacks.model_checkpoint")
    monkeypatch.delitem(sys.modules, "pytorch_lightning")
    allowed = set(torch.serialization.get_safe_globals())
    assert_same(checkpoint.load(tmp_path / "sd-v1-4.ckpt", torch.float32, sd1_config), tiny_pipeline())
    assert set(torch.serialization.get_safe_globals()) == allowed, "nothing stays allowed"


class Touch:
    """Pickled, it is a call of os.system."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("older", [False, True])
def test_pickled_code_is_refused_by_name_and_not_run(sd1: State, tmp_path: Path, older: bool) -> None:
    ran, path = tmp_path / "ran", tmp_path / "model.ckpt"
    torch.save({"state_dict": sd1, "x": Touch(ran)}, path, _use_new_zipfile_serialization=not older)
    with pytest.raises(AnimateError, match=r"model\.ckpt holds code besides tensors \(posix\.system\); it is not loaded: ask for a \.safetensors"):
        checkpoint.load(path, torch.float32)
    assert not ran.exists()
    pickle.loads(pickle.dumps(Touch(ran)))
    assert ran.exists(), "it would have been run"


def test_everything_that_is_no_tensor_is_named(sd1: State, tmp_path: Path) -> None:
    """Code that torch itself would let pass, had it been put on the list of what may be loaded."""
    torch.save({"state_dict": sd1, "x": [exec, shutil.rmtree], "y": np.dtype("float32")}, tmp_path / "m.ckpt")
    with pytest.raises(AnimateError, match=r"besides tensors \(builtins\.exec, shutil\.rmtree\); it is not loaded"):
        checkpoint.load(tmp_path / "m.ckpt", torch.float32)


def test_code_under_a_known_name_is_not_run(tmp_path: Path, sd1: State) -> None:
    """What stands for training's leftovers takes any arguments and does nothing with them."""

    class Named:
        def __reduce__(self) -> tuple[object, ...]:
            return np.dtype, ("float32",)

    torch.save({"state_dict": sd1, "x": Named()}, tmp_path / "m.ckpt")
    held = checkpoint._unpickle(tmp_path / "m.ckpt", zipped=True)
    assert type(held["x"]) is checkpoint._Leftover
    assert not vars(held["x"])


def test_names_and_weights_that_some_files_have_besides_are_understood(sd1: State, sd1_config: Path, tmp_path: Path) -> None:
    shorter = {name.replace(".transformer.text_model.", ".transformer."): tensor for name, tensor in sd1.items()}
    extra = {"first_stage_model.loss.logvar": torch.zeros(()), "cond_stage_model.logit_scale": torch.zeros(()), "model_ema.decay": torch.ones(())}
    path = saved(shorter | extra, tmp_path / "m.safetensors")
    assert_same(checkpoint.load(path, torch.float32, sd1_config), tiny_pipeline())


def test_a_file_of_the_older_format_is_read(sd1: State, sd1_config: Path, tmp_path: Path) -> None:
    torch.save({"state_dict": sd1}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert_same(checkpoint.load(tmp_path / "old.pt", torch.float32, sd1_config), tiny_pipeline())


def test_what_a_file_is_counts_and_not_what_it_is_called(sd1: State, sd1_config: Path, tmp_path: Path) -> None:
    saved(sd1, tmp_path / "m.safetensors").rename(tmp_path / "m.ckpt")
    assert_same(checkpoint.load(tmp_path / "m.ckpt", torch.float32, sd1_config), tiny_pipeline())


# Averaged weights.


def test_averaged_weights_are_taken_only_where_there_are_no_plain_ones(pipe: Any, config: Path, tmp_path: Path) -> None:
    state = to_original(pipe)
    assert_same(checkpoint.load(saved(averaged(state), tmp_path / "ema.safetensors"), torch.float32, config), pipe)
    both = {name: torch.zeros_like(tensor) for name, tensor in averaged(state).items()} | state
    assert_same(checkpoint.load(saved(both, tmp_path / "both.safetensors"), torch.float32, config), pipe)


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_without_dots_gets_them_back(kind: str) -> None:
    """At full size, where blocks have two digits."""
    state = to_original(published(kind))
    assert sorted(checkpoint.plain_name(name) for name in averaged(state) if name != "model_ema.decay") == sorted(state)


# What is no model, or not a whole one.


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
        (only("model.diffusion_model"), "a UNet without a text encoder or without a VAE"),
        (without("first_stage_model"), "a UNet without a text encoder or without a VAE"),
        (only("first_stage_model"), "a VAE without a UNet"),
        (named("encoder.down.0.block.0.norm1.weight"), "a VAE without a UNet"),
        (only("cond_stage_model"), "a text encoder without a UNet"),
        (named("text_model.encoder.layers.0.layer_norm1.weight"), "a text encoder without a UNet"),
        (named("layer1.0.bn1.weight"), "no checkpoint of a model"),
        (named(), "no checkpoint of a model"),
    ],
)
def test_other_files_are_named_for_what_they_are(sd1: State, tmp_path: Path, change: Callable[[State], State], words: str) -> None:
    path = saved(change(sd1), tmp_path / "other.safetensors")
    with pytest.raises(AnimateError, match=rf"^{path} is {words}[^\n]*; allowed: a whole Stable Diffusion 1, [^\n]*$"):
        checkpoint.load(path, torch.float32)


def zipped(data: bytes) -> bytes:
    with zipfile.ZipFile(made := io.BytesIO(), "w") as file:
        file.writestr("readme.txt", data)
    return made.getvalue()


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"<!doctype html><title>Log in</title>",
        lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4265380512\n",
        lambda data: b"\x80\x02" + data[:50],
        lambda data: pickle.dumps(["a list"], 4),
        lambda data: zipped(b"no weights"),
    ],
)
def test_damaged_files_are_refused_in_one_line(sd1: State, tmp_path: Path, suffix: str, damage: Callable[[bytes], bytes]) -> None:
    path = saved(sd1, tmp_path / f"m{suffix}")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(AnimateError, match=rf"^{path} is not a checkpoint, or not a whole one \([^\n]+\); get it again, as \.safetensors$"):
        checkpoint.load(path, torch.float32)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match=r"No such file"):
        checkpoint.load(tmp_path / "none.ckpt", torch.float32)


def test_a_pickle_of_something_else_is_no_model(tmp_path: Path) -> None:
    torch.save([torch.zeros(1)], tmp_path / "m.pt")
    with pytest.raises(AnimateError, match="is no checkpoint of a model"):
        checkpoint.load(tmp_path / "m.pt", torch.float32)


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
def test_what_is_predicted_is_found_where_the_field_says_it(
    tmp_path: Path, name: str, beside: str | None, kind: str, state: State, expected: str
) -> None:
    if beside:
        (tmp_path / name).with_suffix(".yaml").write_text(beside)
    assert checkpoint.predicted(tmp_path / name, kind, state) == expected


@pytest.mark.parametrize(("told", "size", "kind"), [("epsilon", 64, "PNDMScheduler"), ("v_prediction", 96, "DDIMScheduler")])
def test_the_two_models_of_stable_diffusion_2_have_a_folder_each(
    told: str, size: int, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(checkpoint, "_pipeline", lambda kind, state, folder, dtype, prediction: seen.append(folder))
    checkpoint.load(saved(to_original(make_sd2()), tmp_path / "m.safetensors"), torch.float32, prediction=told)
    assert json.loads((seen[0] / "unet/config.json").read_text())["sample_size"] == size
    scheduler = checkpoint._scheduler(seen[0], None, zero_snr=False)
    assert (type(scheduler).__name__, scheduler.config.prediction_type) == (kind, told)


def test_an_xl_model_can_be_marked_as_one_of_pure_noise(tmp_path: Path) -> None:
    made, marks = make_sdxl(), {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    path = saved(to_original(made) | marks, tmp_path / "m.safetensors")
    folder = shapes_of(made, tmp_path / "config")
    settings = checkpoint.load(path, torch.float32, folder).scheduler.config
    assert (settings.prediction_type, settings.timestep_spacing, settings.rescale_betas_zero_snr) == ("epsilon", "trailing", True)


# What is shipped.

WEIGHTS = {  # as published
    "sd1": {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480},
    "sd2": {"unet": 865_910_724, "vae": 83_653_863, "text_encoder": 340_387_840},
    "sd2-v": {"unet": 865_910_724, "vae": 83_653_863, "text_encoder": 340_387_840},
    "sdxl": {"unet": 2_567_463_684, "vae": 83_653_863, "text_encoder": 123_060_480, "text_encoder_2": 694_659_840},
}


def published(kind: str) -> Any:
    """The networks that the shipped folder describes, without memory for their weights."""
    folder = checkpoint.CONFIGS / kind
    index = json.loads((folder / "model_index.json").read_text())

    class Networks:
        pass

    made: Any = Networks()
    with torch.device("meta"):
        for name in WEIGHTS[kind]:
            library, class_name = index[name]
            if library == "transformers":
                config = CLIPTextConfig.from_pretrained(folder, subfolder=name)
                module = getattr(transformers, class_name)(config)
            else:
                network = getattr(diffusers, class_name)
                module = network.from_config(network.load_config(folder, subfolder=name))
            setattr(made, name, module)
    return made


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


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a photo of a cat", [320, 1125, 539, 320, 2368]),
        ("Hello   WORLD", [3306, 1002]),
        ("", []),
    ],
)
def test_words_have_the_numbers_that_clip_learned(text: str, ids: list[int]) -> None:
    assert checkpoint.tokenizer("!")(text).input_ids == [49406, *ids, 49407]


@pytest.mark.parametrize(("pad", "number"), [("!", 0), ("<|endoftext|>", 49407)])
def test_prompts_are_filled_up_with_the_word_asked_for(pad: str, number: int) -> None:
    words = checkpoint.tokenizer(pad)
    assert (len(words), words.vocab_size, words.model_max_length) == (49408, 49408, 77)
    filled = words("a cat", padding="max_length", max_length=77, truncation=True).input_ids
    assert filled == [49406, 320, 2368, 49407, *[number] * 73]
    assert words("cat " * 100, padding="max_length", max_length=77, truncation=True).input_ids[-2:] == [2368, 49407]


@pytest.mark.parametrize(("kind", "pads"), [("sd1", ["<|endoftext|>"]), ("sd2", ["!"]), ("sdxl", ["<|endoftext|>", "!"])])
def test_a_folder_without_vocabulary_gets_that_of_clip(kind: str, pads: list[str], tmp_path: Path) -> None:
    made = MAKE[kind]()
    folder = shapes_of(made, tmp_path / "config")
    for file in folder.glob("tokenizer*/*"):
        file.unlink()
    for empty in folder.glob("tokenizer*"):
        empty.rmdir()
    pipe = checkpoint.load(saved(to_original(made), tmp_path / "m.safetensors"), torch.float32, folder)
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
