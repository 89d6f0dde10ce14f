"""Lets ``python -m agglo`` be the command."""

from agglo.cli import main

main()
