"""The studio for everybody, as a Hugging Face Space or any other host: the built-in model, short films, a folder for each visitor.

python examples/space/app.py [PORT]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from animate.film.setup import Setup
from animate.studio.limits import Limits
from animate.studio.serve import Asked, serve

LIMITS = Limits(frames=96, side=256, steps=30, keyframes=12, seeds=8, upload=16, pixels=20, queue=10, kept=20)


def main(port: str = "7860") -> None:
    """Serve on all addresses of this machine: who may come in is the host's to say."""
    with tempfile.TemporaryDirectory(prefix="animate-") as folder:  # of all visitors, and of nobody afterwards
        serve(Asked(Path(folder), Setup(), host="0.0.0.0", port=int(port), limits=LIMITS, browser=False, public=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
