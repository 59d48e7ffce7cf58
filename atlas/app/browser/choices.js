// On a narrow screen the selectors of a page stand behind one line that says what is chosen: the facts come first.
// Whether they are shown is the document's matter, so that no redrawing closes them; another page begins closed.
const root = document.documentElement;

function build(element) {
  const button = element.appendChild(document.createElement("button"));
  button.type = "button";
  const label = button.appendChild(document.createElement("b"));
  const told = button.appendChild(document.createElement("span"));
  const show = (open) => {
    root.dataset.choices = open ? "open" : "shut";
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => show(root.dataset.choices !== "open"));
  return { label, told, show };
}

const built = new WeakMap();

export function furnish(element) {
  if (!built.has(element)) built.set(element, build(element));
  const { label, told, show } = built.get(element);
  label.textContent = element.dataset.label;
  told.textContent = element.dataset.told;
  const page = window.location.pathname;
  show(root.dataset.choicesOf === page && root.dataset.choices === "open");
  root.dataset.choicesOf = page;
}
