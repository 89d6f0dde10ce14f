"""agglo: a planning tool for agglomerations."""
