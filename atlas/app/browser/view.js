// Draws a page that arrives as data: [tag, attributes, child, …]. Text becomes text nodes, never markup, and only
// the tags and attributes named here exist. Drawing again changes what differs and leaves the rest, so that focus,
// scroll position and open details stay where the reader left them.
const VERSION = new URL(import.meta.url).search;
const SVG = "http://www.w3.org/2000/svg";
const HTML_TAGS = new Set(
  ("a abbr b button caption code dd details div dl dt em fieldset figcaption figure footer h1 h2 h3 h4 header i input " +
    "label legend li main nav ol option p section select small span strong sub summary sup table tbody td tfoot th thead " +
    "time tr ul").split(" "),
);
const SVG_TAGS = new Set("svg g rect line path circle polygon text title desc defs pattern".split(" "));
const ATTRIBUTES = new Set(
  ("class id role lang title href download colspan rowspan scope for type value name min max step disabled checked " +
    "selected open tabindex autocomplete placeholder hidden start datetime viewbox width height x y x1 x2 y1 y2 cx cy " +
    "r rx d points fill stroke stroke-width stroke-dasharray text-anchor transform patternunits patterntransform " +
    "preserveaspectratio focusable style").split(" "),
);
function allowed(name, value) {
  if (name === "href") return /^(#|\?|\.|[a-z0-9_]+(\?|$)|https?:\/\/)/i.test(value);
  if (name === "style") return /^(--[a-z]+|width|height|left|background|grid-template-columns): ?[#a-z0-9.% ()-]+;?$/i.test(value);
  return ATTRIBUTES.has(name.toLowerCase()) || name.startsWith("aria-") || name.startsWith("data-");
}

function create(tag, inSvg) {
  if (inSvg || tag === "svg") {
    if (SVG_TAGS.has(tag)) return document.createElementNS(SVG, tag);
  } else if (HTML_TAGS.has(tag)) return document.createElement(tag);
  throw new Error(`no such tag here: ${tag}`);
}

// What every button and picture would have to say again: it is said once, here.
const USUAL = { button: { type: "button" }, svg: { "aria-hidden": "true", focusable: "false" } };

function dress(element, attributes) {
  const wanted = new Map(Object.entries(USUAL[element.localName] || {}));
  if (attributes && attributes.role && element.localName === "svg") wanted.clear();
  for (const [name, value] of Object.entries(attributes || {})) {
    if (allowed(name, value)) wanted.set(name, value);
  }
  for (const { name } of [...element.attributes]) {
    // The reader opens details and fills fields; a new drawing does not take that back.
    if (!wanted.has(name) && !(name === "open" && element.localName === "details")) element.removeAttribute(name);
  }
  for (const [name, value] of wanted) {
    if (name === "open" && element.dataset.kept) continue;
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  if (element.localName === "details") element.dataset.kept = "1";
}

function patch(parent, children, inSvg) {
  let at = 0;
  for (const child of children) {
    const old = parent.childNodes[at];
    if (typeof child === "string") {
      if (old && old.nodeType === Node.TEXT_NODE) {
        if (old.data !== child) old.data = child;
      } else parent.insertBefore(document.createTextNode(child), old || null);
    } else {
      const [tag, attributes, ...inner] = child;
      const key = (attributes && attributes["data-key"]) || null;
      const fits = old && old.localName === tag && (old.dataset ? old.dataset.key || null : null) === key;
      const element = fits ? old : create(tag, inSvg);
      if (!fits) parent.insertBefore(element, old || null);
      dress(element, attributes);
      if (!element.dataset || element.dataset.own === undefined) patch(element, inner, inSvg || tag === "svg");
      if (tag === "select" && attributes && attributes["data-value"] !== undefined) {
        element.value = attributes["data-value"];
      }
      if (tag === "input" && attributes.type === "checkbox") element.checked = attributes.checked !== undefined;
    }
    at += 1;
  }
  while (parent.childNodes.length > at) parent.lastChild.remove();
}

const modules = new Map();

function furnish(root, component) {
  for (const element of root.querySelectorAll("[data-own]")) {
    const name = element.dataset.own;
    if (!modules.has(name)) modules.set(name, import(new URL(`${name}.js${VERSION}`, import.meta.url).href));
    modules.get(name).then((module) => module.furnish(element, component));
  }
}

function listen(root, current) {
  root.addEventListener("click", (event) => {
    const where = event.target.closest("[data-do]");
    const what = event.target.closest("[data-to]");
    if (!where || !what || !where.contains(what) || where.localName === "select") return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    current().setTriggerValue("act", { do: where.dataset.do, value: what.dataset.to });
  });
  for (const kind of ["pointerdown", "focusin"]) {
    // A part of the page may have changed the address since the links to other pages were drawn.
    root.addEventListener(kind, (event) => {
      const link = event.target.closest('[data-do="page"] a');
      if (link) link.search = location.search;
    });
  }
  root.addEventListener("input", ({ target }) => {
    if (target.type === "range") tell(target);
  });
  root.addEventListener("change", (event) => {
    const { target } = event;
    const where = target.closest("[data-do]");
    if (!where || (target !== where && target.type !== "checkbox" && target.type !== "range")) return;
    if (target.type === "range") {
      rest(target, () => {
        const sliders = [...where.querySelectorAll('input[type="range"]')];
        if (sliders.every((one) => one.value === "0")) follow(where); // nothing would be left to weigh
        else current().setTriggerValue("act", { do: where.dataset.do, value: `${target.name}:${target.value}` });
      });
      return;
    }
    const what = where.dataset.do + (target.checked === false ? "-off" : "");
    current().setTriggerValue("act", { do: what, value: target.value });
  });
}

// A key that is held moves a slider many times: what counts is where it comes to rest.
const REST_MS = 150;
const moving = new WeakMap();
function rest(slider, then) {
  clearTimeout(moving.get(slider));
  moving.set(slider, setTimeout(() => moving.delete(slider) && then(), REST_MS));
}

// The number beside a slider is where the slider stands.
function tell(slider) {
  if (slider.nextElementSibling) slider.nextElementSibling.textContent = slider.value;
}

// A slider follows what was drawn, unless a hand is still on it.
function follow(root) {
  for (const slider of root.querySelectorAll('input[type="range"]')) {
    if (!moving.has(slider) && !slider.matches(":active")) slider.value = slider.getAttribute("value");
    tell(slider);
  }
}

// A table in its own scrolling region shows the row of the selection, whoever made it.
function reveal(root) {
  for (const region of root.querySelectorAll("[data-reveal]")) {
    const row = region.querySelector('[aria-current="true"]');
    const code = row ? row.dataset.to : "";
    if (!region.watched) {
      // The style may arrive after the table: what did not scroll then, scrolls now.
      region.watched = new ResizeObserver(() => {
        region.revealed = undefined;
        reveal(root);
      });
      region.watched.observe(region);
    }
    if (region.revealed === code) continue;
    region.revealed = code;
    if (!row) continue;
    const head = region.querySelector("thead");
    const above = row.offsetTop - (head ? head.offsetHeight : 0);
    const below = row.offsetTop + row.offsetHeight;
    if (above < region.scrollTop) region.scrollTop = above;
    else if (below > region.scrollTop + region.clientHeight) region.scrollTop = below - region.clientHeight + 8;
  }
}

async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const drawn = new WeakMap();

export async function draw(component) {
  const { parentElement } = component;
  let root = parentElement.querySelector(":scope > .atlas-view");
  if (!root) {
    root = document.createElement("div");
    root.className = "atlas-view";
    parentElement.appendChild(root);
    listen(root, () => drawn.get(root));
  }
  drawn.set(root, component);
  const data = await unpacked(component.data);
  if (drawn.get(root) !== component) return; // a newer drawing has arrived meanwhile
  patch(root, data.tree, false);
  follow(root);
  furnish(root, component);
  reveal(root);
  if (data.page.lang) settle(data.page);
  if (data.page.kept) keep(data.page.kept);
}

// What the page holds for the map's frame: data of this session alone, which no address serves.
function keep(kept) {
  window.atlasKept = kept;
  window.dispatchEvent(new Event("atlas-kept"));
}

// From now on the browser itself refuses whatever the page may not ask for.
function hold(policy) {
  if (document.querySelector('meta[http-equiv="Content-Security-Policy"]')) return;
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = policy;
  document.head.appendChild(meta);
}

// Names that Streamlit gives to parts of its widgets, in English only, are said in the page's language.
let names = {};
const heard = new Map(); // what a part may be called by now → its English name
let naming = false;
function rename() {
  naming = false;
  for (const [now, english] of heard) {
    const own = names[english];
    if (now === own) continue;
    for (const element of document.querySelectorAll(`[aria-label${english.endsWith(" ") ? "^=" : "="}"${now}"]`)) {
      element.setAttribute("aria-label", own + element.getAttribute("aria-label").slice(now.length));
    }
  }
}

function soon() {
  if (!naming) requestAnimationFrame(rename);
  naming = true;
}

function speak(wanted) {
  const first = !heard.size;
  names = wanted;
  for (const [english, own] of Object.entries(wanted)) heard.set(english, english).set(own, english);
  soon();
  if (!first) return;
  const what = { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] };
  new MutationObserver(soon).observe(document.body, what);
}

// What belongs to the document and not to an element of it: its language, its title, its style.
function settle(page) {
  if (page.policy) hold(page.policy);
  if (page.names) speak(page.names);
  const style = new URL(`app.css${VERSION}`, import.meta.url).href;
  if (!document.querySelector(`link[href="${style}"]`)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = style;
    document.head.appendChild(link);
  }
  document.documentElement.lang = page.lang;
  document.title = page.title;
  for (const [name, value] of Object.entries(page.tints)) document.documentElement.style.setProperty(name, value);
}
