"""Model folders that were copied by half, cut off or changed: one line with what is wrong and what to do, and never another picture."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from animate import AnimateError, load_model
from animate.models.weights import fingerprint
from animate.models.weights.extras import Extras

NEXT = "; get the whole model again, or use another model"
SETTINGS = (
    "model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json", "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json", "unet/config.json", "vae/config.json",
)  # fmt: skip
WEIGHTS = ("text_encoder/model.safetensors", "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors")
# What libraries say to programmers.
LIBRARY_WORDS = ("huggingface.co", "ignore_mismatched_sizes", "low_cpu_mem_usage", "torch.Size", "recursion", "NoneType", "argument", "object")


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def refused(folder: Path) -> str:
    with pytest.raises(AnimateError) as error:
        load_model(str(folder), device="cpu")
    said = str(error.value)
    assert "\n" not in said
    assert not [words for words in LIBRARY_WORDS if words in said]
    return said


@pytest.mark.parametrize("text", ["[]", "null", "7", "[" * 100_000, ""])
@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_another_kind_are_named(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    said = refused(folder)
    assert said.startswith(f"{folder / name} is not what diffusers writes (")
    assert said.endswith(NEXT)


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_say_nothing_are_told(folder: Path, name: str) -> None:
    (folder / name).write_text("{}")
    assert refused(folder).endswith(NEXT)


@pytest.mark.parametrize("name", [*SETTINGS[1:], *WEIGHTS])
def test_a_file_that_was_not_copied_names_its_part(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert refused(folder) == f"model {folder} cannot be loaded: {folder} lacks files of its {name.split('/')[0]}{NEXT}"


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_were_cut_off_are_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-100])
    said = refused(folder)
    assert said.startswith(f"{folder / name} is not a whole file of weights (")
    assert said.endswith("); get it again")


def test_the_shapes_that_differ_are_told(folder: Path) -> None:
    (folder / "unet" / "config.json").write_text("{}")
    assert refused(folder) == (f"model {folder} cannot be loaded: its weights conv_in.bias have the shape [32], and its config.json says [320]{NEXT}")


def test_a_model_whose_name_no_file_can_have_is_not_known() -> None:
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(AnimateError, match="is not known; allowed"):
            load_model(name)
    for name in ("./my-model-folder", "/nowhere/at/all", f"./{'x' * 300}"):
        with pytest.raises(AnimateError) as refused:
            load_model(name)
        assert str(refused.value) == f"{name}: no such folder; give one in diffusers' format, or a name of animate models"


@pytest.mark.parametrize("extras", [Extras(("x" * 300,)), Extras(vae="x" * 300), Extras(embeddings=("x" * 300,)), Extras(("x" * 300 + ":0.5",))])
def test_extras_whose_names_no_file_can_have_are_not_there(extras: Extras) -> None:
    with pytest.raises(AnimateError, match="no such file"):
        extras.check()


def test_what_may_not_be_looked_at_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.stat

    def locked(path: Path, **settings: bool) -> os.stat_result:
        if path.is_relative_to(folder):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, **settings)

    monkeypatch.setattr(Path, "stat", locked)
    for check in (lambda: load_model(str(folder)), Extras((str(folder / "x"),)).check, Extras(vae=str(folder)).check):
        with pytest.raises(AnimateError, match=r"cannot be looked at \(Permission denied\); name another, or change the permissions"):
            check()


def test_a_vae_of_other_settings_is_one_line(folder: Path, tiny_folder: Path) -> None:
    for text in ("[]", "null", "[" * 100_000):
        (folder / "vae" / "config.json").write_text(text)
        with pytest.raises(AnimateError, match=r"vae/config\.json is not what diffusers writes \("):
            load_model(str(tiny_folder), device="cpu", vae=str(folder / "vae"))


def test_digests_that_cannot_be_remembered_are_computed_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMATE_CACHE", str(tmp_path / "cache"))
    digest = fingerprint.of_files(folder, WEIGHTS)
    for text in ("[" * 100_000, "[]", "null", "7"):
        (tmp_path / "cache" / "fingerprints.json").write_text(text)
        assert fingerprint.of_files(folder, WEIGHTS) == digest
