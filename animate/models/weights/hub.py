"""Models of the Hugging Face hub -> folders on this disk, downloaded unless they are there. Knows nothing of how a model is loaded.

    snapshot        a repository -> a folder with the files that diffusers opens
    cached          the same for what is on this disk already, without a network
    pipeline_class  a repository -> the class of its pipeline
    single_file     a repository -> one file of weights: a LoRA, an embedding, a VAE

huggingface_hub fetches and keeps the files; `files` says which; `hub_errors` says why, where they cannot be had.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AnimateError, amount
from ...places import absolute, is_folder
from ...report import REPORT, Report
from . import files
from .catalog import DEFAULT, suggest
from .files import HALF, INDEX, SETTINGS, SINGLE, Choice, Snapshot
from .hub_errors import cut_off, in_one_line, not_cached, unreachable

TIMEOUT = 30.0  # seconds for the hub's list of files
LISTED = 10  # names of files in a message


@dataclass(frozen=True)
class Remote:
    """What the hub has of a model."""

    repo: str
    commit: str
    sizes: Mapping[str, int]  # bytes, by file
    choice: Choice

    @property
    def bytes(self) -> int:
        """Of the files that are chosen, on this disk or not."""
        return sum(self.sizes[name] for name in self.choice.files)


def snapshot(repo: str, dtype: str, revision: str | None = None, newest: bool = False, report: Report = REPORT) -> Snapshot:
    """The folder of a model of the hub, for weights of a dtype ("float16", "float32", "bfloat16").

    What is on this disk is used without a network, unless the newest version is asked for. Otherwise the files that are
    missing are downloaded; the report hears before how many bytes, and where to. Raises AnimateError.
    """
    from huggingface_hub import is_offline_mode

    local = cached(repo, dtype, revision)
    if is_offline_mode():
        if local is None:
            raise not_cached(repo, f"use --model {DEFAULT}")
        return local
    if local and not newest and not (local.variant and dtype != "float16"):  # the hub may have better weights than float16 ones
        return local
    remote = _look_up(repo, dtype, revision)
    if missing := _bytes_to_download(remote):
        _announce(repo, missing, report)
    return Snapshot(_download(remote), remote.choice.variant, remote.bytes, remote.choice.files)


def cached(repo: str, dtype: str, revision: str | None = None) -> Snapshot | None:
    """A model that is completely on this disk, whoever downloaded it; None if it is not. Needs no network."""
    branches = (None, HALF) if dtype == "float16" and revision is None else (revision,)
    folders = [index.parent for branch in branches if (index := _cached_file(repo, INDEX, branch))]
    return next((complete for folder in folders if (complete := files.in_folder(folder, dtype))), None)


def pipeline_class(repo: str, revision: str | None = None) -> str:
    """The class of a model's pipeline, from its index, which is downloaded unless it is on this disk. Raises AnimateError."""
    from huggingface_hub import is_offline_mode

    index = next((path for branch in (revision, HALF) if (path := _cached_file(repo, INDEX, branch))), None)
    if index is None:
        if is_offline_mode():
            raise not_cached(repo, f"use --model {DEFAULT}")
        with in_one_line(repo, revision, unreachable(repo)):
            index = _download_index(repo, revision)[2]
    return files.pipeline_class(index.parent)


def single_file(repo: str, name: str | None, usual: Sequence[str] = (), report: Report = REPORT) -> Path:
    """A file of a repository, downloaded unless it is on this disk.

    name   of the file; None: the first of `usual` that is there, else the only file of weights
    usual  names that such files have in most repositories

    Raises AnimateError; where there are several files of weights, it lists them.
    """
    from huggingface_hub import hf_hub_download, is_offline_mode

    candidates = [name] if name else usual
    if path := next((path for candidate in candidates if (path := _cached_file(repo, candidate, None))), None):
        return path
    if name and is_offline_mode():
        raise not_cached(f"{repo}/{name}", "leave it out")
    names = _file_names(repo)
    chosen = next((candidate for candidate in candidates if candidate in names), None) or _only_weights(repo, name, names)
    if not is_offline_mode():
        with in_one_line(repo, None, unreachable(repo)):
            plan = hf_hub_download(repo, chosen, dry_run=True)
        if plan.will_download:
            _announce(f"{repo}/{chosen}", plan.file_size or 0, report)
    with in_one_line(repo, None, cut_off(repo)):
        return Path(hf_hub_download(repo, chosen, tqdm_class=_bar(shown=True)))


def _cached_file(repo: str, name: str, revision: str | None) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        path = try_to_load_from_cache(repo, name, revision=revision)
    except HFValidationError as error:
        raise AnimateError(f'"{repo}" is no id of the hub; it looks like "owner/name"{suggest(repo)}') from error
    return Path(path) if isinstance(path, str) else None


def _look_up(repo: str, dtype: str, revision: str | None) -> Remote:
    """What the hub has; of the main and the float16 branch the one that is smaller and as safe."""
    from huggingface_hub.errors import RevisionNotFoundError

    with in_one_line(repo, revision, unreachable(repo)):
        remote = _look_up_branch(repo, dtype, revision)
        if dtype != "float16" or revision or remote.choice.variant:
            return remote
        try:
            half = _look_up_branch(repo, dtype, HALF)
        except RevisionNotFoundError:
            return remote
    return half if half.bytes < remote.bytes and half.choice.pickled <= remote.choice.pickled else remote


