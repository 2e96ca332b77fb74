"""Films drawn by several processes, on this machine or on many. Knows what a batch is, and no film, storyboard or file that is written."""
