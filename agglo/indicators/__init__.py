"""Indicators: the registered measures of a case."""
