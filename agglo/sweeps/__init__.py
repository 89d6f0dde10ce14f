"""Sweeps: many runs over scenarios, values of parameters and draws, that can be resumed."""
