// The planner's map, inside the folium frame: outlines are fetched once and drawn as SVG; what changes afterwards is
// one class per outline. Text from data reaches the page as text nodes only.
(function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const POINT_REACH_PX = 7;
  let drawn = null; // the one map of this frame
  let queue = Promise.resolve();

  function unpack(rings, scale, origin) {
    return rings.map((ring) => {
      const points = new Array(ring.length / 2);
      let x = 0;
      let y = 0;
      for (let at = 0; at < ring.length; at += 2) {
        x += ring[at];
        y += ring[at + 1];
        points[at / 2] = [origin[1] + y * scale, origin[0] + x * scale];
      }
      return points;
    });
  }

  // Outlines carry their content's hash in their name: once fetched, the browser need not ask again.
  async function fetched(address) {
    const kept = window.caches ? await caches.open("atlas-outlines").catch(() => null) : null;
    const hit = kept && (await kept.match(address));
    const answer = hit || (await fetch(address));
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    if (kept && !hit) await kept.put(address, answer.clone()).catch(() => undefined);
    return answer.json();
  }

  function numbers(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Uint16Array(bytes.buffer);
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function hatchInto(renderer, colour) {
    const defs = document.createElementNS(SVG, "defs");
    const pattern = document.createElementNS(SVG, "pattern");
    const set = { id: "atlas-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    for (const [name, value] of Object.entries(set)) pattern.setAttribute(name, value);
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", "M0 0V6");
    line.setAttribute("stroke", colour);
    line.setAttribute("stroke-width", "2");
    pattern.appendChild(line);
    defs.appendChild(pattern);
    renderer._container.insertBefore(defs, renderer._container.firstChild);
  }

  // ---- points on a canvas ------------------------------------------------------------------------------------
  const OUTLINES = {
    circle: (c, x, y, r) => c.arc(x, y, r, 0, 2 * Math.PI),
    square: (c, x, y, r) => c.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
    diamond: (c, x, y, r) => polygon(c, x, y, r * 1.25, 4, 0),
    triangle: (c, x, y, r) => polygon(c, x, y, r * 1.25, 3, -Math.PI / 2),
    star: (c, x, y, r) => polygon(c, x, y, r * 1.3, 10, -Math.PI / 2, 0.5),
    cross: (c, x, y, r) => {
      const a = r * 0.45;
      const steps = [[-a, -r], [a, -r], [a, -a], [r, -a], [r, a], [a, a], [a, r], [-a, r], [-a, a], [-r, a], [-r, -a], [-a, -a]];
      steps.forEach(([dx, dy], at) => (at ? c.lineTo(x + dx, y + dy) : c.moveTo(x + dx, y + dy)));
    },
  };

  function polygon(c, x, y, r, corners, turn, inner = 1) {
    for (let at = 0; at < corners; at += 1) {
      const reach = at % 2 ? r * inner : r;
      const angle = turn + (2 * Math.PI * at) / corners;
      const to = [x + reach * Math.cos(angle), y + reach * Math.sin(angle)];
      if (at) c.lineTo(...to);
      else c.moveTo(...to);
    }
  }

  const Points = L.Layer.extend({
    initialize(layers) {
      this.layers = layers;
    },
    onAdd(map) {
      this.canvas = element("canvas", "atlas-points leaflet-zoom-hide");
      map.getPane("points").appendChild(this.canvas);
      map.on("moveend zoomend resize", this.redraw, this);
      this.redraw();
    },
    onRemove(map) {
      map.off("moveend zoomend resize", this.redraw, this);
      this.canvas.remove();
    },
    redraw() {
      const map = this._map;
      const size = map.getSize();
      const ratio = window.devicePixelRatio || 1;
      L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
      this.canvas.width = size.x * ratio;
      this.canvas.height = size.y * ratio;
      this.canvas.style.width = `${size.x}px`;
      this.canvas.style.height = `${size.y}px`;
      const c = this.canvas.getContext("2d");
      c.scale(ratio, ratio);
      const r = Math.max(2.2, Math.min(6, (map.getZoom() - 5) * 0.85));
      this.seen = [];
      for (const layer of this.layers) {
        c.fillStyle = layer.colour;
        c.strokeStyle = "#ffffff";
        c.lineWidth = r > 3 ? 1.4 : 0.8;
        for (const place of layer.places) {
          const { x, y } = map.latLngToContainerPoint([place[1], place[0]]);
          if (x < -9 || y < -9 || x > size.x + 9 || y > size.y + 9) continue;
          c.beginPath();
          (OUTLINES[layer.symbol] || OUTLINES.circle)(c, x, y, r);
          c.closePath();
          c.stroke();
          c.fill();
          this.seen.push([x, y, layer, place]);
        }
      }
    },
    nearest(point) {
      let best = null;
      let least = POINT_REACH_PX ** 2;
      for (const one of this.seen || []) {
        const apart = (one[0] - point.x) ** 2 + (one[1] - point.y) ** 2;
        if (apart <= least) [best, least] = [one, apart];
      }
      return best;
    },
  });

  // ---- the map -----------------------------------------------------------------------------------------------
  function frame(map, told) {
    document.documentElement.lang = told.words.lang;
    document.title = told.words.title;
    map.getContainer().setAttribute("aria-label", told.words.title);
    map.getContainer().setAttribute("role", "region");
    L.control.zoom({ zoomInTitle: told.words.zoom_in, zoomOutTitle: told.words.zoom_out }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
    const North = L.Control.extend({
      onAdd() {
        const box = element("div", "atlas-north");
        box.setAttribute("role", "img");
        box.setAttribute("aria-label", told.words.north);
        box.append(element("span", "", "N"), element("i"));
        return box;
      },
    });
    new North({ position: "topright" }).addTo(map);
    const Whole = L.Control.extend({
      onAdd() {
        const box = element("div", "leaflet-bar");
        const button = element("button", "atlas-whole", told.words.whole);
        button.type = "button";
        L.DomEvent.on(button, "click", (event) => {
          L.DomEvent.stop(event);
          map.fitBounds(drawn.bounds);
        });
        box.append(button);
        return box;
      },
    });
    new Whole({ position: "topleft" }).addTo(map);
    const Credit = L.Control.extend({
      onAdd: () => element("div", "atlas-credit", told.words.credit),
    });
    new Credit({ position: "bottomright" }).addTo(map);
  }

  async function build(map, told) {
    const file = await fetched(told.outlines);
    const pane = (name, level, deaf) => {
      map.createPane(name).style.zIndex = level;
      if (deaf) map.getPane(name).style.pointerEvents = "none";
    };
    pane("areas", 400, false);
    pane("borders", 420, true);
    pane("chosen", 430, true);
    pane("points", 440, true);
    const areas = L.svg({ pane: "areas", padding: 0.3 });
    const over = L.svg({ pane: "borders", padding: 0.3 });
    const chosen = L.svg({ pane: "chosen", padding: 0.3 });
    map.addLayer(areas).addLayer(over).addLayer(chosen);
    hatchInto(areas, told.hatch);
    const style = { renderer: areas, pane: "areas", smoothFactor: 1, weight: 0.5, color: told.ink, opacity: 0.5 };
    const units = file.units.map((unit) =>
      L.polygon(unit.parts.map((rings) => unpack(rings, file.scale, file.origin)), style).addTo(map),
    );
    const border = { renderer: over, pane: "borders", interactive: false, fill: false, weight: 1.1, color: told.ink };
    for (const parent of file.parents) {
      L.polygon(parent.parts.map((rings) => unpack(rings, file.scale, file.origin)), border).addTo(map);
    }
    drawn = { map, file, units, chosen, style, layers: new Map(), points: null, within: null };
    drawn.index = new Map(file.units.map((unit, at) => [unit.code, at]));
    drawn.bounds = L.latLngBounds(units.flatMap((unit) => [unit.getBounds().getSouthWest(), unit.getBounds().getNorthEast()]));
    drawn.parentOf = new Map(file.parents.map((parent) => [parent.code, parent]));
    frame(map, told);
    hear();
    thicken();
    map.on("zoomend", thicken);
  }

  // Parish lines would blacken the region seen whole; they grow as one comes nearer.
  function thicken() {
    const zoom = drawn.map.getZoom();
    const weight = zoom < 9 ? 0.25 : zoom < 11 ? 0.5 : 0.8;
    if (weight === drawn.weight) return;
    drawn.weight = weight;
    for (const unit of drawn.units) unit.setStyle({ weight });
  }

  function hear() {
    const { map, units, file } = drawn;
    const tip = L.tooltip({ direction: "top", offset: [0, -6], opacity: 1, className: "atlas-tip" });
    const show = (latlng, lines) => {
      const box = element("div");
      lines.filter(Boolean).forEach((line, at) => box.append(element(at ? "span" : "b", "", line)));
      tip.setLatLng(latlng).setContent(box);
      if (!map.hasLayer(tip)) tip.addTo(map);
    };
    const place = (event) => drawn.points && drawn.points.nearest(event.containerPoint);
    units.forEach((unit, at) => {
      unit.on("mousemove", (event) => {
        const near = place(event);
        show(event.latlng, near ? placeLines(near) : unitLines(at));
      });
      unit.on("mouseout", () => tip.remove());
      unit.on("click", (event) => {
        const near = place(event);
        if (near) {
          const box = element("div", "atlas-pop");
          placeLines(near).filter(Boolean).forEach((line, step) => box.append(element(step ? "span" : "b", "", line)));
          L.popup({ maxWidth: 260 }).setLatLng([near[3][1], near[3][0]]).setContent(box).openOn(map);
          return;
        }
        window.Streamlit.setComponentValue({ unit: file.units[at].code, at: Date.now() });
      });
    });
  }

  function unitLines(at) {
    const unit = drawn.file.units[at];
    const parent = drawn.parentOf.get(unit.parent);
    const { told } = drawn;
    const letter = told.classes[at];
    const number = letter === "-" || letter === "." ? -1 : letter.toLowerCase().charCodeAt(0) - 97;
    const unsure = letter >= "A" && letter <= "Z";
    let lines = [unit.name, parent && parent.name];
    if (letter === "-") lines.push(told.words.insufficient);
    else if (number >= 0) lines.push(told.labels[number] + (unsure ? ` · ${told.words.uncertain}` : ""));
    if (drawn.scores && drawn.scores[at]) {
      const score = ((drawn.scores[at] - 1) / 10).toLocaleString(told.words.lang, { minimumFractionDigits: 1 });
      const rank = drawn.ranks[at] ? told.words.rank.replace("#", drawn.ranks[at].toLocaleString(told.words.lang)) : "";
      lines.push([`${told.words.index} ${score}`, rank].filter(Boolean).join(" · "));
    }
    if (told.words.level) lines.push(told.words.level);
    return lines;
  }

  function placeLines([, , layer, place]) {
    return [place[2] || drawn.told.words.nameless, layer.classes[place[3]], layer.sources[place[4]]];
  }

  function paint(told) {
    drawn.told = told;
    drawn.scores = told.scores ? numbers(told.scores) : null;
    drawn.ranks = told.ranks ? numbers(told.ranks) : null;
    const { units } = drawn;
    for (let at = 0; at < units.length; at += 1) {
      const letter = told.classes[at];
      if (units[at].letter === letter + told.colours) continue;
      units[at].letter = letter + told.colours;
      const unsure = letter >= "A" && letter <= "Z";
      if (letter === ".") units[at].setStyle({ fillColor: told.paper, fillOpacity: 0.6, dashArray: null, opacity: 0.25 });
      else if (letter === "-") units[at].setStyle({ fillColor: "url(#atlas-hatch)", fillOpacity: 1, dashArray: null, opacity: 0.5 });
      else {
        const colour = told.colours[letter.toLowerCase().charCodeAt(0) - 97];
        units[at].setStyle({ fillColor: colour, fillOpacity: 1, dashArray: unsure ? "2 3" : null, opacity: unsure ? 1 : 0.5 });
      }
    }
  }

  function mark(told) {
    for (const line of drawn.marks || []) line.remove();
    drawn.marks = [];
    const parts = told.chosen.map((code) => drawn.index.get(code)).filter((at) => at !== undefined);
    const parent = drawn.parentOf.get(told.chosen[0]);
    const shapes = parts.map((at) => drawn.units[at].getLatLngs());
    if (parent) shapes.push(parent.parts.map((rings) => unpack(rings, drawn.file.scale, drawn.file.origin)));
    for (const shape of shapes) {
      for (const [weight, color] of [[7, "#ffffff"], [3, told.mark]]) {
        const line = L.polygon(shape, { renderer: drawn.chosen, pane: "chosen", interactive: false, fill: false, weight, color });
        drawn.marks.push(line.addTo(drawn.map));
      }
    }
    const key = told.chosen.join(" ");
    if (drawn.marks.length && key !== drawn.key && drawn.key !== undefined) {
      const bounds = drawn.marks[0].getBounds();
      if (!drawn.map.getBounds().contains(bounds)) drawn.map.panTo(bounds.getCenter());
    }
    drawn.key = key;
  }

  function look(told) {
    if (drawn.within === told.within) return;
    const first = drawn.within === null;
    drawn.within = told.within;
    const parent = drawn.parentOf.get(told.within);
    const calm = first || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const bounds = parent
      ? L.latLngBounds(parent.parts.flatMap((rings) => unpack(rings, drawn.file.scale, drawn.file.origin)[0]))
      : drawn.bounds;
    drawn.map.fitBounds(bounds, { animate: !calm, padding: [8, 8] });
  }

  async function dot(told) {
    const wanted = await Promise.all(
      told.layers.map(async (layer) => {
        if (!drawn.layers.has(layer.file)) drawn.layers.set(layer.file, fetched(layer.file));
        const file = await drawn.layers.get(layer.file);
        return { ...layer, places: file.places, sources: file.sources, classes: file.classes[told.words.lang.slice(0, 2)] };
      }),
    );
    if (drawn.points) drawn.points.remove();
    drawn.points = wanted.length ? new Points(wanted).addTo(drawn.map) : null;
  }

  window.AtlasPlannerMap = {
    show(map, told) {
      queue = queue
        .then(async () => {
          if (!drawn) await build(map, told);
          document.documentElement.dataset.theme = told.theme;
          look(told);
          paint(told);
          mark(told);
          await dot(told);
          document.documentElement.dataset.painted = told.stamp;
        })
        .catch((fault) => {
          map.getContainer().append(element("p", "atlas-fault", told.words.fault));
          throw fault;
        });
    },
  };
})();
