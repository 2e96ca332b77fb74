"""Models that a worker's machine lacks are sent as bytes, and what is loaded of them is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from animate import AnimateError, load_model
from animate.cluster import shipping
from animate.cluster.shipping import Parcel
from animate.models.source import Source


def test_a_folder_arrives_as_it_was(tiny_folder: Path) -> None:
    source = Source(str(tiny_folder), device="cpu").anywhere()
    sent = {path: shipping.unpack(shipping.pack(path)) for path in source.paths()}
    there = source.moved(sent)
    assert there.name != source.name
    assert Path(there.name).is_dir()
    assert load_model(there.name, "cpu").fingerprint == load_model(source.name, "cpu").fingerprint


def test_a_file_brings_what_says_how_it_is_read(tmp_path: Path) -> None:
    for name in ("film.safetensors", "film.yaml", "film/unet/config.json", "film/notes.md", "other.safetensors"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    parcel = shipping.pack(str(tmp_path / "film.safetensors"))
    assert set(parcel.files) == {"film.safetensors", "film.yaml", "film/unet/config.json"}
    arrived = Path(shipping.unpack(parcel))
    assert arrived.read_text() == "film.safetensors"
    assert (arrived.parent / "film/unet/config.json").is_file()
    assert shipping.unpack(parcel) == str(arrived), "once"


def test_what_is_lacking() -> None:
    assert shipping.lacking([__file__, "/nowhere/model.ckpt", str(Path(__file__).parent)]) == ["/nowhere/model.ckpt"]


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.ckpt").write_bytes(b"0" * 1000)
    monkeypatch.setattr(shipping, "MOST", 999)
    with pytest.raises(AnimateError, match="put it at the same place on every machine"):
        shipping.pack(str(tmp_path / "model.ckpt"))


def test_nothing_is_written_outside(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(AnimateError, match="outside of the model"):
        shipping.unpack(Parcel("model", {"../../escaped": b"x"}))
    assert not list(cache.rglob("escaped"))


@pytest.mark.parametrize(("name", "rest"), [("lora.safetensors", ":0.8"), ("lora.safetensors", ""), ("no:name.pt", ":<cat>")])
def test_names_of_files_begin_at_the_root_and_others_stay(name: str, rest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("")
    source = Source("sprout", loras=(name + rest, "owner/lora:0.5"), vae=None).anywhere()
    assert source.name == "sprout"
    assert source.loras == (f"{tmp_path / name}{rest}", "owner/lora:0.5")
    assert source.moved({str(tmp_path / name): "/there/lora"}).loras[0] == f"/there/lora{rest}"


def test_a_machine_that_lacks_the_files_knows_where_they_lie_now() -> None:
    """It cannot look for them: they never were there."""
    source = Source("/gone/model", vae="/gone/vae", loras=("/gone/lora.safetensors:0.5", "owner/lora"))
    there = source.moved({"/gone/model": "/cache/model", "/gone/vae": "/cache/vae", "/gone/lora.safetensors": "/cache/lora.safetensors"})
    assert there == Source("/cache/model", vae="/cache/vae", loras=("/cache/lora.safetensors:0.5", "owner/lora"))


def test_a_folder_called_as_a_known_model_is_not_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sprout").mkdir()
    assert Source("sprout").anywhere().name == "sprout"
