// A brush on a canvas. The value is what is drawn, as the address of a PNG; null while nothing is.

const COLOURS = {
  black: "#1f2937", blue: "#2563eb", green: "#16a34a", red: "#dc2626", yellow: "#f59e0b", brown: "#92400e", grey: "#9ca3af", white: "#ffffff",
};
const MOST_REMEMBERED = 30; // strokes that can be undone

const canvas = element.querySelector("canvas");
const pen = canvas.getContext("2d");
const past = [];
let colour = COLOURS.black;
let last = null; // where the brush was, while it is down

function blank() {
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
}

function stroke(to) {
  Object.assign(pen, { lineWidth: Number(element.querySelector(".size").value), lineCap: "round", lineJoin: "round", strokeStyle: colour });
  pen.beginPath();
  pen.moveTo(...last);
  pen.lineTo(...to);
  pen.stroke();
  last = to;
}

function remember() {
  past.push(pen.getImageData(0, 0, canvas.width, canvas.height));
  if (past.length > MOST_REMEMBERED) past.shift();
}

function send() {
  props.value = past.length ? canvas.toDataURL("image/png") : null;
  trigger("input");
}

function makeColours() {
  for (const [name, value] of Object.entries(COLOURS)) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", title: name });
    button.style.background = value;
    for (const [attribute, text] of [["role", "radio"], ["aria-label", name], ["aria-checked", value === colour]]) button.setAttribute(attribute, text);
    button.addEventListener("click", () => chooseColour(value, button));
    element.querySelector(".colours").append(button);
  }
}

function chooseColour(value, button) {
  colour = value;
  for (const one of element.querySelectorAll(".colours button")) one.setAttribute("aria-checked", one === button);
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  canvas.setPointerCapture(event.pointerId);
  remember();
  last = place(event);
  stroke(last);
});
canvas.addEventListener("pointermove", (event) => {
  if (last) for (const one of event.getCoalescedEvents?.() ?? [event]) stroke(place(one));
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, () => {
    if (!last) return;
    last = null;
    send();
  });
}
element.querySelector(".undo").addEventListener("click", () => {
  if (past.length) pen.putImageData(past.pop(), 0, 0);
  send();
});
element.querySelector(".clear").addEventListener("click", () => {
  past.length = 0;
  blank();
  send();
});

blank();
makeColours();
