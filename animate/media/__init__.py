"""Pixels to files and back: films, stills, sound, recipes as text. Knows nothing of storyboards, prompts or models."""
