"""Opens a QGIS project as a person would: every layer valid, every layout drawn. Run by the system's Python."""

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")

from qgis.core import Qgis, QgsApplication, QgsLayoutExporter, QgsProject


def main(path: str, image: str) -> int:
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    bad = [] if project.read(path) else [f"cannot be read: {project.error()}"]
    if project.crs().authid() != "EPSG:3763":
        bad.append(f"reference system {project.crs().authid()!r}")
    for layer in project.mapLayers().values():
        rules = len(layer.renderer().rootRule().children()) if layer.isValid() else 0
        print(f"  {layer.name()}: {layer.featureCount()} features, {rules} rules, labels {layer.labelsEnabled()}")
        if not layer.isValid() or not layer.featureCount() or not rules:
            bad.append(layer.name())
    layouts = project.layoutManager().layouts()
    if not layouts:
        bad.append("no layout")
    for layout in layouts:
        settings = QgsLayoutExporter.ImageExportSettings()
        settings.dpi = 110
        settings.generateWorldFile = False
        if QgsLayoutExporter(layout).exportToImage(image, settings) != QgsLayoutExporter.Success:
            bad.append(f"layout {layout.name()}")
    print(f"QGIS {Qgis.QGIS_VERSION}: {', '.join(bad) or 'all layers valid, layout drawn'}")
    application.exitQgis()
    return 1 if bad else 0


sys.exit(main(*sys.argv[1:3]))
