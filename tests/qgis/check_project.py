"""Open a QGIS project with PyQGIS, print what it holds as JSON, draw it if asked.

Run by the Python that has QGIS, not by the one that has agglo::

    QT_QPA_PLATFORM=offscreen /usr/bin/python3 tests/qgis/check_project.py agglomeration.qgz \
        --theme "Базовый сценарий" --png map.png --layout-pdf layout.pdf

Ends with 1 where the project does not open, a layer is not valid or an asked theme is missing.
"""

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

try:
    from qgis.core import (
        QgsApplication,
        QgsLayerTreeModel,
        QgsLayoutExporter,
        QgsLayoutItemMap,
        QgsMapRendererParallelJob,
        QgsMapSettings,
        QgsProject,
        QgsRenderContext,
        QgsVectorLayer,
    )
    from qgis.PyQt.QtCore import QSize
    from qgis.PyQt.QtGui import QColor
except ImportError:  # pytest looks for doctests here with a Python that has no QGIS
    QgsApplication = None


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path, help="a .qgz or .qgs file")
    parser.add_argument("--theme", help="theme to draw; without it, the layers switched on")
    parser.add_argument("--png", type=Path, help="draw the map into this file")
    parser.add_argument("--width", type=int, default=1400, help="width of the PNG in pixels")
    parser.add_argument("--layout-pdf", type=Path, help="export the first layout to this file")
    parser.add_argument(
        "--open",
        action="append",
        default=[],
        metavar="FILE.gpkg|layername=TABLE",
        help="also open a table directly and tell how it is drawn; may be repeated",
    )
    return parser.parse_args()


def layer_facts(layer):
    """Tell what a layer is and how it is drawn."""
    facts = {"name": layer.name(), "valid": layer.isValid(), "source": layer.source()}
    facts |= {"crs": layer.crs().authid(), "crs_valid": layer.crs().isValid()}
    if not layer.isValid() or not isinstance(layer, QgsVectorLayer):
        return facts
    renderer = layer.renderer()
    legend = [
        {"label": item.label(), "colour": top_colour(item.symbol())}
        for item in renderer.legendSymbolItems()
        if item.symbol()
    ]
    return facts | {
        "feature_count": layer.featureCount(),
        "drawn_counts": drawn_counts(layer),
        "renderer": renderer.type(),
        "legend": legend,
        "labels": layer.labeling().settings().fieldName if layer.labelsEnabled() else None,
        "opacity": layer.opacity(),
        "aliases": {field.name(): field.alias() for field in layer.fields() if field.alias()},
        "map_tip": layer.mapTipTemplate(),
        "abstract": layer.metadata().abstract(),
        "styles": layer.styleManager().styles(),
        "style": layer.styleManager().currentStyle(),
    }


def top_colour(symbol):
    """Colour of the uppermost part of a symbol: of a line, not of its casing."""
    return symbol.symbolLayer(symbol.symbolLayerCount() - 1).color().name()


def drawn_counts(layer):
    """Count the features by the label of the class that draws them; '' is drawn by none."""
    settings = QgsMapSettings()
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(200, 200))
    context = QgsRenderContext.fromMapSettings(settings)
    context.expressionContext().setFields(layer.fields())
    renderer = layer.renderer().clone()
    labels = {item.ruleKey(): item.label() for item in renderer.legendSymbolItems()}
    renderer.startRender(context, layer.fields())
    counts = Counter()
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        keys = sorted(labels.keys() & renderer.legendKeysForFeature(feature, context))
        counts["; ".join(labels[key] or layer.name() for key in keys)] += 1
    renderer.stopRender(context)
    return dict(counts)


def tree_facts(project):
    """Tell the groups in order, with their layers and whether they are switched on."""
    return [
        {
            "group": group.name(),
            "layers": [
                {"id": node.layerId(), "name": node.name(), "visible": node.isVisible()}
                for node in group.findLayers()
            ],
        }
        for group in project.layerTreeRoot().findGroups()
    ]


def theme_facts(project):
    """Tell which layer is drawn in which style, theme by theme."""
    themes = project.mapThemeCollection()
    return {
        name: {
            record.layer().id(): record.currentStyle
            for record in themes.mapThemeState(name).layerRecords()
            if record.layer()
        }
        for name in themes.mapThemes()
    }


def project_facts(project):
    """Tell what the project holds."""
    extent = project.viewSettings().defaultViewExtent()
    return {
        "title": project.title(),
        "abstract": project.metadata().abstract(),
        "crs": project.crs().authid(),
        "crs_name": project.crs().description(),
        "crs_valid": project.crs().isValid(),
        "extent": [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()],
        "layers": {each.id(): layer_facts(each) for each in project.mapLayers().values()},
        "tree": tree_facts(project),
        "themes": theme_facts(project),
        "layouts": {
            layout.name(): sorted(
                type(item).__name__ for item in layout.items() if hasattr(item, "uuid")
            )
            for layout in project.layoutManager().layouts()
        },
    }


def draw_png(project, path, width):
    """Draw the layers that are switched on over the extent the project opens with."""
    extent = project.viewSettings().defaultViewExtent()
    extent.scale(1.05)
    settings = QgsMapSettings()
    settings.setLayers(project.layerTreeRoot().checkedLayers())
    settings.setDestinationCrs(project.crs())
    settings.setExtent(extent)
    settings.setOutputSize(QSize(width, round(width * extent.height() / extent.width())))
    settings.setOutputDpi(120)
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    if not job.renderedImage().save(str(path)):
        raise SystemExit(f"{path}: cannot write the picture")
    return [error.message for error in job.errors()]


def export_layout(project, path, theme):
    """Export the first layout, its map in the asked theme."""
    layout = project.layoutManager().printLayouts()[0]
    for item in layout.items():
        if theme and isinstance(item, QgsLayoutItemMap):
            item.setFollowVisibilityPresetName(theme)
    exporter = QgsLayoutExporter(layout)
    if exporter.exportToPdf(str(path), exporter.PdfExportSettings()) != exporter.Success:
        raise SystemExit(f"{path}: cannot export the layout: {exporter.errorMessage()}")


def main():
    """Open, tell, draw."""
    if QgsApplication is None:
        raise SystemExit(f"{sys.executable} has no QGIS; apt-get install python3-qgis")
    asked = arguments()
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    if not project.read(str(asked.project)):
        raise SystemExit(f"{asked.project}: {project.error()}")
    facts = project_facts(project)
    if asked.theme:
        if asked.theme not in facts["themes"]:
            raise SystemExit(f"no theme {asked.theme!r}; there are {list(facts['themes'])}")
        root = project.layerTreeRoot()
        project.mapThemeCollection().applyTheme(asked.theme, root, QgsLayerTreeModel(root))
    if asked.png:
        facts["drawing_errors"] = draw_png(project, asked.png, asked.width)
    if asked.layout_pdf:
        export_layout(project, asked.layout_pdf, asked.theme)
    facts["opened"] = {each: layer_facts(QgsVectorLayer(each, "x")) for each in asked.open}
    everything = [*facts["layers"].values(), *facts["opened"].values()]
    sys.stdout.buffer.write(json.dumps(facts, ensure_ascii=False, indent=1).encode() + b"\n")
    sys.stdout.flush()
    # QGIS crashes now and then while Python tears it down; the answer is already out.
    os._exit(0 if all(each["valid"] for each in everything) else 1)


if __name__ == "__main__":
    main()
