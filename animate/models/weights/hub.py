"""Models of the Hugging Face hub -> folders on this disk, with exactly the files that diffusers opens.

    snapshot    a repository -> a folder, downloaded unless it is here
    cached      the folder of what is here already
    opened      a folder -> what diffusers opens in it
    kind        a repository or a folder -> the class of its pipeline
    single      a repository -> one file of weights: a LoRA, an embedding, a VAE
    size        what is still to be downloaded
    choose      model_index.json and a list of files -> the files of one loading (pure)

huggingface_hub fetches and keeps the files; this module says which, and, where they cannot be had, why.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AnimateError
from .catalog import DEFAULT, suggest

INDEX = "model_index.json"
HALF = "fp16"  # as files of float16 weights are marked, and the branch that repositories of 2022 keep them on
PATIENCE = 30.0  # seconds for the hub's list of files
SETTINGS = (".json", ".txt", ".model")  # configurations and vocabularies, a few MB at most
SINGLE = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")  # suffixes of files that hold weights by themselves
LISTED = 10  # names of files in a message

# What diffusers and transformers load. Checkpoints for other programs, ONNX, Flax, OpenVINO and untouched copies (non_ema) are called otherwise.
WEIGHTS = re.compile(
    rf"(?:diffusion_pytorch_model|pytorch_model|model)(?:\.{HALF})?(?P<shard>-\d{{5}}-of-(?P<count>\d{{5}}))?"
    rf"\.(?P<suffix>safetensors|bin)(?P<index>\.index(?:\.{HALF})?\.json)?"
)
WEIGHTLESS = re.compile(r"Tokenizer|Scheduler|Processor|FeatureExtractor")  # classes that have settings only

Kind = tuple[bool, str]  # float16, suffix

# Which weights are best. For float16 safety is first: a .bin is a pickle. For the others precision is: it cannot be had back.
PREFERRED: list[Kind] = [(False, "safetensors"), (False, "bin"), (True, "safetensors"), (True, "bin")]
PREFERRED_HALF: list[Kind] = [(True, "safetensors"), (False, "safetensors"), (True, "bin"), (False, "bin")]


@dataclass(frozen=True)
class Snapshot:
    """A model on this disk."""

    folder: Path
    variant: str | None  # what from_pretrained has to be told: "fp16", or None
    bytes: int  # of its files
    files: tuple[str, ...]  # those that are loaded, relative to the folder, which may hold others too


@dataclass(frozen=True)
class Choice:
    """The files of one loading."""

    files: tuple[str, ...]
    variant: str | None
    lacking: tuple[str, ...]  # parts of the pipeline that cannot be loaded from these files

    @property
    def pickled(self) -> bool:
        return any(name.endswith(".bin") for name in self.files)


@dataclass(frozen=True)
class Remote:
    """What the hub has of a model."""

    repo: str
    commit: str
    sizes: dict[str, int]  # bytes, by file
    choice: Choice

    @property
    def bytes(self) -> int:
        return sum(self.sizes[name] for name in self.choice.files)

    @property
    def missing(self) -> dict[str, int]:
        """Files that are not here yet -> bytes."""
        return {name: self.sizes[name] for name in self.choice.files if not _kept(self.repo, name, self.commit)}


def snapshot(repo: str, dtype: str, revision: str | None = None, newest: bool = False, say: Callable[[str], object] = lambda line: None) -> Snapshot:
    """The folder of a model of the hub, for weights of a dtype ("float16", "float32", "bfloat16").

    What is here is used without a network, unless the newest version is asked for. Otherwise the files that are missing
    are downloaded; `say` is told how much and where to, before. Raises AnimateError.
    """
    from huggingface_hub import constants

    here = cached(repo, dtype, revision)
    if constants.HF_HUB_OFFLINE:
        if here is None:
            raise _absent(repo, f"use --model {DEFAULT}")
        return here
    if here and not newest and not (here.variant and dtype != "float16"):  # the hub may have better weights than float16 ones
        return here
    remote = _ask(repo, dtype, revision)
    missing = sum(remote.missing.values())
    if missing:
        _make_sure_of_room(repo, missing)
        say(f"downloading {repo}: {amount(missing)} into {constants.HF_HUB_CACHE}")
    return Snapshot(_fetch(remote), remote.choice.variant, remote.bytes, remote.choice.files)


def cached(repo: str, dtype: str, revision: str | None = None) -> Snapshot | None:
    """A model that is here as a whole, whoever downloaded it; None if it is not. Asks nobody."""
    branches = (None, HALF) if dtype == "float16" and revision is None else (revision,)
    kept = [index.parent for branch in branches if (index := _kept(repo, INDEX, branch))]
    return next((found for folder in kept if (found := opened(folder, dtype))), None)


def opened(folder: Path, dtype: str) -> Snapshot | None:
    """What diffusers opens in a folder of its format, as weights of a dtype; None if a part is lacking. Raises AnimateError."""
    sizes = {file.relative_to(folder).as_posix(): file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    choice = choose(_read(folder / INDEX), sizes, dtype)
    return None if choice.lacking else Snapshot(folder, choice.variant, sum(sizes[name] for name in choice.files), choice.files)


def kind(where: str | Path, revision: str | None = None) -> str:
    """The class of the pipeline of a folder, or of a model of the hub: of its index, that is here or is fetched. Raises AnimateError."""
    from huggingface_hub import constants

    if isinstance(where, Path):
        return str(_read(where / INDEX).get("_class_name"))
    index = next((found for branch in (revision, HALF) if (found := _kept(where, INDEX, branch))), None)
    if index is None:
        if constants.HF_HUB_OFFLINE:
            raise _absent(where, f"use --model {DEFAULT}")
        with _asking(where, revision):
            index = _listed(where, revision)[2]
    return kind(index.parent)


def single(repo: str, name: str | None, usual: Sequence[str] = (), say: Callable[[str], object] = lambda line: None) -> Path:
    """A file of a repository, downloaded unless it is here: the one of this name, else the first of the usual names, else its only one of weights.

    Raises AnimateError; where there are several, they are listed.
    """
    from huggingface_hub import constants, hf_hub_download

    known = [name] if name else usual
    if here := next((found for one in known if (found := _kept(repo, one, None))), None):
        return here
    if name and constants.HF_HUB_OFFLINE:
        raise _absent(f"{repo}/{name}", "leave it out")
    sizes = _files(repo)
    chosen = next((one for one in known if one in sizes), None) or _only(repo, name, sizes)
    if not constants.HF_HUB_OFFLINE:
        _make_sure_of_room(repo, sizes[chosen])
        say(f"downloading {repo}/{chosen}: {amount(sizes[chosen])} into {constants.HF_HUB_CACHE}")
    with _said_plainly(repo, None, _cut(repo)):
        return Path(hf_hub_download(repo, chosen, tqdm_class=_bar(shown=True)))


def size(repo: str, dtype: str, revision: str | None = None) -> int:
    """Bytes that `snapshot` would download now. Raises AnimateError."""
    if cached(repo, dtype, revision):
        return 0
    return sum(_ask(repo, dtype, revision).missing.values())


def amount(count: float) -> str:
    """Bytes, for people, in the units that the hub uses."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def choose(index: Mapping[str, Any], names: Collection[str], dtype: str) -> Choice:
    """The files that diffusers opens, out of a repository's: its index, and of every part that the index names settings and weights."""
    parts = {part: told[1] for part, told in index.items() if isinstance(told, list) and not part.startswith("_") and told[0]}
    files, lacking, variant = [INDEX], [], None
    for part, cls in parts.items():
        inside = [name.removeprefix(f"{part}/") for name in names if name.startswith(f"{part}/")]
        settings = [name for name in inside if name.endswith(SETTINGS) and ".index." not in name and "/" not in name]
        found, half = weights(inside, dtype)
        if not (settings if WEIGHTLESS.search(str(cls)) else found):
            lacking.append(part)
        variant = HALF if half else variant
        files += [f"{part}/{name}" for name in (*settings, *found)]
    return Choice(tuple(sorted(files)), variant, tuple(lacking))


