"""The same engine in a browser: pages over `film`'s jobs. Optional: Gradio is imported only where a page is built."""
