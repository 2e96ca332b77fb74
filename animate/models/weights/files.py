"""Which files of a model in diffusers' format make up one loading, out of all that its repository or folder holds. Knows no network.

A folder is described by its model_index.json: the class of the pipeline, and the class of every part. Of every part one set of
weights is opened, although many repositories hold several: in other precisions, formats and for other programs.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AnimateError, one_line
from ...places import read_bytes

INDEX = "model_index.json"
AGAIN = "get the whole model again, or use another model"  # the end of a message about a broken one
HALF = "fp16"  # as files of float16 weights are marked, and the branch that repositories of 2022 keep them on
SETTINGS = (".json", ".txt", ".model")  # configurations and vocabularies, a few MB at most
SINGLE = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")  # suffixes of files that hold weights by themselves

# What diffusers and transformers load. Checkpoints for other programs, ONNX, Flax, OpenVINO and untouched copies (non_ema) are called otherwise.
WEIGHTS = re.compile(
    rf"(?:diffusion_pytorch_model|pytorch_model|model)(?:\.{HALF})?(?P<shard>-\d{{5}}-of-(?P<count>\d{{5}}))?"
    rf"\.(?P<suffix>safetensors|bin)(?P<index>\.index(?:\.{HALF})?\.json)?"
)
WEIGHTLESS = re.compile(r"Tokenizer|Scheduler|Processor|FeatureExtractor")  # classes that have settings only
VOCABULARY = re.compile(r"tokenizer\.json|vocab\.(json|txt)|.+\.model")  # a tokenizer without one takes every word for one it does not know
LARGEST = 2**28  # bytes of settings; the vocabularies of large language models have 40 MB

Format = tuple[bool, str]  # float16, suffix

# Which weights are best. For float16 safety is first: a .bin is a pickle. For the others precision is: it cannot be had back.
PREFERRED: list[Format] = [(False, "safetensors"), (False, "bin"), (True, "safetensors"), (True, "bin")]
PREFERRED_HALF: list[Format] = [(True, "safetensors"), (False, "safetensors"), (True, "bin"), (False, "bin")]


@dataclass(frozen=True)
class Choice:
    """The files of one loading."""

    files: tuple[str, ...]  # relative to the repository
    variant: str | None  # the argument of from_pretrained: "fp16", or None
    missing_parts: tuple[str, ...]  # parts of the pipeline that cannot be loaded from these files

    @property
    def pickled(self) -> bool:
        """Whether a file of them is a pickle, which may hold code."""
        return any(name.endswith(".bin") for name in self.files)


@dataclass(frozen=True)
class Snapshot:
    """A model on this disk, complete."""

    folder: Path
    variant: str | None  # as in Choice
    bytes: int  # of its files
    files: tuple[str, ...]  # those that are loaded, relative to the folder, which may hold others too


def choose(index: Mapping[str, Any], names: Collection[str], dtype: str) -> Choice:
    """The files that diffusers opens for weights of a dtype: the index, and of every part that it names settings and weights.

    index: what model_index.json holds. names: all files of the repository.
    """
    parts = {part: entry[1] for part, entry in index.items() if isinstance(entry, list) and not part.startswith("_") and entry[0]}
    files, missing_parts, variant = [INDEX], [], None
    for part, class_name in parts.items():
        inside = [name.removeprefix(f"{part}/") for name in names if name.startswith(f"{part}/")]
        settings = [name for name in inside if name.endswith(SETTINGS) and ".index." not in name and "/" not in name]
        weights, half = choose_weights(inside, dtype)
        if not _whole(str(class_name), settings, weights):
            missing_parts.append(part)
        variant = HALF if half else variant
        files += [f"{part}/{name}" for name in (*settings, *weights)]
    return Choice(tuple(sorted(files)), variant, tuple(missing_parts))


def _whole(class_name: str, settings: Collection[str], weights: Collection[str]) -> bool:
    """Whether a part has all that makes it what it is: the libraries put something else in the place of some files that are not there."""
    if "Tokenizer" in class_name:
        return "tokenizer_config.json" in settings and any(map(VOCABULARY.fullmatch, settings))
    return bool(settings) if WEIGHTLESS.search(class_name) else bool(weights) and "config.json" in settings


def choose_weights(names: Iterable[str], dtype: str) -> tuple[list[str], bool]:
    """The best complete set of weights among the files of a part, and whether it is one of float16."""
    matches: defaultdict[Format, list[re.Match[str]]] = defaultdict(list)
    for match in filter(None, map(WEIGHTS.fullmatch, names)):
        matches[f".{HALF}" in match[0], match["suffix"]].append(match)
    for half, suffix in PREFERRED_HALF if dtype == "float16" else PREFERRED:
        if weights := _complete(matches[half, suffix]):
            return weights, half
    return [], False


def _complete(matches: list[re.Match[str]]) -> list[str]:
    """The one file, or all shards and their index; nothing if some are not there."""
    single = [match[0] for match in matches if not match["shard"] and not match["index"]]
    shards = [match for match in matches if match["shard"]]
    sharded = shards and len(shards) == int(shards[0]["count"]) and any(match["index"] for match in matches)
    return single or ([match[0] for match in matches] if sharded else [])


def in_folder(folder: Path, dtype: str) -> Snapshot | None:
    """What diffusers opens in a folder of its format, as weights of a dtype; None if a part is missing. Raises AnimateError."""
    sizes = _sizes(folder)
    choice = choose(read_index(folder / INDEX), sizes, dtype)
    return None if choice.missing_parts else Snapshot(folder, choice.variant, sum(sizes[name] for name in choice.files), choice.files)


def missing_parts(folder: Path, dtype: str) -> tuple[str, ...]:
    """The parts of the pipeline in a folder that lack files. Raises AnimateError."""
    return choose(read_index(folder / INDEX), _sizes(folder), dtype).missing_parts


def _sizes(folder: Path) -> dict[str, int]:
    """The bytes of all files of a folder. Raises AnimateError."""
    try:
        return {file.relative_to(folder).as_posix(): file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    except OSError as error:
        raise AnimateError(f"{folder}: cannot be read ({one_line(error)}); change its permissions, or give another model") from error


def pipeline_class(folder: Path) -> str:
    """The class of the pipeline in a folder, as its index names it. Raises AnimateError."""
    name = read_index(folder / INDEX).get("_class_name")
    if not isinstance(name, str):
        raise AnimateError(f"{folder / INDEX} names no class of a pipeline; {AGAIN}")
    return name


def read_index(path: Path) -> dict[str, Any]:
    """What a file of settings says, an index or any other: all are mappings. Raises AnimateError."""
    try:
        index = json.loads(read_bytes(path, LARGEST))
        if not isinstance(index, dict):
            raise ValueError("no mapping of names to values")
    except (OSError, ValueError, RecursionError) as error:
        raise AnimateError(f"{path} is not what diffusers writes ({one_line(error)}); {AGAIN}") from error
    return index
