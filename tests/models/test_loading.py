"""Models in every form in which people have them, from the command line to the film; and what they take of a small card."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import PNDMScheduler, StableDiffusionPipeline
from safetensors.torch import save_file

from animate import AnimateError, AnimateWarning, Storyboard, load_model
from animate.film.batches import fitting
from animate.film.film import resolve
from animate.models import LARGE, memory, pick_dtype
from animate.models.base import Origin
from animate.models.families.unet import UNetModel
from animate.models.weights import clip, loading
from animate.models.weights.catalog import CATALOG
from animate.report import REPORT
from conftest import Run, tiny_pipeline
from fake_hub import Lines
from original import published, to_original
from test_compvis import pixels
from test_families import tiny_xl
from test_pipeline import flux

GIB = 2**30


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_single_file_goes_through_the_command(run: Run, tiny_folder: Path, tmp_path: Path, suffix: str) -> None:
    state = to_original(StableDiffusionPipeline.from_pretrained(tiny_folder, low_cpu_mem_usage=False))
    single = tmp_path / f"tiny{suffix}"
    save_file(state, single) if suffix == ".safetensors" else torch.save({"state_dict": state, "global_step": 470000}, single)
    shutil.copytree(tiny_folder, tmp_path / "tiny", ignore=shutil.ignore_patterns("*.safetensors"))
    code, _, err = run("a seed", "a tree", "--frames", "3", "--steps", "2", "--model", str(single), "-o", "single/")
    assert code == 0, err
    assert run("doctor", "--model", str(single))[0] == 0
    assert run("a seed", "a tree", "--frames", "3", "--steps", "2", "--model", str(tiny_folder), "-o", "folder/")[0] == 0
    for name in ("0.png", "1.png", "2.png"):
        ours, theirs = (pixels(next((tmp_path / folder).glob(f"*{name}"))) for folder in ("single", "folder"))
        assert np.array_equal(ours, theirs)


def test_a_single_file_of_xl_goes_through_the_command(run: Run, tmp_path: Path) -> None:
    pipe = tiny_xl()
    pipe.save_pretrained(tmp_path / "xl")
    for weights in (tmp_path / "xl").rglob("*.safetensors"):
        weights.unlink()
    save_file(to_original(pipe), tmp_path / "xl.safetensors")
    assert run("doctor", "--model", "xl.safetensors")[0] == 0
    code, _, err = run("still", "a tree", "--steps", "2", "--model", "xl.safetensors", "-o", "tree.png")
    assert code == 0, err
    assert pixels(tmp_path / "tree.png").std() > 5


def test_a_folder_of_2022_goes_through_the_command(run: Run, tiny_folder: Path, tmp_path: Path) -> None:
    """Pickled weights, and an index that says so little."""
    pipe = tiny_pipeline()
    pipe.save_pretrained(tmp_path / "old", safe_serialization=False)
    (tmp_path / "old" / "text_encoder" / "model.safetensors").unlink()  # transformers writes no other any more
    torch.save(pipe.text_encoder.state_dict(), tmp_path / "old" / "text_encoder" / "pytorch_model.bin")
    assert len([*(tmp_path / "old").rglob("*.bin")]) == 3
    index = json.loads((tmp_path / "old" / "model_index.json").read_text())
    index.pop("image_encoder")
    (tmp_path / "old" / "model_index.json").write_text(json.dumps(index | {"_diffusers_version": "0.2.2"}))
    for name, model in (("old", "old"), ("new", str(tiny_folder))):
        code, _, err = run("still", "a tree", "--steps", "2", "--model", model, "-o", f"{name}.png")
        assert code == 0, err
    assert np.array_equal(pixels(tmp_path / "old.png"), pixels(tmp_path / "new.png"))
    assert run("doctor", "--model", "old")[0] == 0


def test_code_in_a_pickle_is_refused_by_name_and_not_run(run: Run, tmp_path: Path) -> None:
    class Bad:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {tmp_path}/owned",)

    torch.save({"state_dict": {}, "more": Bad()}, tmp_path / "bad.ckpt", pickle_module=pickle)
    code, _, err = run("a seed", "a tree", "--model", "bad.ckpt")
    assert code == 2
    assert "bad.ckpt holds code besides tensors (posix.system)" in err
    assert err.count("\n") == 1
    code, out, _ = run("doctor", "--model", "bad.ckpt")
    assert (code, out.startswith("FAIL  model      bad.ckpt holds code")) == (1, True)
    assert not (tmp_path / "owned").exists()


def stable_diffusion(device: str) -> StableDiffusionPipeline:
    """Stable Diffusion 1.4's shapes in float16, with random weights; on "meta" without memory for them."""
    parts = published("sd1", device)
    return StableDiffusionPipeline(
        vae=parts.vae.half(), text_encoder=parts.text_encoder.half(), tokenizer=clip.tokenizer("<|endoftext|>"), unet=parts.unet.half(),
        scheduler=PNDMScheduler(skip_prk_steps=True, steps_offset=1), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def test_stable_diffusion_fits_into_four_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shapes without its weights, and a card that only counts: what is estimated. Not measured on a card."""
    model = UNetModel(Origin("sd14", "0"), stable_diffusion("meta"), "meta", 8)
    weights = sum(tensor.nbytes for part in model.memory.parts for tensor in part.parameters())
    left = 4 * GIB - weights
    monkeypatch.setattr(model.memory, "free_bytes", lambda: left)
    story = resolve(Storyboard.of("a seed", "a tree"), model.defaults)
    assert (story.width, story.height) == (512, 512)
    assert weights < 2 * GIB, "float16"
    with pytest.warns(match="drawing 4 in a batch instead of 8"):
        batch_size = fitting(8, model, story, REPORT)
    assert batch_size * model.memory.bytes_per_sample(512, 512) < left
    # Decoding comes after the UNet has given its room back: its largest tensors are 256 channels of full size, four of them at once.
    assert left > 4 * 256 * 512 * 512 * 2


SD, XL, LCM = "StableDiffusionPipeline", "StableDiffusionXLPipeline", "LatentConsistencyModelPipeline"
OTHERS = ("StableDiffusion3Pipeline", "FluxPipeline", "SanaPipeline", "LuminaPipeline", "ZImagePipeline", "QwenImagePipeline", "")


@pytest.mark.parametrize(
    ("name", "device", "kinds", "dtype"),
    [
        ("auto", "cuda", (SD, XL, LCM), torch.float16),
        ("auto", "cuda:1", OTHERS, torch.bfloat16),
        ("auto", "mps", (SD, *OTHERS), torch.float32),
        ("auto", "cpu", (SD, *OTHERS), torch.float32),
        ("float32", "cuda", (SD, *OTHERS), torch.float32),
        ("float16", "cuda", OTHERS, torch.float16),
        ("bfloat16", "cpu", (SD,), torch.bfloat16),
    ],
)
def test_the_dtype_is_what_suits_the_family_unless_one_is_named(name: str, device: str, kinds: tuple[str, ...], dtype: torch.dtype) -> None:
    assert {pick_dtype(name, device, kind) for kind in kinds} == {dtype}


def test_a_cpu_that_multiplies_matrices_of_bfloat16_does_so_for_large_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: True)
    assert pick_dtype("auto", "cpu", SD, LARGE + 1) == torch.bfloat16
    assert pick_dtype("auto", "cpu", SD, LARGE) == torch.float32
    assert pick_dtype("float32", "cpu", SD, LARGE + 1) == torch.float32
    assert load_model("sprout", device="cpu").numerics.dtype == "float32"
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: False)
    assert pick_dtype("auto", "cpu", SD, LARGE + 1) == torch.float32


@pytest.mark.parametrize(("name", "ours", "theirs"), [("auto", torch.float16, torch.bfloat16), ("float32", torch.float32, torch.float32)])
def test_a_folders_index_says_its_family_before_it_is_loaded(
    tiny_folder: Path, tmp_path: Path, name: str, ours: torch.dtype, theirs: torch.dtype
) -> None:
    """Loaded as for a GPU, onto the CPU; the dtype is chosen knowing how large it is, too."""
    flux().save_pretrained(tmp_path)
    asked: list[tuple[str, int]] = []

    def pick(kind: str, size: int) -> torch.dtype:
        asked.append((kind, size))
        dtype: torch.dtype = pick_dtype(name, "cuda", kind, size)
        return dtype

    assert loading.load(str(tiny_folder), None, pick, Lines()).pipe.unet.dtype == ours
    assert loading.load(str(tmp_path), None, pick, Lines()).pipe.transformer.dtype == theirs
    assert [kind for kind, _ in asked] == [SD, SD, "FluxPipeline", "FluxPipeline"]
    weights = [sum(file.stat().st_size for file in folder.rglob("*.safetensors")) for folder in (tiny_folder, tmp_path)]
    assert [size > weight for (_, size), weight in zip(asked[1::2], weights, strict=True)] == [True, True]


def test_a_dtype_that_is_refused_is_no_fault_of_the_model(tiny_folder: Path) -> None:
    """The error passes through as it is, although it is a ValueError, as those of diffusers are."""

    def pick(kind: str, size: int) -> torch.dtype:
        if size:
            raise AnimateError("dtype is too large for it")
        return torch.float32

    with pytest.raises(AnimateError, match=r"^dtype is too large for it$") as refused:
        loading.load(str(tiny_folder), None, pick, Lines())
    assert refused.value.__cause__ is None


def test_a_family_reads_no_more_than_it_was_trained_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flux().save_pretrained(tmp_path)
    assert load_model(str(tmp_path), device="cpu").embed("a tree").tensors["prompt_embeds"].shape == (512, 32)
    entry = replace(CATALOG["flux-schnell"], where=str(tmp_path), tokens=16)
    monkeypatch.setitem(CATALOG, "flux-schnell", entry)
    model = load_model("flux-schnell", device="cpu")
    assert model.embed("a tree").tensors["prompt_embeds"].shape == (16, 32)
    assert (model.defaults.steps, model.defaults.guidance) == (4, 0.0)
    assert "longer than the 16 tokens" in model.text.warnings(["a seed in winter " * 9])[0]


def test_parts_that_do_not_fit_at_once_take_turns_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tiny_pipeline()
    for part in (pipe.unet, pipe.vae, pipe.text_encoder):
        monkeypatch.setattr(part, "to", lambda *to, part=part, **settings: part)

    def full(*to: object, **settings: object) -> None:
        if "meta" in map(str, to):
            raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")

    monkeypatch.setattr(pipe.vae, "to", full)
    with pytest.warns(AnimateWarning, match="tiny does not fit into the memory of meta as a whole: its parts take turns there"):
        assert UNetModel(Origin("tiny", "0"), pipe, "meta", 1).memory.offloaded


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "GET was unable to find an engine to execute this computation",
        "Unable to find a valid cuDNN algorithm to run convolution",
        "[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.",
    ],
)
def test_every_message_of_too_little_memory_is_known(message: str) -> None:
    assert memory.out_of_memory(RuntimeError(message))
    assert not memory.out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
