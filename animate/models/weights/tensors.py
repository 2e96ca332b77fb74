"""Reads the tensors of a file, safetensors or pickled, and runs none of the code that a pickle may hold. Knows no model."""

from __future__ import annotations

import pickle
import re
import threading
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from ...errors import AnimateError, one_line

# What training leaves in a pickle beside the tensors; a _Leftover takes its place.
LEFTOVERS = re.compile(r"(pytorch_lightning|lightning|lightning_fabric)\..+|numpy\.(dtype|ndarray)|numpy\._?core\.multiarray\.(scalar|_reconstruct)")
_ALLOWING = threading.Lock()  # torch has one list of allowed names for all threads, and does not name those on it as unsafe


class _Leftover:
    """Stands for whatever training pickled beside the weights: takes anything, does nothing."""

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, on the CPU. Raises AnimateError for a file that is broken or holds code."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        zipped = start == b"PK\x03\x04"
        content: Any = _unpickle(path, zipped) if zipped or start[:1] == b"\x80" else load_file(path)
        state = content.get("state_dict", content) if isinstance(content, dict) else {}
        return {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
    except AnimateError:
        raise
    except Exception as error:  # a broken pickle can fail in any way
        reason = one_line(error, 100) or type(error).__name__
        raise AnimateError(f"{path} is not a checkpoint, or not a whole one ({reason}); get it again, as .safetensors") from error


def _unpickle(path: Path, zipped: bool) -> Any:
    """What torch.save wrote; of a zip, tensors stay on the disk until they are used."""
    with _ALLOWING:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path) if zipped else []
        unknown = sorted(name for name in names if not LEFTOVERS.fullmatch(name))
        if unknown:
            raise _holds_code(path, ", ".join(unknown))
        with torch.serialization.safe_globals([(_Leftover, name) for name in names]):
            try:
                return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
            except pickle.UnpicklingError as error:
                refused = re.search(r"GLOBAL ([\w.]+)", str(error))  # of the older format, whose names torch cannot list beforehand
                if refused is None:
                    raise
                raise _holds_code(path, refused[1]) from error


def _holds_code(path: Path, names: str) -> AnimateError:
    return AnimateError(f"{path} holds code besides tensors ({names}); it is not loaded: ask for a .safetensors file")
