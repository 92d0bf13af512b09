"""`python -m bczoo`."""

from bczoo.cli import main

main()
