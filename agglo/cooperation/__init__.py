"""Cooperation of municipalities: who does what, what they share, what they build together."""
