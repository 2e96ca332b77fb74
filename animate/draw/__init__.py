"""Cels become latents: batches, feedback, the store. Knows nothing of storyboards, film files or the command line."""
