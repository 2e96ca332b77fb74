"""How weights get here: names, the hub, single files, extras, fingerprints. Knows nothing of how a picture is denoised."""
