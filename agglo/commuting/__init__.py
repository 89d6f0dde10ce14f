"""Commuting: mode choice, generalised cost and flows between zones."""
