"""python -m animate"""

from .cli import main

main()
