"""A folium map in a page of our own: nothing from outside, a language, zoom not forbidden, the same bytes each time."""

from __future__ import annotations

from typing import ClassVar

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template


class Page(Figure):  # type: ignore[misc]  # folium states no types
    """An accessible HTML page around the map; comments mark where parts are put in afterwards."""

    _template = Template(
        """<!DOCTYPE html>
<html lang="{{ this.lang }}">
<head>
<meta charset="utf-8">
<!--atlas:policy-->
<meta name="viewport" content="width=device-width, initial-scale=1">
<title><!--atlas:title--></title>
<style><!--atlas:styles--></style>
<script><!--atlas:library--></script>
{{ this.header.render(**kwargs) }}
</head>
<body>
<!--atlas:before-->
{{ this.html.render(**kwargs) }}
<!--atlas:after-->
<script type="application/json" id="atlas-data"><!--atlas:data--></script>
<script>
{{ this.script.render(**kwargs) }}
</script>
</body>
</html>
"""
    )

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.lang = lang


class OfflineMap(folium.Map):  # type: ignore[misc]  # folium states no types
    """A folium map that links to nothing; its name does not change from run to run."""

    default_js: ClassVar[list[tuple[str, str]]] = []
    default_css: ClassVar[list[tuple[str, str]]] = []
    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <div class="folium-map" id={{ this.get_name()|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }},
                { center: {{ this.location|tojson }}, ...{{ this.options|tojavascript }} });
        {% endmacro %}
        """
    )


class Start(MacroElement):  # type: ignore[misc]  # folium states no types
    """Hands the finished map and the page's data to the script that draws them."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            AtlasPage.start({{ this._parent.get_name() }},
                JSON.parse(document.getElementById("atlas-data").textContent));
        {% endmacro %}
        """
    )


def offline_page(*, map_id: str, lang: str, location: tuple[float, float], scripts: str) -> str:
    """The page with its marks still empty; ``scripts`` run before the map is made."""
    chart = OfflineMap(
        location=location, zoom_start=8, tiles=None, attribution_control=False, prefer_canvas=False, zoom_snap=0.25
    )
    start = Start()
    for element in (chart, start, chart.global_switches):
        element._id = map_id
    page = Page(lang)
    page.add_child(chart, name="map")
    chart.add_child(start, name="start")
    page.script.add_child(Element("{% raw %}" + scripts + "{% endraw %}"), name="scripts")
    return str(page.render())
