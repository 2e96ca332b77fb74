"""What an image is, everywhere in the package: uint8 numpy arrays, RGB."""

from __future__ import annotations

import numpy as np

Image = np.ndarray  # uint8 (H, W, 3), RGB
Images = np.ndarray  # uint8 (B, H, W, 3), RGB
