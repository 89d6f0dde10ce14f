"""Side-by-side measurements of agglo against other tools, run by hand."""
