"""Where weights come from: names, the hub, single files, extras, fingerprints. Knows nothing of how a picture is denoised."""
