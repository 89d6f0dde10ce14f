"""The layers: catalogue, readers and the builder of the built-in region."""
