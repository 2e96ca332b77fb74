"""What families are built of: text, VAE, samplers, safety, precision. Knows nothing of storyboards, films or where weights come from."""