def _look_up_branch(repo: str, dtype: str, revision: str | None) -> Remote:
    commit, sizes, index = _download_index(repo, revision)
    choice = files.choose(files.read_index(index), sizes, dtype)
    if choice.missing_parts:
        parts = ", ".join(choice.missing_parts)
        raise AnimateError(f"{repo}: no files for its {parts} that diffusers can load (.safetensors or .bin); use another model")
    return Remote(repo, commit, sizes, choice)


def _download_index(repo: str, revision: str | None) -> tuple[str, dict[str, int], Path]:
    """A model's commit, the bytes of its files by name, and its index on this disk."""
    from huggingface_hub import hf_hub_download

    commit, sizes = _list_files(repo, revision)
    if INDEX not in sizes:
        raise AnimateError(_not_diffusers(repo, sizes))
    return commit, sizes, Path(hf_hub_download(repo, INDEX, revision=revision))


def _list_files(repo: str, revision: str | None) -> tuple[str, dict[str, int]]:
    """A repository's commit, and the bytes of its files by name."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=TIMEOUT)
    return str(info.sha), {file.rfilename: file.size or 0 for file in info.siblings or []}


def _file_names(repo: str) -> list[str]:
    """The files of a repository: of the one on the hub or, offline, those that are on this disk. Raises AnimateError."""
    from huggingface_hub import is_offline_mode, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if not is_offline_mode():
        with in_one_line(repo, None, unreachable(repo)):
            return [*_list_files(repo, None)[1]]
    try:
        folder = Path(snapshot_download(repo, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise not_cached(repo, "leave it out") from error
    return [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]


def _only_weights(repo: str, name: str | None, names: Collection[str]) -> str:
    """The one file of weights in a repository; files at the top come before those in folders, safetensors before pickles."""
    weights = [file for file in names if file.endswith(SINGLE)]
    if not weights:
        raise AnimateError(f"{repo} has no file of weights ({', '.join(SINGLE)}); use another one")
    shown = ", ".join([*weights[:LISTED], *["..."] * (len(weights) > LISTED)])
    if name:
        raise AnimateError(f"{repo} has no {name}; it has {shown}")
    best = [file for file in weights if "/" not in file] or weights
    best = [file for file in best if file.endswith(".safetensors")] or best
    if len(best) > 1:
        raise AnimateError(f"{repo} has {len(weights)} files of weights: {shown}; name one, as in {repo}/{best[0]}")
    return best[0]


def _not_diffusers(repo: str, names: Collection[str]) -> str:
    single = [name for name in names if "/" not in name and name.endswith((".safetensors", ".ckpt"))]
    message = f"{repo} has no {INDEX}: it is not a model in diffusers' format"
    return f"{message}; download {' or '.join(single)} and give its path" if single else f"{message}; use another one"


def _bytes_to_download(remote: Remote) -> int:
    """Of the chosen files those that are not on this disk, under an older commit neither."""
    from huggingface_hub import snapshot_download

    with in_one_line(remote.repo, remote.commit, unreachable(remote.repo)):
        plan = snapshot_download(
            remote.repo, revision=remote.commit, allow_patterns=[*remote.choice.files], dry_run=True, tqdm_class=_bar(shown=False)
        )
    return sum(remote.sizes[file.filename] for file in plan if file.will_download)


def _announce(name: str, size: int, report: Report) -> None:
    """Says what is downloaded. Raises AnimateError if the disk has not so many bytes free."""
    from huggingface_hub import constants

    cache = absolute(Path(constants.HF_HUB_CACHE))
    free = shutil.disk_usage(next(folder for folder in (cache, *cache.parents) if is_folder(folder))).free
    if free < size:
        raise AnimateError(f"{name} takes {amount(size)}, and {cache} has {amount(free)} free; make room, or set HF_HOME to a folder on another disk")
    report.log(f"downloading {name}: {amount(size)} into {constants.HF_HUB_CACHE}")


def _download(remote: Remote) -> Path:
    """Settings first: a part that has its weights is then complete, which can be told later without the hub's list of files."""
    from huggingface_hub import snapshot_download

    message = cut_off(remote.repo)
    settings = [name for name in remote.choice.files if name.endswith(SETTINGS)]
    with in_one_line(remote.repo, remote.commit, message):
        snapshot_download(remote.repo, revision=remote.commit, allow_patterns=settings, tqdm_class=_bar(shown=False))
        folder = Path(snapshot_download(remote.repo, revision=remote.commit, allow_patterns=[*remote.choice.files], tqdm_class=_bar(shown=True)))
    if not all((folder / name).is_file() for name in remote.choice.files):  # without a list of files, snapshot_download returns what is there
        raise AnimateError(message)
    return folder


def _bar(shown: bool) -> Any:
    """huggingface_hub's progress bar, which would also show where there is no terminal."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **settings: Any):
            super().__init__(*args, **(settings | {"disable": None if shown else True}))  # type: ignore[no-untyped-call]  # None: on a terminal

    return Bar
