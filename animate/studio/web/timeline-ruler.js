// The ruler: frames and seconds, the way from keyframe to keyframe as a band of their colours, and a pin for each.

const STRIDES = [1, 2, 3, 4, 6, 12, 24, 48, 120, 240, 480, 1200, 2400, 4800, 12000, 24000, 48000, 120000, 480000];
const SECONDS = [0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 36000];
const APART = 46; // pixels between two numbers
const CARD = { width: 208, gap: 14, narrow: 620 }; // pixels, as in timeline.css
const SHAPES = {
  linear: (t) => t, in: (t) => t * t, out: (t) => t * (2 - t), "in-out": (t) => t * t * (3 - 2 * t),
  sine: (t) => (1 - Math.cos(Math.PI * t)) / 2, step: (t) => (t < 1 ? 0 : 1),
};

const isNarrow = () => element.clientWidth < CARD.narrow;
const colourOf = (key) => `oklch(var(--light) var(--chroma) ${hueOf(key)})`;

function renderRuler() {
  const [film, width] = [shown(), find(".ruler").clientWidth];
  renderTicks(film, width);
  renderBand(film);
  renderPins(film);
}

// --- numbers --------------------------------------------------------------------------------------------------------

function renderTicks(film, width) {
  const { frames, fps } = film.view;
  const perFrame = width / span(film);
  const stride = STRIDES.find((one) => one * perFrame >= APART) ?? STRIDES.at(-1);
  const pace = SECONDS.find((one) => one * fps * perFrame >= 2.2 * APART) ?? SECONDS.at(-1);
  const last = isCycle(film) || film.story.loop === "bounce" ? null : frames - 1;
  const marks = last ? [[last, String(last), "frame"]] : [];
  const end = last === null ? span(film) : last - (0.7 * APART) / perFrame;
  for (let frame = 0; frame <= end; frame += stride) marks.push([frame, String(frame), "frame"]);
  for (let time = 0; time * fps <= span(film) + 1e-9; time += pace) marks.push([time * fps, `${Number(time.toFixed(2))} s`, "second"]);
  const nodes = fill(find(".ticks"), marks.length, () => make("span"));
  marks.forEach(([frame, text, kind], i) => {
    put(nodes[i], "class", frame === 0 ? `tick ${kind} first` : `tick ${kind}`);
    nodes[i].style.left = `${percent(film, frame)}%`;
    say(nodes[i], text);
  });
}

// --- the band -------------------------------------------------------------------------------------------------------

function renderBand(film) {
  const parts = isCrowded() ? [] : stretches(film);
  const nodes = fill(find(".band"), parts.length, () => make("span"));
  parts.forEach(([from, to, background, kind], i) => {
    put(nodes[i], "class", kind ?? null);
    nodes[i].style.left = `${percent(film, from)}%`;
    nodes[i].style.width = `${Math.max(0, percent(film, to - from))}%`;
    nodes[i].style.background = background;
  });
}

// [first frame, last frame, background, "held" of a hold or "back" of the way back of a bounce].
function stretches(film) {
  const [keys, { at, there, frames }, parts] = [keysOf(film), film.view, []];
  const end = isCycle(film) ? there : there - 1;
  keys.forEach((key, k) => {
    const [held, last] = [endOf(film, k), k === keys.length - 1];
    if (held > at[k]) parts.push([at[k], held, colourOf(key), "held"]);
    const next = last ? (isCycle(film) ? end : null) : at[k + 1];
    if (next === null) parts.push([held, end, colourOf(key)]);
    else parts.push([held, next, fading(key, keys[(k + 1) % keys.length], key.ease ?? film.story.ease ?? "linear")]);
  });
  if (keys.length && at[0] > 0) parts.push([0, at[0], colourOf(keys[0])]);
  if (film.story.loop !== "bounce") return parts;
  return [...parts, ...parts.map(([from, to, background]) => [frames - to, frames - from, background.replace("to right", "to left"), "back"])];
}

