"""The A3 print layout of the QGIS project: map, legend, scale, north arrow, sources."""

import math
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from agglo.maps.qml import filled, fonts
from agglo.maps.styles import MapTheme

Extent = tuple[float, float, float, float]
"""West, south, east, north in metres."""

_LAYOUT = """
<Layout name="Карта A3" units="mm" printResolution="200">
  <PageCollection>
    <symbol type="fill" name="" alpha="1">
      <layer class="SimpleFill" enabled="1" pass="0">
        <Option type="Map">
          <Option name="color" type="QString" value="255,255,255,255"/>
          <Option name="outline_style" type="QString" value="no"/>
        </Option>
      </layer>
    </symbol>
    <LayoutItem type="65638" id="page" box="0,0,420,297"/>
  </PageCollection>
  <LayoutItem type="65639" id="map" box="10,28,292,242" frame="true" followPreset="$follow"
      followPresetName="$theme">
    <Extent xmin="$xmin" ymin="$ymin" xmax="$xmax" ymax="$ymax"/>
  </LayoutItem>
  <LayoutItem type="65641" id="title" box="10,4,400,14" font="22,bold" valign="128"
      labelText="[% @project_title %]"/>
  <LayoutItem type="65641" id="abstract" box="10,18,400,8" font="10" valign="32"
      labelText="[% @project_abstract %]"/>
  <LayoutItem type="65642" id="legend" box="306,27,104,200" map_uuid="$map"
      title="Условные обозначения" legendFilterByMap="1" resizeToContents="1"
      columnCount="1" boxSpace="1" symbolWidth="7" symbolHeight="4" titleAlignment="1"
      symbolAlignment="1" lineSpacing="1">
    <styles>
      <style name="title" font="13,bold" marginBottom="1" alignment="1"/>
      <style name="group" font="11,bold" marginTop="4" alignment="1"/>
      <style name="subgroup" font="8.5,bold" marginTop="3" alignment="1"/>
      <style name="symbol" font="9" marginTop="1.5" alignment="1"/>
      <style name="symbolLabel" font="9" marginTop="1.5" marginLeft="2" alignment="1"/>
    </styles>
  </LayoutItem>
  <LayoutItem type="65646" id="scale" box="308,246,100,14" font="9" mapUuid="$map"
      style="Single Box" unitType="km" unitLabel="км" numMapUnitsPerScaleBarUnit="1"
      numUnitsPerSegment="$segment_km" numSegments="2" numSegmentsLeft="0" segmentSizeMode="0"
      height="2.5" labelBarSpace="1.5" boxContentSpace="1" outlineWidth="0.2"/>
  <LayoutItem type="65640" id="north" box="386,244,16,16" mapUuid="$map" mode="0"
      file="arrows/NorthArrow_02.svg" anchorPoint="4"/>
  <LayoutItem type="65641" id="sources" box="10,273,400,20" font="8" valign="32"
      labelText="[% @sources %]"/>
</Layout>"""


def print_layout(themes: Sequence[MapTheme], extent: Extent) -> ET.Element:
    """Print layout; map and legend follow the first theme, or what is switched on."""
    seen = _widened(extent, 292 / 242)
    made = filled(
        _LAYOUT,
        {
            "follow": str(bool(themes)).lower(),
            "theme": themes[0].name if themes else "",
            "map": _uuid("map"),
            "segment_km": f"{_segment_km(seen):g}",
        }
        | corners(seen),
    )
    for item in made.iter("LayoutItem"):
        _complete_item(item)
    for each in list(made.iter()):
        if size := each.attrib.pop("font", ""):
            size_pt, _, weight = size.partition(",")
            tag = "styleFont" if each.tag == "style" else "LabelFont"
            each.extend(fonts(tag, float(size_pt), bold=weight == "bold"))
    return made


def _complete_item(item: ET.Element) -> None:
    """Write out what all items of a layout share; a box is left, top, width, height in mm."""
    left, top, width, height = item.attrib.pop("box").split(",")
    place, uid = f"{left},{top},mm", _uuid(item.attrib["id"])
    item.attrib |= {"position": place, "positionOnPage": place, "size": f"{width},{height},mm"}
    item.attrib |= {"uuid": uid, "templateUuid": uid, "outlineWidthM": "0.2,mm"}
    for name, value in (("visibility", "1"), ("background", "false"), ("frame", "false")):
        item.attrib.setdefault(name, value)


def _segment_km(seen: Extent) -> float:
    """Round length of which two fill about a quarter of the map's width."""
    rough_km = (seen[2] - seen[0]) / 1000 / 8
    power = 10.0 ** math.floor(math.log10(rough_km))
    return max(step * power for step in (1, 2, 5) if step * power <= rough_km)


def _uuid(name: str) -> str:
    """Id of a layout item, the same in every project."""
    return "{" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"agglo/layout/{name}")) + "}"


def _widened(extent: Extent, ratio: float) -> Extent:
    """Extent with a margin of 3 %, of the given ratio of width to height, centred alike."""
    left, low, right, high = extent
    width, height = (right - left) * 1.06, (high - low) * 1.06
    width, height = max(width, height * ratio), max(height, width / ratio)
    x, y = (left + right) / 2, (low + high) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def corners(extent: Extent) -> dict[str, str]:
    """Corners by the names that QGIS gives them."""
    return dict(zip(("xmin", "ymin", "xmax", "ymax"), map(repr, map(float, extent)), strict=True))
