"""Ask a running studio (animate studio) for a film, from any program: python examples/studio_client.py [URL]."""

import shutil
import sys

import httpx
from gradio_client import Client

STORYBOARD = """
keyframes: [a seed, a sprout, a tree]
frames: 12
"""


def main(url: str = "http://127.0.0.1:7860") -> None:
    """Tell how far it is, and keep the film beside this program."""
    try:
        studio = Client(url, verbose=False)
    except httpx.ConnectError as error:
        sys.exit(f"no studio answers at {url} ({error}); start one with: animate studio")
    job = studio.submit(storyboard=STORYBOARD, model="sprout", format=".gif", api_name="/film")
    told = ""
    for progress, _ in job:
        if (line := f"{progress['stage']} {progress.get('done', '')}/{progress.get('total', '')}") != told:
            print(told := line)
    print(shutil.copy(job.outputs()[-1][1], "film-of-the-studio.gif"))


if __name__ == "__main__":
    main(*sys.argv[1:])
