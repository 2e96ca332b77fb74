// What the page shows, how it changes, and how it and Python tell each other. Only a person's edits trigger `input`.

const QUIET = 120; // milliseconds without a further edit before Python is told: a key that is held down is one edit
const MOST_CARDS = 200; // keyframes of a film that are shown; one with more is changed as text
const MOST_REMEMBERED = 100; // edits that can be undone
const EMPTY = { story: { keyframes: [] }, view: { frames: 24, there: 24, fps: 12, at: [], thumbs: [], curves: {}, points: {}, ranges: {}, eases: [] }, ids: [] };

const state = {
  film: EMPTY, preview: null, waiting: null, // preview: the film while something is dragged; waiting: what Python said meanwhile
  chosen: null, points: {}, past: [], future: [], tag: "", edit: 0, turn: 0, asked: null, timer: 0, fresh: 1,
};

const copy = (data) => JSON.parse(JSON.stringify(data)); // the component's own values are proxies, which cannot be cloned
const shown = () => state.preview ?? state.film;
const isCrowded = () => state.film.ids.length > MOST_CARDS;
const idsShown = () => (isCrowded() ? [] : shown().ids);
const chosenIndex = () => Math.max(0, state.film.ids.indexOf(state.chosen));
const freshId = () => `key-${state.fresh++}`;
const refused = (words) => ({ refused: words });

function announce(words) {
  say(find(".said"), words);
}

function whereIs(film, k) {
  return `${labelOf(keysOf(film)[k])}, frame ${film.view.at[k]} of ${film.view.frames}`;
}

function choose(id) {
  if (state.chosen === id) return;
  state.chosen = id;
  render();
}

// --- a person's edits -----------------------------------------------------------------------------------------------

// Does an edit to the film: a function that changes it in place and returns what to announce, or `refused`.
// tag: edits in a row that share one are undone together.
function change(edit, tag = "") {
  const film = copy(state.film);
  const outcome = edit(film);
  if (outcome?.refused) return announce(outcome.refused);
  remember(tag);
  state.film = film;
  send();
  render();
  if (outcome) announce(outcome);
}

function remember(tag) {
  if (!tag || tag !== state.tag) state.past.push(copy(state.film));
  if (state.past.length > MOST_REMEMBERED) state.past.shift();
  state.tag = tag;
  state.future = [];
}

function travel(from, to, words) {
  if (!from.length) return announce(`nothing to ${words}`);
  to.push(copy(state.film));
  state.film = from.pop();
  state.tag = "";
  send();
  render();
  announce(words === "undo" ? "undone" : "done again");
}

const undo = () => travel(state.past, state.future, "undo");
const redo = () => travel(state.future, state.past, "redo");

function told() {
  const { story, view } = copy(state.film);
  return { story, view, edit: state.edit, turn: state.turn };
}

function send() {
  state.asked = state.edit += 1;
  props.value = told();
  clearTimeout(state.timer);
  state.timer = setTimeout(() => trigger("input"), QUIET);
}

// --- what Python says -----------------------------------------------------------------------------------------------

function receive(value) {
  if (state.preview) return void (state.waiting = copy(value ?? null));
  if (isLate(value)) return void (props.value = told());
  const film = read(value);
  const answer = value?.edit !== undefined && value.edit === state.asked;
  if (!answer && state.film.ids.length && JSON.stringify(film.story) !== JSON.stringify(state.film.story)) remember("");
  Object.assign(state, { asked: null, film, edit: value?.edit ?? state.edit, turn: value?.turn ?? state.turn });
  if (!film.ids.includes(state.chosen)) state.chosen = film.ids[0] ?? null;
  render();
}

// Whether a person has gone on since, or Python has: values count the edits of the one, and the turns of the other.
function isLate(value) {
  const { edit, turn = 0 } = value ?? {};
  return edit !== undefined && (edit < state.edit || (edit === state.edit && turn < state.turn));
}

function read(value) {
  const { story, view } = copy(value?.story ? value : EMPTY); // a component without a value has ""
  story.keyframes = (story.keyframes ?? []).map((key) => (typeof key === "object" && key ? key : { prompt: String(key) }));
  return { story, view: { ...EMPTY.view, ...view }, ids: known(keysOf(state.film), story.keyframes) };
}

// The cards' own names for the new keyframes: those of the old ones that are the same, in order, and between those of the ones in the same place.
function known(before, after) {
  const { ids } = state.film;
  if (before.length === after.length) return [...ids];
  const texts = before.map((key) => JSON.stringify(key));
  const found = Array(after.length).fill(null);
  let next = 0;
  after.forEach((key, k) => {
    const at = texts.indexOf(JSON.stringify(key), next);
    if (at >= 0) [found[k], next] = [at, at + 1];
  });
  return after.map((_, k) => ids[found[k] ?? besides(found, k, before.length)] ?? freshId());
}

// The old place of a keyframe that has changed: as far behind the last one that has not, if nothing else was there.
function besides(found, k, count) {
  let last = k;
  while (last >= 0 && found[last] === null) last -= 1;
  const place = (last < 0 ? -1 : found[last]) + k - last;
  const after = found.slice(k).find((one) => one !== null) ?? count;
  return place < after ? place : -1;
}

// --- dragging -------------------------------------------------------------------------------------------------------

// Follows a pointer along `lane` until it is let go: `moved` changes a copy of the film for a place (shares of the lane's width and height),
// and returns what `change` takes. Escape, or a pointer that is taken away, leaves everything as it was.
function follow(event, lane, moved) {
  if (event.button !== 0) return;
  const [node, stop] = [event.currentTarget, new AbortController()];
  const [signal, start] = [stop.signal, { x: event.clientX, y: event.clientY }];
  let last = null;
  node.setPointerCapture(event.pointerId);
  node.addEventListener("pointermove", (at) => {
    if (!last && Math.hypot(at.clientX - start.x, at.clientY - start.y) < 3) return; // a click
    last = placeIn(lane, at);
    state.preview = copy(state.film);
    moved(state.preview, last);
    render();
  }, { signal });
  const drop = (done) => {
    stop.abort();
    const waiting = state.waiting;
    state.preview = state.waiting = null;
    if (waiting) receive(waiting); // first what Python said meanwhile, then what the person does now
    if (done && last) change((film) => moved(film, last));
    else render();
  };
  node.addEventListener("pointerup", () => drop(true), { signal });
  node.addEventListener("pointercancel", () => drop(false), { signal });
  window.addEventListener("keydown", (key) => key.key === "Escape" && drop(false), { signal });
}

function placeIn(lane, event) {
  const box = lane.getBoundingClientRect();
  return { x: (event.clientX - box.left) / Math.max(1, box.width), y: (event.clientY - box.top) / Math.max(1, box.height) };
}
