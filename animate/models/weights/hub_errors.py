"""What a failure of the Hugging Face hub means, in one line with the next action. Knows nothing of which files are asked for."""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
from collections.abc import Iterator

from ...errors import AnimateError
from .catalog import suggest


@contextlib.contextmanager
def in_one_line(repo: str, revision: str | None, no_answer: str) -> Iterator[None]:
    """Turns what huggingface_hub raises into an AnimateError: `no_answer` where there was no answer of the hub at all.

    The library's own messages are long and may quote what was sent, the token too: they are left out, those that it logs as well.
    """
    from huggingface_hub import get_token
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of httpx, or of httpx2 since version 2

    token = get_token()
    if token and not (token.isascii() and token.isprintable()):
        raise AnimateError("the token of the hub has letters that no token has; run hf auth login, or set HF_TOKEN anew")
    _log_errors_only()
    try:
        yield
    except (HTTPError, OSError, RuntimeError) as error:  # hf_xet's are RuntimeErrors
        raise AnimateError(_refusal(error, repo, revision) or _disk_failure(error) or no_answer) from error


def cut_off(repo: str) -> str:
    """The message of a download that stopped half-way."""
    return f"{repo}: the download was cut off; run it again: files that are whole are kept"


def unreachable(repo: str) -> str:
    """The message where nobody answers."""
    from huggingface_hub import constants

    return (
        f"{repo}: {constants.ENDPOINT} cannot be reached; check the connection, set HF_ENDPOINT to a mirror, "
        f"or HF_HUB_OFFLINE=1 to use only what is in {constants.HF_HUB_CACHE}"
    )


def not_cached(name: str, instead: str) -> AnimateError:
    """The error of an offline process. name: a repository, or a file in one. instead: what else can be done."""
    from huggingface_hub import constants

    return AnimateError(f"{name} is not in {constants.HF_HUB_CACHE}, and HF_HUB_OFFLINE is set; unset it, or {instead}")


@functools.cache
def _log_errors_only() -> None:
    """Set once in a process and never back, so that threads do not take it from each other. A level that someone else chose stays."""
    from huggingface_hub.utils import logging as hub_logging

    if hub_logging.get_verbosity() == logging.WARNING:
        hub_logging.set_verbosity(logging.ERROR)


def _refusal(error: Exception, repo: str, revision: str | None) -> str | None:
    """The meaning of an answer of the hub; None if there was none."""
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


def _disk_failure(error: Exception) -> str | None:
    """What keeps the disk from taking a file; None if it was something else."""
    from huggingface_hub import constants

    if not isinstance(error, OSError) or error.errno is None or isinstance(error, ConnectionError | TimeoutError):
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk of {constants.HF_HUB_CACHE} is full; make room and run it again, or set HF_HOME to a folder on another disk"
    return f"{constants.HF_HUB_CACHE} cannot be written to ({error.strerror}); set HF_HOME to a folder that can"
