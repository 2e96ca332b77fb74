"""The same engine in a browser: pages over the jobs of `film`. Imports Gradio only where a page is built, and knows nothing of the command line."""
