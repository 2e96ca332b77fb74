"""The names of models: spellings, what was probably meant, and one's own default."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from animate import places
from animate.errors import AnimateError
from animate.models.weights import catalog
from animate.models.weights.catalog import CATALOG, resolve, suggest


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("sprout", "sprout"),
        ("SPROUT", "sprout"),
        ("sd14", "sd14"),
        ("sd1.4", "sd14"),
        ("SD-1.4", "sd14"),
        ("sd_1_4", "sd14"),
        ("sd-v1-4", "sd14"),
        ("v1-4", "sd14"),
        ("Stable Diffusion 1.4", "sd14"),
        ("stable-diffusion-v1-1", "sd11"),
        ("CompVis/stable-diffusion-v1-4", "sd14"),
        ("compvis/Stable-Diffusion-v1-3", "sd13"),
        ("runwayml/stable-diffusion-v1-5", "sd15"),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", "sd15"),
        ("sd2.1", "sd21"),
        ("SD 2.1 base", "sd21-base"),
        ("stabilityai/stable-diffusion-2-1-base", "sd21-base"),
        ("SDXL", "sdxl"),
        ("sdxl 1.0", "sdxl"),
        ("SDXL Turbo", "sdxl-turbo"),
        ("sd-turbo", "turbo"),
        ("LCM", "lcm"),
        ("SimianLuo/LCM_Dreamshaper_v7", "lcm"),
        ("SD 3.5 medium", "sd35"),
        ("stabilityai/stable-diffusion-3.5-medium", "sd35"),
        ("sd3.5-large-turbo", "sd35-turbo"),
        ("FLUX.1-schnell", "flux-schnell"),
        ("black-forest-labs/FLUX.1-schnell", "flux-schnell"),
        ("Z-Image Turbo", "z-image-turbo"),
    ],
)
def test_a_model_has_one_name_however_it_is_spelt(spelling: str, name: str) -> None:
    assert resolve(spelling) == (name, CATALOG[name])


@pytest.mark.parametrize("name", ["./sd14", "/models/sdxl", "sd14/", "owner/sd14", ".sd14", "sd 9", ""])
def test_what_is_not_known_is_its_own_name(name: str) -> None:
    assert resolve(name) == (name, None)


def test_no_spelling_means_two_models() -> None:
    spellings = [spelling for entry in CATALOG.values() for spelling in {*map(catalog._normalized, (entry.where, *entry.aliases))}]
    names = [catalog._normalized(name) for name in CATALOG]
    assert len({*spellings, *names}) == len(spellings) + len(names)


def test_entries_say_what_a_person_wants_to_know() -> None:
    for name, entry in CATALOG.items():
        assert entry.built_in == (name == "sprout") == (entry.megabytes == 0)
        assert entry.built_in or re.fullmatch(r"[\w.-]+/[\w.-]+", entry.where)
        assert entry.built_in or (entry.width and entry.width % 64 == 0 and entry.width == entry.height)
        assert 1 <= entry.steps <= 50
        assert entry.licence
        assert entry.about


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sd1.44", "sd14"),
        ("sprouts", "sprout"),
        ("sdxl-trubo", "sdxl-turbo"),
        ("stable-difusion-v1-4", "sd14"),
        ("CompVis/stable-difusion-v1-4", "CompVis/stable-diffusion-v1-4"),
        ("runwayml/stable-diffusion-v15", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
    ],
)
def test_what_was_probably_meant_is_suggested(name: str, meant: str) -> None:
    assert suggest(name) == f'; did you mean "{meant}"?'


def test_nothing_is_suggested_for_something_else() -> None:
    assert suggest("a watercolour of a tree") == ""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "animate.toml"
    monkeypatch.setenv("ANIMATE_CONFIG", str(path))
    monkeypatch.delenv("ANIMATE_MODEL", raising=False)
    return path


def test_the_default_is_the_environments_then_the_files_then_sprout(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.write_text("# nothing yet\n")
    assert catalog.default() == "sprout"
    settings.write_text('model = "sd15"\n')
    assert catalog.default() == "sd15"
    monkeypatch.setenv("ANIMATE_MODEL", "./my-model")
    assert catalog.default() == "./my-model"


def test_settings_that_nobody_wrote_are_no_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ANIMATE_CONFIG", raising=False)
    monkeypatch.delenv("ANIMATE_MODEL", raising=False)
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: tmp_path / name)
    assert places.config() == tmp_path / "animate" / "animate.toml"
    assert catalog.default() == "sprout"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = sd15", "cannot be read"),
        ("\x00", "cannot be read"),
        ("model = " + "[" * 5000, "cannot be read (lists or mappings inside each other, too deep)"),
        ("model = " + "9" * 5000, "cannot be read (a number of thousands of digits)"),
        ('modle = "sd15"', '"modle" is not known; allowed: model'),
        ("model = 15", "model is 15; allowed: a name"),
        ('model = ""', "model is ''; allowed: a name"),
    ],
)
def test_mistakes_in_the_settings_are_one_line_with_the_file(settings: Path, text: str, message: str) -> None:
    settings.write_text(text)
    with pytest.raises(AnimateError, match=re.escape(message)) as error:
        catalog.default()
    assert str(settings) in str(error.value)
    assert "\n" not in str(error.value)


def test_settings_that_are_named_must_be_there(settings: Path) -> None:
    with pytest.raises(AnimateError, match="ANIMATE_CONFIG names it"):
        catalog.default()


def test_settings_that_are_no_text_are_refused(settings: Path) -> None:
    settings.write_bytes(b"\xff\xfe")
    with pytest.raises(AnimateError, match="cannot be read"):
        catalog.default()


@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
def test_settings_that_never_end_are_refused(settings: Path) -> None:
    os.mkfifo(settings)
    with pytest.raises(AnimateError, match=r"cannot be read \(a pipe or a device, and no file\)"):
        catalog.default()
