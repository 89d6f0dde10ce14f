"""Maps: results → one-file HTML, GeoPackage and QGIS project, tables."""
