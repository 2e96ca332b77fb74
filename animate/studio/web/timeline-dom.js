// Making and changing what stands in the page. What a person typed becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";
const find = (name) => element.querySelector(name);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) put(node, name, value);
  node.append(...children);
  return node;
}

function drawn(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) put(node, name, value);
  return node;
}

// Sets an attribute; nothing where it is so already. null and false take it away.
function put(node, name, value) {
  if (value === null || value === undefined || value === false) return node.removeAttribute(name);
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// As many children as there should be: the same nodes as before, so that focus stays where it is.
function fill(parent, count, makeOne) {
  while (parent.children.length > count) parent.lastElementChild.remove();
  while (parent.children.length < count) parent.append(makeOne(parent.children.length));
  return [...parent.children];
}

function button(text, label, act, more = {}) {
  const node = make("button", { type: "button", "aria-label": label, title: label, ...more }, text);
  node.addEventListener("click", act);
  return node;
}

// --- fields ---------------------------------------------------------------------------------------------------------

// Calls `done` with the text when the person is done with it: Enter, or leaving the field. Escape gives the old text back.
function editable(field, done, leave = () => {}) {
  field.addEventListener("input", () => { field.dirty = true; });
  field.addEventListener("change", () => finish(field, done));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && !event.shiftKey) return end(event, () => finish(field, done), leave);
    if (event.key === "Escape") return end(event, () => restore(field), leave);
  });
  return field;
}

function end(event, act, leave) {
  event.preventDefault();
  event.stopPropagation();
  act();
  leave();
}

function finish(field, done) {
  if (!field.dirty) return;
  field.dirty = false;
  done(field.value.trim());
}

function restore(field) {
  field.dirty = false;
  field.value = field.shown ?? "";
}

// Shows a value in a field, but not over what a person is just writing.
function write(field, value) {
  field.shown = value === undefined || value === null ? "" : String(value);
  if (!field.dirty && field.value !== field.shown) field.value = field.shown;
}

// A number where the text is one, nothing where it is empty, otherwise the text: whoever reads it says what is allowed.
// Seeds go up to 2^64, further than numbers here are exact: such a one stays text, too.
function numeric(text) {
  if (text === "") return undefined;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) && Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER ? Number(text) : text;
}
