"""Which files of a repository or folder are opened: one complete set of weights of every part, the best for the dtype."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from animate.errors import AnimateError
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


TOKENIZER = ["transformers", "CLIPTokenizer"]


@pytest.mark.parametrize(
    ("there", "whole"),
    [
        (["tokenizer_config.json", "tokenizer.json"], True),
        (["tokenizer_config.json", "vocab.json", "merges.txt"], True),
        (["tokenizer_config.json", "spiece.model", "special_tokens_map.json"], True),
        (["tokenizer_config.json", "special_tokens_map.json"], False),
        (["tokenizer.json"], False),
        ([], False),
    ],
)
def test_a_tokenizer_is_its_settings_and_a_vocabulary(there: list[str], whole: bool) -> None:
    """Without either, transformers makes one that takes every word for one it does not know, or pads to 10^30 tokens."""
    names = ["model_index.json", *(f"tokenizer/{name}" for name in there)]
    assert files.choose({"_class_name": "X", "tokenizer": TOKENIZER}, names, "float32").missing_parts == (() if whole else ("tokenizer",))


def test_weights_without_their_settings_are_no_part() -> None:
    names = ["model_index.json", "unet/model.safetensors"]
    assert files.choose({"_class_name": "X", "unet": MODEL}, names, "float32").missing_parts == ("unet",)


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "7", "", "{", "[" * 100_000])
def test_settings_of_another_kind_are_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(AnimateError) as refused:
        files.read_index(tmp_path / "config.json")
    said = str(refused.value)
    assert said.startswith(f"{tmp_path / 'config.json'} is not what diffusers writes (")
    assert said.endswith("); get the whole model again, or use another model")
    assert "recursion" not in said


@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
def test_settings_that_never_end_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(AnimateError, match=r"\(a pipe or a device, and no file\)"):
        files.read_index(tmp_path / "config.json")