def weights(inside: Iterable[str], dtype: str) -> tuple[list[str], bool]:
    """The best whole set of weights among the files of a part, and whether it is one of float16."""
    found: defaultdict[Kind, list[re.Match[str]]] = defaultdict(list)
    for match in filter(None, map(WEIGHTS.fullmatch, inside)):
        found[f".{HALF}" in match[0], match["suffix"]].append(match)
    for half, suffix in PREFERRED_HALF if dtype == "float16" else PREFERRED:
        if whole := _whole(found[half, suffix]):
            return whole, half
    return [], False


def _whole(found: list[re.Match[str]]) -> list[str]:
    """The one file, or all shards and their index; nothing if some are not there."""
    single = [match[0] for match in found if not match["shard"] and not match["index"]]
    shards = [match for match in found if match["shard"]]
    sharded = shards and len(shards) == int(shards[0]["count"]) and any(match["index"] for match in found)
    return single or ([match[0] for match in found] if sharded else [])


def _kept(repo: str, name: str, revision: str | None) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(repo, name, revision=revision)
    except HFValidationError as error:
        raise AnimateError(f'"{repo}" is no id of the hub; it looks like "owner/name"{suggest(repo)}') from error
    return Path(found) if isinstance(found, str) else None


def _read(index: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(index.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise AnimateError(f"{index} is not what diffusers writes ({str(error).splitlines()[0]}); use another model") from error


def _ask(repo: str, dtype: str, revision: str | None) -> Remote:
    """What the hub has; of two branches, the one that is smaller and as safe."""
    from huggingface_hub.errors import RevisionNotFoundError

    with _asking(repo, revision):
        remote = _branch(repo, dtype, revision)
        if dtype != "float16" or revision or remote.choice.variant:
            return remote
        try:
            half = _branch(repo, dtype, HALF)
        except RevisionNotFoundError:
            return remote
    return half if half.bytes < remote.bytes and half.choice.pickled <= remote.choice.pickled else remote


def _asking(repo: str, revision: str | None) -> contextlib.AbstractContextManager[None]:
    from huggingface_hub import constants

    unreachable = (
        f"{repo}: {constants.ENDPOINT} cannot be reached; check the connection, set HF_ENDPOINT to a mirror, "
        f"or HF_HUB_OFFLINE=1 to use only what is in {constants.HF_HUB_CACHE}"
    )
    return _said_plainly(repo, revision, unreachable)


def _branch(repo: str, dtype: str, revision: str | None) -> Remote:
    commit, sizes, index = _listed(repo, revision)
    choice = choose(_read(index), sizes, dtype)
    if choice.lacking:
        raise AnimateError(f"{repo}: no files for its {', '.join(choice.lacking)} that diffusers can load (.safetensors or .bin); use another model")
    return Remote(repo, commit, sizes, choice)


def _listed(repo: str, revision: str | None) -> tuple[str, dict[str, int], Path]:
    """Of a model of the hub: its commit, its files' bytes by their names, and its index, fetched."""
    from huggingface_hub import hf_hub_download

    commit, sizes = _info(repo, revision)
    if INDEX not in sizes:
        raise AnimateError(_not_a_pipeline(repo, sizes))
    return commit, sizes, Path(hf_hub_download(repo, INDEX, revision=revision))


def _info(repo: str, revision: str | None) -> tuple[str, dict[str, int]]:
    from huggingface_hub import HfApi

    info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=PATIENCE)
    return str(info.sha), {file.rfilename: file.size or 0 for file in info.siblings or []}


def _files(repo: str) -> dict[str, int]:
    """Bytes of a repository's files by their names: of those on the hub or, offline, of those that are here. Raises AnimateError."""
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if not constants.HF_HUB_OFFLINE:
        with _asking(repo, None):
            return _info(repo, None)[1]
    try:
        folder = Path(snapshot_download(repo, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise _absent(repo, "leave it out") from error
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in folder.rglob("*") if file.is_file()}


def _only(repo: str, name: str | None, names: Collection[str]) -> str:
    """The one file of weights in a repository, if none is named; files on top come before those in folders, safetensors before pickles."""
    found = [one for one in names if one.endswith(SINGLE)]
    if not found:
        raise AnimateError(f"{repo} has no file of weights ({', '.join(SINGLE)}); use another one")
    shown = ", ".join([*found[:LISTED], *["..."] * (len(found) > LISTED)])
    if name:
        raise AnimateError(f"{repo} has no {name}; it has {shown}")
    best = [one for one in found if "/" not in one] or found
    best = [one for one in best if one.endswith(".safetensors")] or best
    if len(best) > 1:
        raise AnimateError(f"{repo} has {len(found)} files of weights: {shown}; name one, as in {repo}/{best[0]}")
    return best[0]


def _absent(repo: str, instead: str) -> AnimateError:
    from huggingface_hub import constants

    return AnimateError(f"{repo} is not in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is set; unset it, or {instead}")


def _not_a_pipeline(repo: str, sizes: Mapping[str, int]) -> str:
    single = [name for name in sizes if "/" not in name and name.endswith((".safetensors", ".ckpt"))]
    told = f"{repo} has no {INDEX}: it is not a model in diffusers' format"
    return f"{told}; download {' or '.join(single)} and give its path" if single else f"{told}; use another one"


def _make_sure_of_room(repo: str, missing: int) -> None:
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE).absolute()
    free = shutil.disk_usage(next(folder for folder in (place, *place.parents) if folder.is_dir())).free
    if free < missing:
        raise AnimateError(
            f"{repo} takes {amount(missing)}, and {place} has {amount(free)} free; make room, or set HF_HOME to a folder on another disk"
        )


def _fetch(remote: Remote) -> Path:
    """Settings first: a part that has its weights has all, so that what is here as a whole can be told without the hub's list."""
    from huggingface_hub import snapshot_download

    cut = _cut(remote.repo)
    settings = [name for name in remote.choice.files if name.endswith(SETTINGS)]
    with _said_plainly(remote.repo, remote.commit, cut):
        snapshot_download(remote.repo, revision=remote.commit, allow_patterns=settings, tqdm_class=_bar(shown=False))
        folder = snapshot_download(remote.repo, revision=remote.commit, allow_patterns=[*remote.choice.files], tqdm_class=_bar(shown=True))
    if remote.missing:  # without a list of files, snapshot_download returns what is there
        raise AnimateError(cut)
    return Path(folder)


def _cut(repo: str) -> str:
    return f"{repo}: the download was cut off; run it again: files that are whole are kept"


def _bar(shown: bool) -> Any:
    """huggingface_hub's progress bar, which would also show where there is no terminal."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **settings: Any):
            super().__init__(*args, **(settings | {"disable": None if shown else True}))  # type: ignore[no-untyped-call]  # None: on a terminal

    return Bar


@contextlib.contextmanager
def _said_plainly(repo: str, revision: str | None, broken: str) -> Iterator[None]:
    """What huggingface_hub raises -> one line, `broken` if there was no answer. Its own words are many, and may quote what was sent: left out."""
    from huggingface_hub import get_token
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of httpx, or of httpx2 since version 2
    from huggingface_hub.utils import logging as loudness

    token = get_token()
    if token and not (token.isascii() and token.isprintable()):
        raise AnimateError("the token of the hub has letters that no token has; run hf auth login, or set HF_TOKEN anew")
    loud = loudness.get_verbosity()
    loudness.set_verbosity(logging.ERROR)
    try:
        yield
    except (HTTPError, OSError, RuntimeError) as error:  # hf_xet's are RuntimeErrors
        raise AnimateError(_refused(error, repo, revision) or _unkept(error) or broken) from error
    finally:
        loudness.set_verbosity(loud)


def _refused(error: Exception, repo: str, revision: str | None) -> str | None:
    """What to say of an answer of the hub; None if there was none."""
    from huggingface_hub import constants
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    answer = error.__cause__ if isinstance(error.__cause__, HfHubHTTPError) else error
    page = f"{constants.ENDPOINT}/{repo}"
    match answer:
        case GatedRepoError():
            return f"{repo} is gated: accept its licence at {page}, then run hf auth login"
        case RepositoryNotFoundError():
            return f"{repo} is not on the hub{suggest(repo)}; if it is private, run hf auth login"
        case RevisionNotFoundError():
            return f'{repo} has no revision "{revision}"; those that it has are listed at {page}/tree/main'
        case HfHubHTTPError() if answer.response.status_code == 401:
            return "the hub does not accept your token; run hf auth login, or unset HF_TOKEN"
        case HfHubHTTPError() if answer.response.status_code == 403:
            return f"the hub does not let you have {repo}; see {page}, and give your token the right to read it"
        case HfHubHTTPError():
            return f"{repo}: the hub answered with error {answer.response.status_code}; try again later"
    return None


def _unkept(error: Exception) -> str | None:
    """What to say of a disk that did not take a file; None if it was something else."""
    from huggingface_hub import constants

    if not isinstance(error, OSError) or error.errno is None or isinstance(error, ConnectionError | TimeoutError):
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk of {constants.HF_HUB_CACHE} is full; make room and run it again, or set HF_HOME to a folder on another disk"
    return f"{constants.HF_HUB_CACHE} cannot be written to ({error.strerror}); set HF_HOME to a folder that can"
