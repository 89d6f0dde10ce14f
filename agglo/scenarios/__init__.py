"""Scenarios: ordered lists of registered changes, each leaving a receipt."""
