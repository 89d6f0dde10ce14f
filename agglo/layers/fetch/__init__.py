"""The door to the internet: OpenStreetMap, raster files and scenes; no other room uses it."""
