"""What ZOO.md is made of: the sweeps, their records, and the page; see make_zoo.py."""
