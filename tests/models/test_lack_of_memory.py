"""Too little memory to load a model is told as that, wherever it shows and whatever libraries make of it; never as a broken file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from animate import AnimateError, load_model
from animate.models.memory import enough_to_load
from animate.models.weights import checkpoint
from conftest import Run, tiny_pipeline
from extra_files import CAT, in_diffusers, other_vae, pairs, saved
from original import to_original

CPU = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8000000000 bytes."
)
MAPPED = RuntimeError("unable to mmap 8000000000 bytes from file <model.safetensors>: Cannot allocate memory (12)")
CUDA = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8 GiB of which 1.00 GiB is free.")
PYTHON = MemoryError()
SYSTEM = OSError(12, "Cannot allocate memory")

CLOSE = "; close other programs, use a smaller model, or a GPU with --dtype float16"
HERE, THERE = "not enough memory on this machine to load ", "not enough memory on the GPU to load "


@pytest.fixture(autouse=True)
def half_a_gigabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animate.models.memory.free_bytes", lambda device: 500_000_000)


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a function fail, and returns how often it was called."""

    def call(function: str, error: BaseException) -> list[object]:
        calls: list[object] = []

        def fail(*given: object, **settings: object) -> None:
            calls.append(given)
            raise type(error)(*error.args)  # every time a new one: errors remember what they were raised beside

        monkeypatch.setattr(function, fail)
        return calls

    return call


def refused(name: object, **settings: Any) -> str:
    with pytest.raises(AnimateError, match=r"^not enough memory on [^\n]+$") as said:
        load_model(str(name), **{"device": "cpu"} | settings)
    return str(said.value)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("safetensors.safe_open", PYTHON),
        ("safetensors.safe_open", MAPPED),
        ("safetensors.safe_open", SYSTEM),
        ("diffusers.DiffusionPipeline.from_pretrained", CPU),
        ("safetensors.torch.load_file", PYTHON),  # diffusers says then that the file is not there
        ("hashlib.file_digest", PYTHON),
        ("animate.models.memory.DeviceMemory.place", CPU),
    ],
)
def test_of_a_folder(lacking: Any, tiny_folder: Path, tmp_path: Path, function: str, error: Exception) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "new")  # whose fingerprint is not known yet
    calls = lacking(function, error)
    amounts = "8.0 GB more needed, 500.0 MB free" if error in (CPU, MAPPED) else "500.0 MB free"
    assert refused(folder) == f"{HERE}{folder} ({amounts}){CLOSE}"
    assert calls


@pytest.mark.parametrize(
    ("suffix", "function", "error"),
    [
        (".ckpt", "torch.load", MAPPED),
        (".safetensors", "animate.models.weights.tensors.load_file", PYTHON),
        (".safetensors", "diffusers.UNet2DConditionModel.from_single_file", CPU),
        (".safetensors", "diffusers.UNet2DConditionModel.from_single_file", PYTHON),
    ],
)
def test_of_a_single_file(lacking: Any, tmp_path: Path, suffix: str, function: str, error: Exception) -> None:
    pipe, path = tiny_pipeline(), tmp_path / f"tiny{suffix}"
    pipe.save_pretrained(tmp_path / "tiny")
    torch.save(to_original(pipe), path) if suffix == ".ckpt" else saved(to_original(pipe), path)
    calls = lacking(function, error)
    assert refused(path).startswith(f"{HERE}{path} (")
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("lora", "diffusers.StableDiffusionPipeline.lora_state_dict"),
        ("lora", "diffusers.StableDiffusionPipeline.fuse_lora"),
        ("vae", "animate.models.weights.tensors.load_file"),
        ("vae folder", "diffusers.AutoencoderKL.from_pretrained"),
        ("embedding", "diffusers.loaders.textual_inversion.load_textual_inversion_state_dicts"),
    ],
)
@pytest.mark.parametrize("error", [CPU, PYTHON])
def test_of_what_is_added(lacking: Any, tiny_folder: Path, tmp_path: Path, kind: str, function: str, error: Exception) -> None:
    path = str(tmp_path / "extra.safetensors")
    match kind:
        case "lora":
            saved(in_diffusers(pairs()), Path(path))
        case "vae":
            saved(other_vae().state_dict(), Path(path))
        case "vae folder":
            path = str(tmp_path / "vae")
            other_vae().save_pretrained(path)
        case "embedding":
            saved({"<cat>": CAT}, Path(path))
    kind = kind.split()[0]
    settings: dict[str, Any] = {"vae": path} if kind == "vae" else {f"{kind}s": (path,)}
    calls = lacking(function, error)
    assert refused(tiny_folder, **settings).startswith(f"{HERE}{tiny_folder}, {kind} {path} (")
    assert len(calls) == 1


def test_of_a_gpu(lacking: Any, tiny_folder: Path) -> None:
    lacking("animate.models.memory.DeviceMemory.place", CUDA)
    said = refused(tiny_folder)
    assert said == f"{THERE}{tiny_folder} (2.1 GB more needed, 1.1 GB free); use --dtype float16, or --device cpu"


def test_of_a_gpu_that_has_no_room_at_all(lacking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animate.models.placement.check", lambda device, dtype: None)
    lacking("torch.empty", RuntimeError("CUDA error: out of memory\nCompile with `TORCH_USE_CUDA_DSA` to enable device-side assertions."))
    assert refused("sprout", device="cuda") == f"{THERE}sprout; use --dtype float16, or --device cpu"


@pytest.mark.parametrize("function", ["diffusers.AutoencoderKL.from_single_file", "diffusers.StableDiffusionPipeline.save_pretrained"])
def test_of_a_conversion_leaves_nothing(lacking: Any, tmp_path: Path, function: str) -> None:
    pipe = tiny_pipeline()
    pipe.save_pretrained(tmp_path / "config")
    path = Path(saved(to_original(pipe), tmp_path / "tiny.safetensors"))
    calls = lacking(function, PYTHON)
    with pytest.raises(AnimateError) as said:
        checkpoint.convert(path, tmp_path / "kept", config=tmp_path / "config")
    assert str(said.value) == f"{HERE}{path} (500.0 MB free){CLOSE}"
    assert len(calls) == 1
    assert {left.name for left in tmp_path.iterdir()} == {"config", "tiny.safetensors"}


def test_the_command_says_it_in_one_line(run: Run, lacking: Any, tiny_folder: Path) -> None:
    lacking("diffusers.DiffusionPipeline.from_pretrained", CPU)
    code, out, err = run("a seed", "a tree", "--model", str(tiny_folder), "-o", "film.gif")
    assert (code, out) == (2, "")
    assert err == f"animate: {HERE}{tiny_folder} (8.0 GB more needed, 500.0 MB free){CLOSE}\n"
    assert not [*Path().iterdir()]


def test_free_memory_that_would_be_enough_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something else was in the way, such as a limit of the process."""
    monkeypatch.setattr("animate.models.memory.free_bytes", lambda device: 20e9)
    with pytest.raises(AnimateError, match=r"to load a model \(8\.0 GB more needed\); close"), enough_to_load("a model"):
        raise RuntimeError(*CPU.args)


def test_other_errors_are_what_they_were(lacking: Any, tiny_folder: Path) -> None:
    lacking("diffusers.DiffusionPipeline.from_pretrained", RuntimeError("expected a tensor of 4 bytes"))
    with pytest.raises(AnimateError, match=r"cannot be loaded: expected a tensor of 4 bytes; get the whole model again"):
        load_model(str(tiny_folder), device="cpu")
