"""Derives the layers of a new region from an extract of OpenStreetMap and timetables."""
