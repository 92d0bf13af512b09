"""The parts bczoo ships; each family is a plugin of its own, found through the same door as any other."""
