"""Reads the tensors of a file, safetensors or pickled, and runs none of the code that a pickle may hold. Knows no model."""

from __future__ import annotations

import pickle
import pickletools
import re
import threading
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors.torch import load_file
from torch import Tensor

from ...errors import AnimateError, one_line

# What training leaves in a pickle beside the tensors: callbacks, settings, scores, dates. Something inert takes the place of each.
LEFTOVERS = re.compile(
    r"(pytorch_lightning|lightning|lightning_fabric|lightning_utilities|omegaconf|easydict)\..+"
    r"|numpy\.(dtype|ndarray|dtypes\.\w+|random\..+|_?core\.multiarray\.(scalar|_reconstruct))"
    r"|argparse\.Namespace|collections\.defaultdict|uuid\.UUID|datetime\.(datetime|date|time|timedelta|timezone)"
    r"|pathlib(\._local)?\.(Pure)?(Posix|Windows)?Path"
    r"|typing\.\w+|_?operator\.getitem|copyreg\._reconstructor"
    r"|builtins\.(int|float|complex|str|bool|bytes|dict|list|tuple|set|frozenset|slice|range|object|type)"
)
DICTS = re.compile(r"collections\.defaultdict|.+\.(AttributeDict|EasyDict)")  # leftovers that are filled as a dict is
PICKLES = 5  # at the beginning of an older file: a magic number, the version, the machine, the content, the keys of the storages after it
_ALLOWING = threading.Lock()  # torch has one list of allowed names for all threads, and does not name those on it as unsafe


class _Leftover:
    """Stands for whatever training pickled beside the weights: takes anything, does nothing."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _LeftoverDict:
    """Stands for a kind of dict: makes a plain one, whatever it is given, for the weights may be in it."""

    def __new__(cls, *args: object) -> Any:
        return OrderedDict[object, object]()


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, on the CPU. Raises AnimateError for a file that is broken or holds code."""
    try:
        zipped, pickled = _kind(path)
        content: Any = _unpickle(path, zipped) if pickled else load_file(path)
        state = content.get("state_dict", content) if isinstance(content, dict) else {}
        return {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
    except AnimateError:
        raise
    except Exception as error:  # a broken pickle can fail in any way
        reason = one_line(error, 100) or type(error).__name__
        raise AnimateError(f"{path} is not a checkpoint, or not a whole one ({reason}); get it again, as .safetensors") from error


def refuse_code(path: Path) -> None:
    """Raises AnimateError, as `read` does, for a file that others are to load, and that they would refuse with many words."""
    if _kind(path)[1]:
        read(path)


def _kind(path: Path) -> tuple[bool, bool]:
    """Whether a file is a zip archive of torch, and whether it is a pickle of either format."""
    with path.open("rb") as file:
        start = file.read(9)
    zipped = start.startswith(b"PK\x03\x04")
    # safetensors begins with a length in eight bytes, of which the first may be a pickle's, and then with JSON.
    return zipped, zipped or (start[:1] == b"\x80" and start[8:] != b"{")


def _unpickle(path: Path, zipped: bool) -> Any:
    """What torch.save wrote; of a zip, tensors stay on the disk until they are used."""
    with _ALLOWING:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path) if zipped else _names_in_older(path)
        # Of the older format all names are listed; torch itself refuses those that are neither its own nor leftovers.
        unknown = sorted(name for name in names if not LEFTOVERS.fullmatch(name)) if zipped else []
        if unknown:
            raise _holds_code(path, ", ".join(unknown))
        inert = [(_LeftoverDict if DICTS.fullmatch(name) else _Leftover, name) for name in names if LEFTOVERS.fullmatch(name)]
        with torch.serialization.safe_globals([*inert]):
            try:
                return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
            except pickle.UnpicklingError as error:
                refused = re.search(r"GLOBAL ([\w.]+)", str(error))
                if refused is None:
                    raise
                raise _holds_code(path, refused[1]) from error


def _names_in_older(path: Path) -> list[str]:
    """The classes and functions that the pickles of an older file name, read and not run."""
    with path.open("rb") as file:
        return sorted({name for _ in range(PICKLES) for name in _names(file)})


def _names(file: BinaryIO) -> Iterator[str]:
    """Those of the next pickle of a file."""
    for operation, argument, _ in pickletools.genops(file):
        if operation.name == "GLOBAL":
            module, _, name = str(argument).partition(" ")
            # torch.save writes names as Python 2 had them: "__builtin__ long" is builtins.int.
            yield ".".join(NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name)))


def _holds_code(path: Path, names: str) -> AnimateError:
    return AnimateError(f"{path} holds code besides tensors ({names}); it is not loaded: ask for a .safetensors file")
