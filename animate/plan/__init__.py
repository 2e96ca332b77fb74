"""Frames become cels: exact, with shared beginnings, or fed back. Knows nothing of tensors, devices or files."""
