"""Beginnings of one's own: a plugin package, and a spec made of chosen parts."""
