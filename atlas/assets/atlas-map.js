/* The atlas's map on Leaflet: outlines drawn once, repainted by an array of classes; places on canvas.
 *
 *   AtlasMap.load(url)           a promise of the outlines, fetched once for each address
 *   AtlasMap.draw(map, options)  draws, or repaints what is drawn already; returns the drawing
 *
 * options (all but the first needed once; later calls change only what they name):
 *   outlines   what `atlas.maps.outlines` made: codes, names, parents, shapes, borders (plain object)
 *   classes    class of each unit, in the outlines' order: 0 the lowest, -1 insufficient data, null out of sight
 *   palette    a colour for each class
 *   values     text for each unit, shown with its name when the pointer rests on it
 *   uncertain  for each unit whether its class is uncertain (dotted edge)
 *   legend     { title, labels[], missing, uncertain, notes[] }: one label a class
 *   places     [{ id, name, colour, symbol, shown, lon[], lat[], names[], kinds[] }] in degrees; with lines[], where a
 *              layer has them, encoded as the outlines' borders are
 *   selected   code of the selected unit, or null
 *   onSelect   called with the code when a unit is clicked
 *   onPlace    called with (layer id, position in the layer) when a place is clicked
 *   attribution        who must be named; attributionShort, where given, stands alone until it is opened
 *   north, zoomIn, zoomOut, layersTitle   texts
 *
 * Every text is set as text, never as HTML.
 */
