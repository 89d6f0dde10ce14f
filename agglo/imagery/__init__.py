"""Imagery: what rasters say of zones, indices, urban cells, change and dasymetric spread."""
