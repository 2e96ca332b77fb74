"""What an image is, everywhere in the package: uint8 numpy arrays, RGB."""

from __future__ import annotations

import io

import numpy as np

Image = np.ndarray  # uint8 (H, W, 3), RGB
Images = np.ndarray  # uint8 (B, H, W, 3), RGB


class Picture(np.ndarray):
    """An image that a notebook shows where it is the last line of a cell. What is computed from it (a mean, a channel) is shown as numbers."""

    def _repr_png_(self) -> bytes | None:
        return png(self) if self.dtype == np.uint8 and self.ndim == 3 and self.shape[2] == 3 and self.size else None


def png(image: Image) -> bytes:
    """The file of an image."""
    import PIL.Image  # here: planning a film needs no pictures

    file = io.BytesIO()
    PIL.Image.fromarray(np.asarray(image)).save(file, "PNG")
    return file.getvalue()
