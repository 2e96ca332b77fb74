"""Which files of a repository or folder are opened: one complete set of weights of every part, the best for the dtype."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from animate.models.weights import files
from animate.models.weights.catalog import CATALOG
from animate.models.weights.files import Choice

MODEL, SCHEDULER = ["diffusers", "UNet2DConditionModel"], ["diffusers", "DDIMScheduler"]
SHARDS = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]


@pytest.mark.parametrize(
    ("dtype", "there", "taken", "variant"),
    [
        ("float32", ["model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"], ["model.safetensors"], None),
        ("float16", ["model.safetensors", "model.fp16.safetensors", "pytorch_model.bin"], ["model.fp16.safetensors"], "fp16"),
        ("bfloat16", ["model.safetensors", "model.fp16.safetensors"], ["model.safetensors"], None),
        ("float32", ["pytorch_model.bin", "model.fp16.safetensors"], ["pytorch_model.bin"], None),
        ("float16", ["model.safetensors", "pytorch_model.fp16.bin"], ["model.safetensors"], None),
        ("float16", ["pytorch_model.bin", "pytorch_model.fp16.bin"], ["pytorch_model.fp16.bin"], "fp16"),
        ("float32", ["model.fp16.safetensors"], ["model.fp16.safetensors"], "fp16"),
        ("float32", [*SHARDS, "model.safetensors.index.json"], [*SHARDS, "model.safetensors.index.json"], None),
        ("float32", [*SHARDS, "model.safetensors.index.json", "model.safetensors"], ["model.safetensors"], None),
        ("float32", [SHARDS[0], "model.safetensors.index.json"], [], None),
        ("float32", SHARDS, [], None),
        ("float32", ["model.non_ema.safetensors", "openvino_model.bin", "model.onnx"], [], None),
    ],
)
def test_weights_are_chosen_by_safety_size_and_precision(dtype: str, there: list[str], taken: list[str], variant: str | None) -> None:
    index = {"_class_name": "X", "unet": MODEL, "scheduler": SCHEDULER, "feature_extractor": [None, None], "requires_safety_checker": True}
    names = [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        *(f"unet/{name}" for name in there),
        "feature_extractor/x.json",
    ]
    choice = files.choose(index, names, dtype)
    chosen = ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", *(f"unet/{name}" for name in taken)]
    assert choice == Choice(tuple(sorted(chosen)), variant, () if taken else ("unet",))


def test_sprout_is_opened_as_a_whole_and_only_as_a_whole(tmp_path: Path) -> None:
    folder = Path(CATALOG["sprout"].where)
    snapshot = files.in_folder(folder, "float16")
    assert snapshot is not None
    assert len([name for name in snapshot.files if name.endswith(".safetensors")]) == 5
    assert not [name for name in snapshot.files if name.endswith(".bin")]
    shutil.copytree(folder, tmp_path / "torn")
    next((tmp_path / "torn" / "unet").glob("*-of-*")).unlink()
    assert files.in_folder(tmp_path / "torn", "float16") is None
