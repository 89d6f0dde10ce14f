"""Scoring: anchored value functions, goal scores and their ranges."""
