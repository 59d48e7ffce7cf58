// Finds a neighbourhood by a part of its name, accents or not: a combobox by the ARIA pattern, names as text only.
const MOST = 12;
let ids = 0;

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function make(tag, attributes, text) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

async function names(address) {
  const file = await (await fetch(address)).json();
  return file.codes.map((code, at) => {
    const parent = file.parents[file.parent[at]];
    return { code, name: file.names[at], parent, key: plain(`${file.names[at]} ${parent}`) };
  });
}

// Names that begin with the words come first, then words inside the name, then the rest.
function search(units, text) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const worth = (unit) => (unit.key.startsWith(words[0]) ? 0 : unit.key.includes(` ${words[0]}`) ? 1 : 2);
  return units
    .filter((unit) => words.every((word) => unit.key.includes(word)))
    .sort((one, other) => worth(one) - worth(other) || one.name.localeCompare(other.name, "pt"))
    .slice(0, MOST);
}

function build(element, state) {
  const id = `finder-${(ids += 1)}`;
  state.label = element.appendChild(make("label", { for: id }));
  const input = element.appendChild(
    make("input", {
      id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "aria-expanded": "false",
      "aria-controls": `${id}-list`, "aria-autocomplete": "list",
    }),
  );
  const list = element.appendChild(make("ul", { id: `${id}-list`, role: "listbox", hidden: "" }));
  const voice = element.appendChild(make("p", { class: "unseen", role: "status" }));
  let found = [];
  let at = -1;

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    at = -1;
  };
  const point = (to) => {
    at = to;
    [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    if (at >= 0) {
      input.setAttribute("aria-activedescendant", `${id}-${at}`);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
  };
  const choose = (unit) => {
    input.value = "";
    close();
    state.component.setTriggerValue("act", { do: "unit", value: unit.code });
  };
  const show = () => {
    found = state.units ? search(state.units, input.value) : [];
    list.replaceChildren(
      ...found.map((unit, place) => {
        const option = make("li", { id: `${id}-${place}`, role: "option", "aria-selected": "false" }, unit.name);
        option.append(make("small", {}, unit.parent));
        option.addEventListener("mousedown", (event) => event.preventDefault());
        option.addEventListener("click", () => choose(unit));
        return option;
      }),
    );
    const typed = input.value.trim() !== "";
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    input.removeAttribute("aria-activedescendant");
    at = -1;
    const { none, countOne } = element.dataset;
    const count = found.length === 1 ? countOne : element.dataset.count;
    voice.textContent = !typed || !state.units ? "" : found.length ? count.replace("#", found.length) : none;
    element.classList.toggle("nothing", typed && Boolean(state.units) && !found.length);
  };

  input.addEventListener("focus", () => {
    state.loading ??= names(element.dataset.file).then((units) => {
      state.units = units;
      if (input.value) show();
    });
  });
  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && found.length) point((at + 1) % found.length);
    else if (event.key === "ArrowUp" && found.length) point((at + found.length - 1) % found.length);
    else if (event.key === "Enter" && found.length) choose(found[Math.max(at, 0)]);
    else if (event.key === "Escape") {
      if (list.hidden) input.value = "";
      close();
      return;
    } else return;
    event.preventDefault();
  });
  state.input = input;
}

const states = new WeakMap();

export function furnish(element, component) {
  let state = states.get(element);
  if (!state) {
    states.set(element, (state = {}));
    build(element, state);
  }
  state.component = component;
  state.label.textContent = element.dataset.label;
  state.input.placeholder = element.dataset.hint;
}
