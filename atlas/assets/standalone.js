/* The page around the map in the one-file version: search, table, card. Every text is set as text. */
(function (root) {
  "use strict";

  var data, texts, drawing, byCode = {}, chosen = null;
  var READINGS = { opportunity: "star", consolidate: "square", basic_investment: "triangle", follow: "circle" };
  var MOST_RESULTS = 8, MOST_PLACES = 60;

  function $(id) { return document.getElementById(id); }

  function add(parent, tag, text, className) {
    var node = document.createElement(tag);
    if (text !== undefined && text !== null) { node.textContent = text; }
    if (className) { node.className = className; }
    parent.appendChild(node);
    return node;
  }

  function known(value) { return value !== null && value !== undefined; }

  function number(value, decimals) {
    if (!known(value)) { return "—"; }
    var parts = Math.abs(value).toFixed(decimals || 0).split(".");
    var whole = parts[0].replace(/\B(?=(\d{3})+(?!\d))/g, texts.group);
    return (value < 0 ? "−" : "") + whole + (parts[1] ? texts.point + parts[1] : "");
  }

  function percent(share) { return known(share) ? number(100 * share) + "\u00a0%" : "—"; }

  function say(key, values) {
    return texts[key].replace(/\{(\w+)\}/g, function (whole, name) { return name in values ? String(values[name]) : whole; });
  }

  function count(key, n) { return say(n === 1 ? key + "_one" : key + "_many", { count: number(n) }); }

  function interval(low, high) {
    if (!known(low)) { return "—"; }
    return low === high ? number(low) : number(low) + "–" + number(high);
  }

  function bare(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }

  function nameOf(i) { return data.outlines.names[i]; }
  function parentOf(i) { return data.outlines.parents[data.outlines.parent[i]]; }

  function fillTable() {
    var head = $("atlas-table").tHead.rows[0], body = $("atlas-table").tBodies[0], u = data.units;
    [["rank", 1], ["name", 0], ["parent", 0], ["score", 1], ["method", 1], ["data", 1], ["coverage", 1]]
      .forEach(function (column) {
        add(head, "th", texts["column_" + column[0]], column[1] ? "number" : "").scope = "col";
      });
    data.order.forEach(function (i) {
      var row = document.createElement("tr"), ranked = known(u.rank[i]);
      row.dataset.unit = i;
      add(row, "td", ranked ? number(u.rank[i]) : texts.unranked, ranked ? "number" : "");
      var cell = document.createElement("th");
      cell.scope = "row";
      add(cell, "button", nameOf(i), "clamp").type = "button";
      row.appendChild(cell);
      add(row, "td", parentOf(i));
      add(row, "td", number(u.score[i], 1), "number");
      add(row, "td", ranked ? interval(u.rank_low[i], u.rank_high[i]) : "—", "number");
      add(row, "td", ranked ? interval(u.rank_data_low[i], u.rank_data_high[i]) : "—", "number");
      add(row, "td", percent(u.coverage[i]), "number");
      body.appendChild(row);
    });
    body.addEventListener("click", function (event) {
      var row = event.target.closest("tr");
      if (row) { choose(Number(row.dataset.unit), true); }
    });
  }

  function fillParents() {
    var select = $("atlas-parent");
    data.outlines.parents.map(function (name, i) { return [name, i]; })
      .sort(function (a, b) { return a[0].localeCompare(b[0], data.lang); })
      .forEach(function (pair) { add(select, "option", pair[0].slice(0, 120)).value = pair[1]; });
    select.addEventListener("change", filter);
  }

  function fillSources() {
    var table = $("atlas-sources");
    ["title", "publisher", "licence", "date"].forEach(function (key) {
      add(table.tHead.rows[0], "th", texts["source_" + key]).scope = "col";
    });
    data.sources.forEach(function (source) {
      var row = add(table.tBodies[0], "tr");
      ["title", "publisher", "licence", "date"].forEach(function (key) { add(row, "td", source[key]); });
    });
  }

  /* One filter for the table, the map and the results under the search box. */
  function filter() {
    var words = bare($("atlas-search").value.trim()), parent = $("atlas-parent").value, shown = [];
    Array.prototype.forEach.call($("atlas-table").tBodies[0].rows, function (row) {
      var i = Number(row.dataset.unit);
      var fits = (parent === "" || data.outlines.parent[i] === Number(parent)) &&
        (words === "" || data.search[i].indexOf(words) >= 0);
      row.hidden = !fits;
      if (fits) { shown.push(i); }
    });
    $("atlas-found").textContent = count("found", shown.length);
    drawing.change({ classes: data.classes.map(function (found, i) {
      return parent === "" || data.outlines.parent[i] === Number(parent) ? found : null;
    }) });
    if (parent !== "" && this === $("atlas-parent")) {
      drawing.fit(shown.map(function (i) { return data.outlines.codes[i]; }));
    }
    list(words ? shown.slice(0, MOST_RESULTS) : []);
  }

  function list(found) {
    var results = $("atlas-results");
    results.textContent = "";
    results.hidden = found.length === 0;
    found.forEach(function (i) {
      var button = add(add(results, "li"), "button", nameOf(i).slice(0, 120) + " · " + parentOf(i).slice(0, 120));
      button.type = "button";
      button.addEventListener("click", function () {
        results.hidden = true;
        choose(i, true);
      });
    });
  }

  function choose(i, move) {
    var rows = $("atlas-table").tBodies[0].rows;
    Array.prototype.forEach.call(rows, function (row) {
      var is = Number(row.dataset.unit) === i;
      row.classList.toggle("selected", is);
      if (is) { row.setAttribute("aria-current", "true"); } else { row.removeAttribute("aria-current"); }
      if (is && !move) { row.scrollIntoView({ block: "nearest" }); }
    });
    chosen = i;
    drawing.select(data.outlines.codes[i]);
    if (move) { drawing.fit([data.outlines.codes[i]]); }
    showCard(i);
  }

  function sentence(i) {
    var u = data.units, values = {
      name: data.municipal ? parentOf(i) : nameOf(i), score: number(u.score[i], 1), coverage: percent(u.coverage[i]), rank: number(u.rank[i]),
      ranked: number(data.ranked), low: number(u.rank_low[i]), high: number(u.rank_high[i]),
      data_low: number(u.rank_data_low[i]), data_high: number(u.rank_data_high[i])
    };
    return say(known(u.rank[i]) ? "sentence" : "sentence_missing", values);
  }

  function showCard(i) {
    var card = $("atlas-card"), u = data.units;
    card.textContent = "";
    add(card, "h2", nameOf(i), "clamp").id = "atlas-card-title";
    add(card, "p", parentOf(i), "muted clamp");
    add(card, "p", sentence(i), "clamp");
    var facts = add(card, "dl");
    function fact(label, text) { add(facts, "dt", label); return add(facts, "dd", text); }
    var reading = u.opportunity[i], shown = fact(texts.reading, reading ? "" : texts.insufficient);
    if (reading) {
      shown = add(shown, "span", "", "reading");
      shown.appendChild(AtlasMap.sign(data.readings[reading], READINGS[reading]));
      add(shown, "span", texts["reading_" + reading]);
    }
    if (known(u.p_opportunity[i])) { fact(texts.p_opportunity, percent(u.p_opportunity[i])); }
    fact(texts.decline, number(u.decline[i], 1) + (u.decline_level[i] === "municipality" ? " · " + texts.of_municipality : ""));
    fact(texts.pressure, number(u.pressure[i], 1));
    fact(texts.residents, number(u.residents[i]));
    fact(texts.area, number(u.area_km2[i], 2) + "\u00a0km²");
    fact(texts.code, data.outlines.codes[i]);
    if (u.flags[i]) {
      fact(texts.flags, u.flags[i].split("|").map(function (flag) { return texts["flag_" + flag] || flag; }).join("; "));
    }
    indicators(card, i);
    venues(card, i);
  }

  function indicators(card, i) {
    add(card, "h3", texts.indicators);
    var box = add(card, "div", "", "scroll"), table = add(box, "table"), body;
    var head = add(add(table, "thead"), "tr");
    [["indicator", ""], ["value", "number"], ["unit", ""]].forEach(function (column) {
      add(head, "th", texts["column_" + column[0]], column[1]).scope = "col";
    });
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", texts.indicators);
    body = add(table, "tbody");
    data.indicators.forEach(function (one) {
      var row = add(body, "tr");
      add(row, "th", one.name + (one.municipal ? " · " + texts.of_municipality : "")).scope = "row";
      var value = number(one.values[i], one.decimals);
      add(row, "td", value, "number");
      add(row, "td", value === "1" ? one.unit_one : one.unit);
    });
  }

  function venues(card, i) {
    add(card, "h3", texts.venues);
    if (!data.places.some(function (layer) { return layer.at[i]; })) { add(card, "p", texts.no_venues); }
    data.places.forEach(function (layer) {
      var here = layer.at[i] || [];
      if (!here.length) { return; }
      var box = add(card, "details");
      add(box, "summary", layer.name + " (" + number(here.length) + ")");
      var items = add(box, "ul", "", "venues");
      here.slice(0, MOST_PLACES).forEach(function (at) {
        add(items, "li", (layer.names[at] || texts.nameless) + " · " + layer.kinds[at], "clamp");
      });
      if (here.length > MOST_PLACES) { add(items, "li", count("more", here.length - MOST_PLACES)); }
    });
  }

  /* Places travel as whole numbers and as one list of class names a layer. */
  function unpack(layer) {
    var scale = Math.pow(10, data.outlines.decimals), x = 0, y = 0;
    layer.lon = layer.dx.map(function (step) { x += step; return x / scale; });
    layer.lat = layer.dy.map(function (step) { y += step; return y / scale; });
    layer.kinds = layer.kind.map(function (at) { return layer.classes[at]; });
    layer.at = {};
    layer.unit.forEach(function (unit, at) {
      if (unit >= 0) { (layer.at[unit] = layer.at[unit] || []).push(at); }
    });
  }

  function start(map, found) {
    data = found;
    texts = data.texts;
    data.outlines.codes.forEach(function (code, i) { byCode[code] = i; });
    data.search = data.outlines.names.map(function (name, i) {
      return bare(name.slice(0, 400) + " " + data.outlines.codes[i] + " " + parentOf(i).slice(0, 400));
    });
    data.places.forEach(unpack);
    drawing = AtlasMap.draw(map, {
      outlines: data.outlines, classes: data.classes, palette: data.palette, uncertain: data.uncertain,
      values: data.units.score.map(function (score, i) {
        return known(score) ? texts.index + ": " + number(score, 1) : "";
      }),
      legend: data.legend, places: data.places, layersTitle: texts.layers, attribution: data.attribution,
      attributionShort: data.attribution_short, north: "N",
      zoomIn: texts.zoom_in, zoomOut: texts.zoom_out,
      onSelect: function (code) { choose(byCode[code], false); },
      onPlace: function (id, at) {
        var layer = data.places.filter(function (one) { return one.id === id; })[0];
        if (layer && layer.unit[at] >= 0) { choose(layer.unit[at], false); }
      }
    });
    fillTable();
    fillParents();
    fillSources();
    $("atlas-search").addEventListener("input", filter);
    $("atlas-search").addEventListener("keydown", function (event) {
      if (event.key === "Enter") { var first = $("atlas-results").querySelector("button"); if (first) { first.click(); } }
      if (event.key === "Escape") { $("atlas-results").hidden = true; }
    });
    filter.call(null);
  }

  root.AtlasPage = { start: start };
}(window));
