// Joins the app to the atlas's map inside the folium frame: outlines and points are fetched once; what arrives
// afterwards is one letter per outline. Text from data reaches the page as text nodes only (see atlas-map.js).
(function () {
  "use strict";
  let queue = Promise.resolve();
  let drawing = null;
  let outlines = null;
  let told = null;
  let kept = {};
  const files = new Map();

  // Files carry their content's hash in their name: once fetched, the browser need not ask again.
  async function fetched(address) {
    const store = window.caches ? await caches.open("atlas-map").catch(() => null) : null;
    const hit = store && (await store.match(address));
    const answer = hit || (await fetch(address));
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    if (store && !hit) await store.put(address, answer.clone()).catch(() => undefined);
    return answer.json();
  }

  // A layer of this session alone: the page around the frame holds it, or will in a moment.
  function held(stamp) {
    const page = window.parent;
    return new Promise((resolve) => {
      const look = () => {
        const found = (page.atlasKept || {})[stamp];
        if (!found) return;
        page.removeEventListener("atlas-kept", look);
        resolve(found);
      };
      page.addEventListener("atlas-kept", look);
      look();
    });
  }

  function once(address) {
    if (address.startsWith("kept:")) return held(address.slice(5));
    if (!files.has(address)) files.set(address, fetched(address));
    return files.get(address);
  }

  // Ranks, then in their order letters of the classes and what the score falls; low bytes, then high bytes, modulo
  // 2^16. A rank or score of 0 is none, else it is one too many.
  async function unpack(text, count) {
    const deflated = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const figure = (plane, at) => bytes[plane * count + at] + 256 * bytes[(plane + 1) * count + at];
    const places = [...Array(count).keys()];
    const ranks = places.map((at) => figure(0, at));
    const letters = [];
    const scores = [];
    let score = 0;
    for (const [place, at] of places.sort((one, other) => ranks[one] - ranks[other]).entries()) {
      letters[at] = String.fromCharCode(bytes[2 * count + place]);
      score = (score - figure(3, place)) & 65535;
      scores[at] = score;
    }
    return { letters, scores, ranks };
  }

  // The page's own typeface, which Streamlit has fetched already: the frame is a document of its own.
  function borrowTypeface() {
    for (const sheet of window.parent.document.styleSheets) {
      let rules = [];
      try {
        rules = [...sheet.cssRules];
      } catch (fault) {
        continue; // a sheet from elsewhere keeps its rules to itself
      }
      for (const rule of rules) {
        const style = rule.style;
        if (!(rule instanceof window.parent.CSSFontFaceRule) || !/Source Sans/.test(style.fontFamily)) continue;
        const address = /url\("?([^")]+)"?\)/.exec(style.getPropertyValue("src"));
        if (!address || style.fontStyle === "italic") continue;
        const url = new URL(address[1], sheet.href || window.parent.location.href).href;
        const face = new FontFace("Source Sans", `url("${url}")`, { weight: style.fontWeight || "400" });
        face.load().then((loaded) => document.fonts.add(loaded)).catch(() => undefined);
      }
    }
  }

  // Only where the atlas names a tile server; the classes let its pictures through, its credit stands with the others.
  function underlay(map) {
    if (!told.tiles) return;
    const { address, max_zoom: maxNativeZoom } = told.tiles;
    L.tileLayer(address, { maxNativeZoom, maxZoom: 18, referrerPolicy: "no-referrer" }).addTo(map);
    map.getPane("atlas-units").style.opacity = "0.7";
  }

  // The frame is a document of its own: the browser refuses what it may not ask for, save the tile server's pictures.
  function hold() {
    const meta = document.createElement("meta");
    meta.httpEquiv = "Content-Security-Policy";
    meta.content = told.policy;
    document.head.append(meta);
  }

  // The size on the screen, which the print style keeps: paper is narrower, and a map is not drawn anew for it.
  function remember(map) {
    if (window.matchMedia("print").matches) return;
    const { x, y } = map.getSize();
    if (!x || !y) return;
    document.documentElement.style.setProperty("--width", `${x}px`);
    document.documentElement.style.setProperty("--height", `${y}px`);
    if (window.frameElement) window.frameElement.style.aspectRatio = `${x} / ${y}`;
  }

  function furnish(map) {
    hold();
    borrowTypeface();
    underlay(map);
    const box = map.getContainer();
    box.setAttribute("role", "region");
    const whole = document.createElement("button");
    whole.type = "button";
    whole.className = "atlas-whole";
    whole.addEventListener("click", () => drawing.fit(outlines.codes));
    const Whole = L.Control.extend({
      onAdd() {
        const bar = document.createElement("div");
        bar.className = "leaflet-bar";
        bar.append(whole);
        L.DomEvent.disableClickPropagation(bar);
        return bar;
      },
    });
    new Whole({ position: "topleft" }).addTo(map);
    kept.whole = whole;
    remember(map);
    map.on("resize", () => remember(map));
    kept.credit = document.createElement("div");
    kept.credit.className = "atlas-credit";
    const Credit = L.Control.extend({ onAdd: () => kept.credit });
    new Credit({ position: "bottomright" }).addTo(map);
  }

  function name(map) {
    const { words } = told;
    document.documentElement.lang = words.lang;
    document.documentElement.dataset.theme = told.theme;
    document.title = words.title;
    if (window.frameElement) window.frameElement.title = words.title;
    map.getContainer().setAttribute("aria-label", words.title);
    kept.whole.textContent = words.whole;
    kept.credit.textContent = words.credit;
  }

  // What stands under a unit's name when the pointer rests on it.
  function lines({ scores, ranks }) {
    const { words } = told;
    return outlines.codes.map((code, at) => {
      const parent = outlines.parents[outlines.parent[at]];
      if (told.values[at]) return [parent, `${words.index}: ${told.values[at]}`].filter(Boolean).join(" · ");
      if (!scores[at]) return parent;
      const score = ((scores[at] - 1) / 10).toLocaleString(words.lang, { minimumFractionDigits: 1 });
      const rank = words.rank.replace("#", (ranks[at] - 1).toLocaleString(words.lang));
      return [parent, `${words.index} ${score}`, rank, words.level].filter(Boolean).join(" · ");
    });
  }

  function classes({ letters }) {
    return Array.from(letters, (letter) =>
      letter === "." ? null : letter === "-" ? -1 : letter.toLowerCase().charCodeAt(0) - 97,
    );
  }

  async function places() {
    const key = told.layers.map((layer) => layer.file).join();
    if (kept.places === key && kept.lang === told.words.lang) return undefined;
    kept.places = key;
    const found = await Promise.all(told.layers.map(async (layer) => [layer, await once(layer.file)]));
    const lang = told.words.lang.slice(0, 2);
    return found.map(([layer, file]) => ({
      ...layer,
      shown: true,
      lon: file.lon,
      lat: file.lat,
      lines: file.lines,
      names: file.names.map((one) => one || told.words.nameless),
      kinds: file.kind.map((kind, at) => `${file.kinds[lang][kind]} · ${(file.sources[lang] || file.sources)[file.source[at]]}`),
    }));
  }

  // Lines and areas of the planner's own file: dashed, without a fill, so that the classes below stay to be read.
  async function outlined(map) {
    const layer = told.layers.find((one) => one.file.startsWith("kept:"));
    const key = layer ? layer.file : "";
    if (kept.own === key) return;
    kept.own = key;
    if (kept.outlines) map.removeLayer(kept.outlines);
    kept.outlines = null;
    if (!layer) return;
    const file = await once(layer.file);
    const pane = drawing.pane("atlas-own", 430);
    kept.canvas = kept.canvas || L.canvas({ pane, padding: 0.3 });
    const pairs = (path) => path.flatMap((value, at) => (at % 2 ? [] : [[value, path[at + 1]]]));
    const lines = file.outlines.flatMap((one) => one.paths.map(pairs));
    const style = { renderer: kept.canvas, pane, interactive: false };
    kept.outlines = L.layerGroup([
      L.polyline(lines, { ...style, color: "#ffffff", weight: 4.5, opacity: 0.9 }),
      L.polyline(lines, { ...style, color: "#8f2d6a", weight: 2.5, dashArray: "7 4" }),
    ]).addTo(map);
  }

  // A municipality is ringed along its outer border: edges that two of its parishes share cancel out.
  function ring(map) {
    if (kept.ring) map.removeLayer(kept.ring);
    kept.ring = null;
    const parent = outlines.parent_codes.indexOf(told.selected);
    if (parent < 0) return;
    const edges = new Map();
    outlines.parent.forEach((of, at) => {
      if (of !== parent) return;
      for (const polygon of drawing.units[at].getLatLngs()) {
        for (const points of polygon) {
          points.forEach((point, step) => {
            const ends = [point, points[(step + 1) % points.length]];
            const key = ends.map((end) => `${end.lat} ${end.lng}`).sort().join();
            if (!edges.delete(key)) edges.set(key, ends);
          });
        }
      }
    });
    const border = [...edges.values()];
    const style = { renderer: drawing.selectionRenderer, pane: "atlas-selection", interactive: false, lineCap: "round" };
    kept.ring = L.layerGroup([
      L.polyline(border, { ...style, color: "#ffffff", weight: 7 }),
      L.polyline(border, { ...style, color: told.ink, weight: 3 }),
    ]).addTo(map);
  }

  // What a scenario changes: numbered spots, drawn areas, and the corners of one that is being drawn.
  function marks(map) {
    if (kept.marks) map.removeLayer(kept.marks);
    kept.marks = null;
    map.getContainer().classList.toggle("atlas-spots", Boolean(told.spots));
    if (!told.marks) return;
    const pane = drawing.pane("atlas-scenario", 470);
    const pins = drawing.pane("atlas-pins", 475);
    const style = { pane, interactive: false, fill: false };
    const placed = (points) => points.map(([lon, lat]) => [lat, lon]);
    const twice = (points, make) => [
      make(placed(points), { ...style, color: "#ffffff", weight: 6 }),
      make(placed(points), { ...style, color: told.ink, weight: 2.5, dashArray: "6 4" }),
    ];
    const pin = ([lon, lat, text], alive) => {
      const html = document.createElement("span");
      html.textContent = text;
      const icon = L.divIcon({ className: "atlas-pin", html, iconSize: [24, 24] });
      // By the keyboard a corner is moved in its field, beside the map.
      return L.marker([lat, lon], { pane: pins, icon, interactive: alive, draggable: alive, keyboard: false });
    };
    const { rings, corners, points, fit, area } = told.marks;
    const draft = placed(corners);
    const drawn = corners.length < 2 ? [] : twice(corners, (line, how) => (line.length > 2 ? L.polygon : L.polyline)(line, how));
    const handle = ([lon, lat, at], place) => {
      const marker = pin([lon, lat, area ? String(at + 1) : "·"], true);
      marker.on("drag", ({ latlng }) => {
        draft[place] = [latlng.lat, latlng.lng];
        for (const line of drawn) line.setLatLngs(draft);
      });
      marker.on("dragend", () => {
        const { lat: north, lng: east } = marker.getLatLng();
        window.Streamlit.setComponentValue({ spot: [east, north], corner: at, at: Date.now() });
      });
      return marker;
    };
    const changed = JSON.stringify([rings, points]);
    if (kept.changed !== changed && told.within === "" && fit.length) drawing.fit(fit);
    kept.changed = changed;
    kept.marks = L.layerGroup([
      ...rings.flatMap((ring) => twice(ring, (line, how) => L.polygon(line, how))),
      ...drawn,
      ...points.map((point) => pin(point, false)),
      ...corners.map(handle),
    ]).addTo(map);
  }

  function look(map) {
    const members = outlines.codes.filter((code, at) => outlines.parent_codes[outlines.parent[at]] === told.within);
    if (kept.within !== undefined && kept.within !== told.within) drawing.fit(members.length ? members : outlines.codes);
    else if (kept.within === undefined && members.length) drawing.fit(members);
    kept.within = told.within;
    const unit = drawing.units[drawing.index[told.selected]];
    const moved = kept.selected !== undefined && kept.selected !== told.selected;
    if (moved && unit && !map.getBounds().contains(unit.getBounds())) map.panTo(unit.getBounds().getCenter(), { animate: false });
    if (told.near && kept.near !== told.near) approach(map);
    kept.near = told.near;
    kept.selected = told.selected;
  }

  // Where spots are placed, the chosen unit is brought near, with its surroundings, unless it is large and whole already.
  function approach(map) {
    const mine = outlines.codes.flatMap((code, at) =>
      code === told.near || outlines.parent_codes[outlines.parent[at]] === told.near ? [drawing.units[at]] : [],
    );
    if (!mine.length) return;
    const bounds = L.featureGroup(mine).getBounds();
    const size = map.latLngToContainerPoint(bounds.getSouthEast()).subtract(map.latLngToContainerPoint(bounds.getNorthWest()));
    const frame = map.getSize();
    const large = Math.max(size.x / frame.x, size.y / frame.y) > 0.25;
    if (!large || !map.getBounds().contains(bounds)) map.fitBounds(bounds.pad(0.5), { animate: false });
  }

  async function show(map, message) {
    told = message;
    outlines = outlines || (await once(told.outlines));
    const first = !drawing;
    const figures = await unpack(told.figures, outlines.codes.length);
    const change = {
      classes: classes(figures),
      palette: told.colours,
      uncertain: Array.from(figures.letters, (letter) => letter >= "A" && letter <= "Z"),
      values: lines(figures),
      places: await places(),
      layersTitle: null,
      selected: told.selected,
    };
    if (first) {
      const { words } = told;
      Object.assign(change, { outlines, north: words.north, zoomIn: words.zoom_in, zoomOut: words.zoom_out });
      change.onSelect = (unit) => told.spots || window.Streamlit.setComponentValue({ unit, at: Date.now() });
      map.on("click", ({ latlng }) => {
        const spot = [latlng.lng, latlng.lat];
        if (told.spots) window.Streamlit.setComponentValue({ spot, at: Date.now() });
      });
    }
    kept.lang = told.words.lang;
    drawing = AtlasMap.draw(map, change);
    drawing.texts.legend = { labels: told.labels, missing: told.words.insufficient };
    if (first) furnish(map);
    name(map);
    look(map);
    ring(map);
    await outlined(map);
    marks(map);
    document.documentElement.dataset.painted = told.stamp;
  }

  window.AtlasPlannerMap = {
    show(map, message) {
      queue = queue
        .then(() => show(map, message))
        .catch((fault) => {
          const note = document.createElement("p");
          note.className = "atlas-fault";
          note.textContent = message.words.fault;
          map.getContainer().append(note);
          throw fault;
        });
    },
  };
})();