function fading(key, next, ease) {
  const shape = SHAPES[ease] ?? SHAPES.linear;
  const stops = Array.from({ length: 9 }, (_, i) => `color-mix(in oklab, ${colourOf(next)} ${Math.round(100 * shape(i / 8))}%, ${colourOf(key)})`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

// --- pins and stems -------------------------------------------------------------------------------------------------

function renderPins(film) {
  const pins = fill(find(".pins"), idsShown().length, newPin);
  idsShown().forEach((id, k) => {
    pins[k].style.left = `${percent(film, film.view.at[k])}%`;
    pins[k].style.setProperty("--hue", hueOf(keysOf(film)[k]));
    put(pins[k], "class", id === state.chosen ? "pin chosen" : "pin");
    put(pins[k], "data-frame", film.view.at[k]);
    say(pins[k].firstElementChild, state.preview && id === state.chosen ? String(film.view.at[k]) : "");
  });
}

function newPin(index) {
  const pin = make("span", { class: "pin" }, make("b"));
  pin.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the card has the focus
    const id = state.film.ids[index];
    choose(id);
    cardOf(id)?.focus({ preventScroll: true });
    follow(event, find(".band"), (film, { x }) => moved(film, film.ids.indexOf(id), Math.round(x * span(film))));
  });
  return pin;
}

// A card is taken along the ruler by its picture, too, from wherever the pointer has taken hold of it.
function dragCard(event, card) {
  const [id, band] = [card.dataset.id, find(".band")];
  const off = state.film.view.at[indexOf(card)] / span(state.film) - placeIn(band, event).x;
  event.preventDefault(); // selects no text
  card.focus({ preventScroll: true });
  follow(event, band, (film, { x }) => moved(film, film.ids.indexOf(id), Math.round((x + off) * span(film))));
}

// Where the cards stand: each above its frame, as near as its neighbours allow.
function layOut() {
  const [film, ids] = [shown(), idsShown()];
  const step = CARD.width + CARD.gap;
  find(".inner").style.minWidth = isNarrow() ? "" : `${ids.length * step - CARD.gap}px`;
  const [ruler, list] = [find(".ruler").getBoundingClientRect(), find(".cards").getBoundingClientRect()];
  const wanted = ids.map((_, k) => ruler.left - list.left + (ruler.width * percent(film, film.view.at[k])) / 100 - CARD.width / 2 - k * step);
  const most = list.width - ids.length * step + CARD.gap;
  const left = rising(wanted).map((x) => Math.min(Math.max(0, most), Math.max(0, x)));
  [...find(".cards").children].forEach((card, k) => card.style.setProperty("--shift", `${left[k] - (k ? left[k - 1] - CARD.gap : 0)}px`));
  renderStems(film, ruler, list, left.map((x, k) => x + k * step + CARD.width / 2));
}

// The rising numbers that are nearest to these: neighbours that would pass each other share their mean.
function rising(numbers) {
  const groups = [];
  for (const number of numbers) {
    groups.push([number, 1]);
    while (groups.length > 1 && groups.at(-2)[0] > groups.at(-1)[0]) {
      const [[a, m], [b, n]] = groups.splice(-2);
      groups.push([(a * m + b * n) / (m + n), m + n]);
    }
  }
  return groups.flatMap(([mean, count]) => Array(count).fill(mean));
}

function renderStems(film, ruler, list, middles) {
  const [stems, tall] = [find(".stems"), 30];
  while (stems.children.length > middles.length) stems.lastElementChild.remove();
  while (stems.children.length < middles.length) stems.append(drawn("path"));
  middles.forEach((from, k) => {
    const to = ruler.left - list.left + (ruler.width * percent(film, film.view.at[k])) / 100;
    put(stems.children[k], "d", `M${from.toFixed(1)} 0 C${from.toFixed(1)} ${tall * 0.7} ${to.toFixed(1)} ${tall * 0.3} ${to.toFixed(1)} ${tall}`);
    put(stems.children[k], "class", film.ids[k] === state.chosen ? "chosen" : null);
  });
}
