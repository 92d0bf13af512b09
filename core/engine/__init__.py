"""The heavy half of bczoo: everything that needs torch, numpy or a simulator lives here."""
