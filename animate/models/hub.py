"""Models of the Hugging Face hub -> folders on this disk, with exactly the files that diffusers opens.

    snapshot    a repository -> a folder, downloaded unless it is here
    cached      the folder of what is here already
    opened      a folder -> what diffusers opens in it
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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import AnimateError
from .catalog import DEFAULT, suggest

INDEX = "model_index.json"
HALF = "fp16"  # as files of float16 weights are marked, and the branch that repositories of 2022 keep them on
PATIENCE = 30.0  # seconds for the hub's list of files
SETTINGS = (".json", ".txt", ".model")  # configurations and vocabularies, a few MB at most

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
            raise AnimateError(f"{repo} is not in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is set; unset it, or use --model {DEFAULT}")
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
    for part, kind in parts.items():
        inside = [name.removeprefix(f"{part}/") for name in names if name.startswith(f"{part}/")]
        settings = [name for name in inside if name.endswith(SETTINGS) and ".index." not in name and "/" not in name]
        weights, half = _weights(inside, dtype)
        if not (settings if WEIGHTLESS.search(str(kind)) else weights):
            lacking.append(part)
        variant = HALF if half else variant
        files += [f"{part}/{name}" for name in (*settings, *weights)]
    return Choice(tuple(sorted(files)), variant, tuple(lacking))


def _weights(inside: Iterable[str], dtype: str) -> tuple[list[str], bool]:
    """The best whole set of weights among the files of a part, and whether it is one of float16."""
    found: defaultdict[Kind, list[re.Match[str]]] = defaultdict(list)
    for match in filter(None, map(WEIGHTS.fullmatch, inside)):
        found[f".{HALF}" in match[0], match["suffix"]].append(match)
    for kind in PREFERRED_HALF if dtype == "float16" else PREFERRED:
        if whole := _whole(found[kind]):
            return whole, kind[0]
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
    from huggingface_hub import constants
    from huggingface_hub.errors import RevisionNotFoundError

    unreachable = (
        f"{repo}: {constants.ENDPOINT} cannot be reached; check the connection, set HF_ENDPOINT to a mirror, "
        f"or HF_HUB_OFFLINE=1 to use only what is in {constants.HF_HUB_CACHE}"
    )
    with _said_plainly(repo, revision, unreachable):
        remote = _branch(repo, dtype, revision)
        if dtype != "float16" or revision or remote.choice.variant:
            return remote
        try:
            half = _branch(repo, dtype, HALF)
        except RevisionNotFoundError:
            return remote
    return half if half.bytes < remote.bytes and half.choice.pickled <= remote.choice.pickled else remote


def _branch(repo: str, dtype: str, revision: str | None) -> Remote:
    from huggingface_hub import HfApi, hf_hub_download

    info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=PATIENCE)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    if INDEX not in sizes:
        raise AnimateError(_not_a_pipeline(repo, sizes))
    choice = choose(_read(Path(hf_hub_download(repo, INDEX, revision=revision))), sizes, dtype)
    if choice.lacking:
        raise AnimateError(f"{repo}: no files for its {', '.join(choice.lacking)} that diffusers can load (.safetensors or .bin); use another model")
    return Remote(repo, str(info.sha), sizes, choice)


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

    cut = f"{remote.repo}: the download was cut off; run it again: files that are whole are kept"
    settings = [name for name in remote.choice.files if name.endswith(SETTINGS)]
    with _said_plainly(remote.repo, remote.commit, cut):
        snapshot_download(remote.repo, revision=remote.commit, allow_patterns=settings, tqdm_class=_bar(shown=False))
        folder = snapshot_download(remote.repo, revision=remote.commit, allow_patterns=[*remote.choice.files], tqdm_class=_bar(shown=True))
    if remote.missing:  # without a list of files, snapshot_download returns what is there
        raise AnimateError(cut)
    return Path(folder)


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
