"""The builder of the built-in region: derives `layers/` from a folder of source data."""
