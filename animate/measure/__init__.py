"""How far apart two pictures look, how good a film is, and its plot. Knows pixels only."""
