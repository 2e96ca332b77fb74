// What buttons and keys do to the chosen keyframe.

const NO_ROOM = "there is no frame left here; move a neighbour, or ask for more frames";

// Moves a keyframe and says where it is; the edit of `change`, and of a drag.
function moved(film, k, frame) {
  if (film.ids.length === 1) return refused("one prompt walks a circle: it needs a second keyframe to be moved");
  const to = moveKey(film, k, frame);
  if (to === null) return refused(NO_ROOM);
  return to === frame ? whereIs(film, k) : `${whereIs(film, k)}: no further, a neighbour or the end is there`;
}

function moveTo(card, frame) {
  if (!Number.isFinite(frame)) return render();
  if (indexOf(card) >= 0) change((film) => moved(film, indexOf(card), Math.round(frame)));
  render();
}

function moveBy(k, by) {
  change((film) => moved(film, k, film.view.at[k] + by), `move ${state.chosen}`);
}

function insert(k, key, words) {
  const id = freshId();
  let done = false;
  change((film) => {
    done = insertAfter(film, k, key, id, PICTURE.every((name) => key[name] === keysOf(film)[k][name]) ? film.view.thumbs[k] : null);
    return done ? `${words}: ${whereIs(film, film.ids.indexOf(id))}` : refused(NO_ROOM);
  });
  if (done) choose(id);
  return done ? cardOf(id) : null;
}

// A new keyframe has its neighbour's prompt until another is typed over it.
function add(k) {
  const card = insert(k, { prompt: keysOf(state.film)[k].prompt || "a picture" }, "added");
  card?.parts.prompt.focus();
  card?.parts.prompt.select();
}

function duplicate(k) {
  const { at, ...key } = keysOf(state.film)[k];
  insert(k, key, "duplicated")?.focus();
}

function remove(k) {
  const least = isCycle(state.film) ? 1 : 2;
  change((film) => {
    if (film.ids.length <= least) return refused(least === 1 ? "a film needs a keyframe" : "a film needs two keyframes; a cycle, one");
    const words = `removed: ${whereIs(film, k)}`;
    removeKey(film, k);
    return words;
  });
  chooseAt(k);
}

function reorder(k, by) {
  const other = k + by;
  change((film) => {
    if (other < 0 || other >= film.ids.length) return refused(by < 0 ? "it is the first already" : "it is the last already");
    swapKeys(film, k, other);
    return `keyframe ${other + 1} of ${film.ids.length}: ${whereIs(film, other)}`;
  });
}

function chooseAt(k) {
  const { ids } = state.film;
  const id = ids[Math.min(ids.length - 1, Math.max(0, k))];
  if (id === undefined) return;
  choose(id);
  cardOf(id).focus();
}

// --- keys -----------------------------------------------------------------------------------------------------------

function cardKey(event, card) {
  if (event.target !== card) return;
  const k = indexOf(card);
  const act = event.ctrlKey || event.metaKey ? null : event.altKey ? altKey(event.key, k) : plainKey(event, k, card);
  if (act) end(event, act, () => {});
}

function altKey(key, k) {
  const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[key];
  return by && (() => reorder(k, by));
}

function plainKey(event, k, card) {
  const far = event.shiftKey ? 10 : 1;
  const { prompt } = card.parts;
  return {
    ArrowLeft: () => moveBy(k, -far), ArrowRight: () => moveBy(k, far),
    ArrowUp: () => chooseAt(k - 1), ArrowDown: () => chooseAt(k + 1),
    Home: () => chooseAt(0), End: () => chooseAt(state.film.ids.length - 1),
    Delete: () => remove(k), Backspace: () => remove(k),
    Enter: () => { prompt.focus(); prompt.select(); },
    a: () => add(k), "+": () => add(k), d: () => duplicate(k),
  }[event.key];
}

function undoKey(event) {
  if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea, select")) return;
  const act = { z: event.shiftKey ? redo : undo, Z: redo, y: redo }[event.key];
  if (act) end(event, act, () => {});
}

// --- buttons --------------------------------------------------------------------------------------------------------

const BUTTONS = [
  ["Add", "add a keyframe after the chosen one (a)", () => add(chosenIndex())],
  ["Duplicate", "duplicate the chosen keyframe (d)", () => duplicate(chosenIndex())],
  ["Earlier", "let it change places with the keyframe before (Alt+←)", () => reorder(chosenIndex(), -1)],
  ["Later", "let it change places with the keyframe after (Alt+→)", () => reorder(chosenIndex(), 1)],
  ["Remove", "remove the chosen keyframe (Delete)", () => remove(chosenIndex())],
  ["Undo", "undo (Ctrl+Z)", undo],
  ["Redo", "do again (Ctrl+Shift+Z)", redo],
];

function makeBar() {
  for (const [text, title, act] of BUTTONS) {
    const node = button(text, text, () => state.film.ids.length && act(), { class: `tool ${text.toLowerCase()}`, title });
    find(".bar").append(node);
  }
}

function renderBar() {
  const [k, last] = [chosenIndex(), state.film.ids.length - 1];
  const off = { earlier: k === 0, later: k === last, remove: last < (isCycle(state.film) ? 1 : 2), undo: !state.past.length, redo: !state.future.length };
  for (const [name, is] of Object.entries(off)) put(find(`.tool.${name}`), "aria-disabled", is ? "true" : null);
}
