// A field that brings one file to the session: by the keyboard, by the mouse, or dropped on it. The file goes over the
// session's own socket; its size is looked at before a byte is sent.
let ids = 0;

function make(tag, attributes) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  return element;
}

function encoded(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result).split(",", 2)[1] || ""));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

function build(element, state) {
  const id = `bring-${(ids += 1)}`;
  // The browser's own button speaks the browser's language: the label stands for it, the field keeps the focus.
  state.input = element.appendChild(make("input", { id, type: "file", class: "unseen", "aria-describedby": `${id}-hint` }));
  state.label = element.appendChild(make("label", { for: id }));
  state.hint = element.appendChild(make("p", { id: `${id}-hint`, class: "aside" }));
  state.voice = element.appendChild(make("p", { role: "status" }));

  const send = async (file) => {
    if (!file) return;
    if (file.size > Number(element.dataset.most)) {
      state.voice.textContent = element.dataset.large;
      return;
    }
    state.voice.textContent = element.dataset.wait;
    state.component.setTriggerValue("act", { do: "file", value: `${file.name}|${await encoded(file)}` });
    state.input.value = ""; // the same file can be brought again once it is mended
  };
  state.input.addEventListener("change", () => send(state.input.files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    element.addEventListener(name, (event) => {
      event.preventDefault();
      element.classList.toggle("over", name === "dragover");
      if (name === "drop") send(event.dataTransfer.files[0]);
    });
  }
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
  state.hint.textContent = element.dataset.hint;
  state.input.accept = element.dataset.accept;
  state.voice.textContent = "";
}