(function (root) {
  "use strict";

  var INK = "#1b3a57", PAPER = "#ffffff", SECONDARY = "#5b6770";
  var HATCH = "atlas-hatch";
  var REACH_PX = 9, NARROW_PX = 480;
  var loaded = {};

  function element(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined && text !== null) { node.textContent = text; }
    return node;
  }

  /* Outlines travel as differences of whole numbers; one ring is [x, y, dx, dy, …], not closed. */
  function decodeLine(line, scale) {
    var points = new Array(line.length / 2), x = 0, y = 0;
    for (var i = 0; i < line.length; i += 2) {
      x += line[i];
      y += line[i + 1];
      points[i / 2] = [y / scale, x / scale];
    }
    return points;
  }

  function decodeShape(shape, scale) {
    return shape.map(function (polygon) {
      return polygon.map(function (ring) { return decodeLine(ring, scale); });
    });
  }

  function load(url) {
    if (!loaded[url]) {
      loaded[url] = fetch(url).then(function (answer) {
        if (!answer.ok) { throw new Error("HTTP " + answer.status); }
        return answer.json();
      });
      loaded[url].catch(function () { delete loaded[url]; });
    }
    return loaded[url];
  }

  /* Symbols of places: a shape beside the colour, so that neither stands alone. */
  function trace(context, symbol, x, y, r) {
    context.beginPath();
    if (symbol === "square") {
      context.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
    } else if (symbol === "triangle") {
      polygon(context, x, y + r * 0.2, r * 1.2, 3);
    } else if (symbol === "diamond") {
      polygon(context, x, y, r * 1.2, 4);
    } else if (symbol === "star") {
      star(context, x, y, r * 1.35);
    } else if (symbol === "cross") {
      cross(context, x, y, r);
    } else {
      context.arc(x, y, r, 0, Math.PI * 2);
    }
    context.closePath();
  }

  function polygon(context, x, y, r, corners) {
    for (var i = 0; i < corners; i += 1) {
      var angle = -Math.PI / 2 + (i * 2 * Math.PI) / corners;
      context[i ? "lineTo" : "moveTo"](x + r * Math.cos(angle), y + r * Math.sin(angle));
    }
  }

  function star(context, x, y, r) {
    for (var i = 0; i < 10; i += 1) {
      var angle = -Math.PI / 2 + (i * Math.PI) / 5, size = i % 2 ? r * 0.45 : r;
      context[i ? "lineTo" : "moveTo"](x + size * Math.cos(angle), y + size * Math.sin(angle));
    }
  }

  function cross(context, x, y, r) {
    var t = r * 0.4, corners = [[-t, -r], [t, -r], [t, -t], [r, -t], [r, t], [t, t], [t, r], [-t, r], [-t, t], [-r, t],
      [-r, -t], [-t, -t]];
    corners.forEach(function (corner, i) { context[i ? "lineTo" : "moveTo"](x + corner[0], y + corner[1]); });
  }

  function symbolClass() {
    return L.CircleMarker.extend({
      _updatePath: function () {
        var context = this._renderer._ctx, point = this._point;
        if (!this._renderer._drawing || this._empty()) { return; }
        trace(context, this.options.symbol, point.x, point.y, this._radius);
        this._renderer._fillStroke(context, this);
      }
    });
  }

  /* The sign of a layer or class in a legend, drawn with the same shapes. */
  function sign(colour, symbol) {
    var canvas = element("canvas", "atlas-sign");
    canvas.width = canvas.height = 32;
    canvas.setAttribute("aria-hidden", "true");
    var context = canvas.getContext("2d");
    trace(context, symbol, 16, 16, 10);
    context.fillStyle = colour;
    context.strokeStyle = INK;
    context.lineWidth = 2;
    context.fill();
    context.stroke();
    return canvas;
  }

  function Drawing(map) {
    this.map = map;
    this.index = {};
    this.units = [];
    this.state = { classes: [], palette: [], values: [], uncertain: [], selected: null };
    this.layers = {};
    this.texts = {};
    var self = this;
    map.on("click", function (event) { self.hit(event, true); });
    map.on("mousemove", function (event) { self.hit(event, false); });
  }

  Drawing.prototype.change = function (options) {
    var state = this.state, self = this;
    ["onSelect", "onPlace"].forEach(function (name) {
      if (options[name]) { self[name] = options[name]; }
    });
    if (options.outlines && options.outlines.id !== this.outlinesId) { this.drawUnits(options.outlines); }
    ["classes", "palette", "values", "uncertain"].forEach(function (name) {
      if (options[name]) { state[name] = options[name]; }
    });
    if (options.classes || options.palette || options.uncertain) { this.paint(); }
    if (options.legend) { this.drawLegend(options.legend); }
    if (options.places) { this.drawPlaces(options.places, options.layersTitle); }
    this.furnish(options);
    if (options.selected !== undefined) { this.select(options.selected); }
    return this;
  };

  Drawing.prototype.pane = function (name, height, alive) {
    var pane = this.map.getPane(name) || this.map.createPane(name);
    pane.style.zIndex = height;
    if (!alive) { pane.style.pointerEvents = "none"; }
    return name;
  };

  Drawing.prototype.drawUnits = function (outlines) {
    var self = this, map = this.map, scale = Math.pow(10, outlines.decimals);
    if (this.group) { map.removeLayer(this.group); }
    this.outlinesId = outlines.id;
    this.outlines = outlines;
    this.index = {};
    var renderer = L.svg({ pane: this.pane("atlas-units", 400, true), padding: 0.5 });
    this.group = L.featureGroup().addTo(map);
    this.units = outlines.shapes.map(function (shape, i) {
      self.index[outlines.codes[i]] = i;
      var unit = L.polygon(decodeShape(shape, scale), {
        renderer: renderer, pane: "atlas-units", color: INK, weight: 0.6, opacity: 0.55, fillOpacity: 0, smoothFactor: 0.5
      });
      unit.on("click", function () { self.pick(outlines.codes[i]); });
      unit.on("mouseover", function (event) { self.tell(i, event); });
      unit.on("mouseout", function () { self.hush(); });
      return unit.addTo(self.group);
    });
    var borders = (outlines.borders || []).map(function (line) { return decodeLine(line, scale); });
    L.polyline(borders, {
      renderer: L.svg({ pane: this.pane("atlas-borders", 410), padding: 0.5 }), pane: "atlas-borders", color: INK,
      weight: 1.4, opacity: 0.9, interactive: false, smoothFactor: 0.5
    }).addTo(this.group);
    hatch(renderer._container);
    if (outlines.shapes.length) { map.fitBounds(this.group.getBounds(), { animate: false }); }
  };

  function hatch(svg) {
    var space = "http://www.w3.org/2000/svg";
    function make(tag, attributes) {
      var node = document.createElementNS(space, tag);
      Object.keys(attributes).forEach(function (name) { node.setAttribute(name, attributes[name]); });
      return node;
    }
    var pattern = make("pattern", {
      id: HATCH, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"
    });
    pattern.appendChild(make("line", { x1: 0, y1: 0, x2: 0, y2: 7, stroke: SECONDARY, "stroke-width": 2.4 }));
    var definitions = make("defs", {});
    definitions.appendChild(pattern);
    svg.insertBefore(definitions, svg.firstChild);
  }

  Drawing.prototype.paint = function () {
    var state = this.state;
    this.units.forEach(function (unit, i) {
      var found = state.classes[i], out = found === null || found === undefined;
      var doubtful = Boolean(state.uncertain[i]) && !out && found >= 0;
      unit.setStyle({
        fillColor: found === -1 ? "url(#" + HATCH + ")" : state.palette[found] || PAPER,
        fillOpacity: out ? 0 : 1,
        opacity: out ? 0.2 : doubtful ? 1 : 0.55,
        weight: doubtful ? 1.6 : 0.6,
        dashArray: doubtful ? "1 4" : null
      });
    });
  };

  Drawing.prototype.tell = function (i, event) {
    var box = element("div"), texts = this.texts, state = this.state;
    box.appendChild(element("strong", "", this.outlines.names[i]));
    if (state.values[i]) { box.appendChild(element("div", "", state.values[i])); }
    var found = state.classes[i], labels = (texts.legend || {}).labels || [];
    if (found === -1 && texts.legend) { box.appendChild(element("div", "", texts.legend.missing)); }
    if (found >= 0 && labels[found] && labels.length > 1) {
      box.appendChild(element("div", "atlas-muted", (found + 1) + "/" + labels.length + " · " + labels[found]));
    }
    this.hint(box, event.latlng);
  };

  Drawing.prototype.hint = function (box, spot) {
    if (!this.tooltip) { this.tooltip = L.tooltip({ className: "atlas-tooltip", direction: "top", opacity: 1 }); }
    this.tooltip.setLatLng(spot).setContent(box).addTo(this.map);
  };

  Drawing.prototype.hush = function () {
    if (this.tooltip) { this.map.removeLayer(this.tooltip); }
  };

  Drawing.prototype.pick = function (code) {
    if (this.overPlace) { return; }
    this.select(code);
    if (this.onSelect) { this.onSelect(code); }
  };

  /* The selected unit: a line of 3 px in ink over a white casing, never a fill. */
  Drawing.prototype.select = function (code) {
    var unit = this.units[this.index[code]], pane = this.pane("atlas-selection", 460);
    this.state.selected = unit ? code : null;
    if (this.selection) { this.map.removeLayer(this.selection); this.selection = null; }
    if (!unit) { return; }
    var renderer = this.selectionRenderer || (this.selectionRenderer = L.svg({ pane: pane, padding: 0.5 }));
    var line = { renderer: renderer, pane: pane, fill: false, interactive: false, smoothFactor: 0.5, lineJoin: "round" };
    var shape = unit.getLatLngs();
    this.selection = L.layerGroup([
      L.polygon(shape, Object.assign({}, line, { color: PAPER, weight: 7, opacity: 1 })),
      L.polygon(shape, Object.assign({}, line, { color: INK, weight: 3, opacity: 1 }))
    ]).addTo(this.map);
  };

  /* Show units by code: all of them within sight. */
  Drawing.prototype.fit = function (codes) {
    var box = L.latLngBounds([]), self = this;
    codes.forEach(function (code) {
      var unit = self.units[self.index[code]];
      if (unit) { box.extend(unit.getBounds()); }
    });
    if (box.isValid()) { this.map.fitBounds(box, { maxZoom: 14, padding: [64, 64], animate: false }); }
  };

  Drawing.prototype.drawPlaces = function (places, title) {
    var self = this, map = this.map, Symbol = symbolClass();
    Object.keys(this.layers).forEach(function (id) {
      map.removeLayer(self.layers[id].group);
      map.removeLayer(self.layers[id].lines);
    });
    this.layers = {};
    var renderer = this.canvas || (this.canvas = L.canvas({ pane: this.pane("atlas-places", 440), padding: 0.3 }));
    places.forEach(function (layer) {
      var group = L.layerGroup(layer.lon.map(function (lon, i) {
        return new Symbol([layer.lat[i], lon], {
          renderer: renderer, pane: "atlas-places", interactive: false, symbol: layer.symbol, radius: 5,
          color: PAPER, weight: 1.2, fillColor: layer.colour, fillOpacity: 1
        });
      }));
      self.layers[layer.id] = { group: group, lines: self.lines(layer), layer: layer };
      if (layer.shown) { self.showPlaces(layer.id, true); }
    });
    if (title !== null) { this.drawToggles(places, title); }
  };

  Drawing.prototype.showPlaces = function (id, on) {
    var held = this.layers[id];
    if (!held) { return; }
    var map = this.map;
    [held.lines, held.group].forEach(function (group) { if (on) { group.addTo(map); } else { map.removeLayer(group); } });
    held.layer.shown = on;
  };

  /* Lines of a layer: dashed over a white casing and without a fill, so that the classes below stay to be read. */
  Drawing.prototype.lines = function (layer) {
    if (!layer.lines || !layer.lines.length) { return L.layerGroup(); }
    var scale = Math.pow(10, this.outlines.decimals), pane = this.pane("atlas-lines", 430);
    var renderer = this.lineCanvas || (this.lineCanvas = L.canvas({ pane: pane, padding: 0.3 }));
    var lines = layer.lines.map(function (line) { return decodeLine(line, scale); });
    var style = { renderer: renderer, pane: pane, interactive: false, smoothFactor: 0.5, opacity: 0.9 };
    return L.layerGroup([
      L.polyline(lines, Object.assign({}, style, { color: PAPER, weight: 4.5 })),
      L.polyline(lines, Object.assign({}, style, { color: layer.colour, weight: 2.2, dashArray: "7 4" }))
    ]);
  };

  /* Which place is under the pointer: the canvas itself lets every event through to the outlines below it. */
  Drawing.prototype.nearest = function (event) {
    var spot = this.map.latLngToLayerPoint(event.latlng), best = null, least = REACH_PX * REACH_PX, self = this;
    Object.keys(this.layers).forEach(function (id) {
      var held = self.layers[id];
      if (!self.map.hasLayer(held.group)) { return; }
      held.group.getLayers().forEach(function (marker, i) {
        if (!marker._point) { return; }
        var dx = marker._point.x - spot.x, dy = marker._point.y - spot.y, distance = dx * dx + dy * dy;
        if (distance < least) { least = distance; best = { id: id, layer: held.layer, at: i, marker: marker }; }
      });
    });
    return best;
  };

  Drawing.prototype.hit = function (event, clicked) {
    var found = this.nearest(event);
    this.overPlace = Boolean(found);
    if (!found) {
      if (this.toldPlace) { this.hush(); this.toldPlace = false; }
      return;
    }
    var box = element("div"), layer = found.layer;
    box.appendChild(element("strong", "", layer.names[found.at] || "—"));
    box.appendChild(element("div", "", (layer.kinds && layer.kinds[found.at]) || layer.name));
    if (clicked) {
      this.hush();
      L.popup({ className: "atlas-popup", autoPan: true }).setLatLng(found.marker.getLatLng()).setContent(box)
        .openOn(this.map);
      if (this.onPlace) { this.onPlace(found.id, found.at); }
    } else {
      this.hint(box, found.marker.getLatLng());
      this.toldPlace = true;
    }
  };

  Drawing.prototype.control = function (name, position, node) {
    if (this[name]) { this.map.removeControl(this[name]); }
    var Control = L.Control.extend({
      onAdd: function () {
        L.DomEvent.disableClickPropagation(node);
        L.DomEvent.disableScrollPropagation(node);
        return node;
      }
    });
    this[name] = new Control({ position: position }).addTo(this.map);
  };

  Drawing.prototype.drawLegend = function (legend) {
    var box = element("details", "atlas-legend"), palette = this.state.palette;
    box.open = this.legendOpen === undefined ? this.map.getSize().x >= NARROW_PX : this.legendOpen;
    this.texts.legend = legend;
    box.appendChild(element("summary", "", legend.title));
    var self = this;
    box.addEventListener("toggle", function () { self.legendOpen = box.open; });
    var list = box.appendChild(element("ul"));
    function row(style, text) {
      var item = list.appendChild(element("li")), mark = item.appendChild(element("span", "atlas-box " + style));
      mark.setAttribute("aria-hidden", "true");
      item.appendChild(element("span", "", text));
      return mark;
    }
    legend.labels.forEach(function (label, i) { row("", label).style.background = palette[i]; });
    if (legend.missing) { row("atlas-box-hatch", legend.missing); }
    if (legend.uncertain) { row("atlas-box-dotted", legend.uncertain); }
    (legend.notes || []).forEach(function (note) { box.appendChild(element("p", "atlas-muted", note)); });
    this.control("legendControl", "bottomright", box);
  };

  Drawing.prototype.drawToggles = function (places, title) {
    var self = this, box = element("details", "atlas-toggles");
    box.appendChild(element("summary", "", title || "Camadas"));
    places.forEach(function (layer) {
      var label = box.appendChild(element("label")), input = label.appendChild(element("input"));
      input.type = "checkbox";
      input.checked = Boolean(layer.shown);
      input.addEventListener("change", function () { self.showPlaces(layer.id, input.checked); });
      label.appendChild(sign(layer.colour, layer.symbol));
      label.appendChild(element("span", "", layer.name + " (" + layer.lon.length + ")"));
    });
    this.control("toggleControl", "topright", box);
  };

  /* Scale bar, north, attribution: set once, on every map. */
  Drawing.prototype.furnish = function (options) {
    if (!this.scale) { this.scale = L.control.scale({ imperial: false, maxWidth: 120 }).addTo(this.map); }
    if (options.north) {
      var north = element("div", "atlas-north", "↑ " + options.north);
      this.control("northControl", "bottomleft", north);
    }
    if (options.attribution) {
      var box = element(options.attributionShort ? "details" : "div", "atlas-attribution");
      if (options.attributionShort) { box.appendChild(element("summary", "", options.attributionShort)); }
      box.appendChild(element("div", "", options.attribution));
      this.control("attributionText", "bottomleft", box);
    }
    if (options.zoomIn && !this.zoom) {
      if (this.map.zoomControl) { this.map.removeControl(this.map.zoomControl); }
      this.zoom = L.control.zoom({ zoomInTitle: options.zoomIn, zoomOutTitle: options.zoomOut }).addTo(this.map);
    }
  };

  function draw(map, options) {
    if (!map.atlasDrawing) { map.atlasDrawing = new Drawing(map); }
    return map.atlasDrawing.change(options);
  }

  root.AtlasMap = { draw: draw, load: load, decodeLine: decodeLine, sign: sign };
}(window));
