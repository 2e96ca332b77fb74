"""What a file is called that nobody has named. Knows no folder."""

from __future__ import annotations

import re
from collections.abc import Sequence


def free_name(prompts: Sequence[str], suffix: str) -> str:
    """Made of the first prompt and the last; whoever writes it adds a number if it is taken."""
    ends = dict.fromkeys((prompts[0], prompts[-1]))
    return "-to-".join(_slug(prompt) for prompt in ends) + suffix


def _slug(prompt: str) -> str:
    """Lower-case words joined by hyphens, at most 80 bytes."""
    words = re.sub(r"[\W_]+", "-", prompt.lower()).strip("-").encode()[:80].decode(errors="ignore")
    return words.strip("-") or "film"
