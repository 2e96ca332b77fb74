// Changes of a storyboard's keyframes. A film is {story, view, ids}; functions change it in place and know nothing of the page.

const PICTURE = ["prompt", "seed", "guidance", "negative", "image", "strength"]; // what decides a keyframe's picture

const keysOf = (film) => film.story.keyframes;
const isCycle = (film) => film.story.loop === "cycle";
const isFree = (film, k) => keysOf(film)[k].at === undefined || keysOf(film)[k].at === null;
const holdOf = (key) => Math.max(0, Math.round(Number(key.hold) || 0));
const endOf = (film, k) => film.view.at[k] + holdOf(keysOf(film)[k]); // the last frame that shows it alone
const labelOf = (key) => String(key.prompt || String(key.image ?? "").split("/").pop() || "no prompt yet");

// The frames from the ruler's left end to its right one: where a film loops, that is where it is at its first frame again.
const span = (film) => Math.max(1, film.story.loop === "cycle" || film.story.loop === "bounce" ? film.view.frames : film.view.frames - 1);
const percent = (film, frame) => (frame / span(film)) * 100;

// --- where keyframes may be -----------------------------------------------------------------------------------------

function bounds(film, k) {
  const last = keysOf(film).length - 1;
  const round = isCycle(film) ? endOf(film, last) + 1 - film.view.there : 0;
  const low = k > 0 ? endOf(film, k - 1) + 1 : Math.max(0, round);
  const hold = holdOf(keysOf(film)[k]);
  if (k < last) return [low, film.view.at[k + 1] - 1 - hold];
  return [low, isCycle(film) ? Math.min(film.view.there - 1, film.view.at[0] + film.view.there - 1 - hold) : film.view.there - 1 - hold];
}

function pin(film, k) {
  keysOf(film)[k].at = film.view.at[k];
}

// Keyframes without a place of their own are spread between their neighbours: those beside `k` stay where they are, whatever happens to it.
function pinAround(film, k) {
  const last = keysOf(film).length - 1;
  for (let i = k - 1; i > 0 && isFree(film, i); i--) pin(film, i);
  for (let i = k + 1; i <= last && isFree(film, i) && (i < last || isCycle(film)); i++) pin(film, i);
  if (k === 0 && isCycle(film)) for (let i = last; i > 0 && isFree(film, i); i--) pin(film, i);
}

// To that frame, or as near to it as the neighbours allow; returns where. null: there is no room at all.
function moveKey(film, k, frame) {
  const [low, high] = bounds(film, k);
  if (keysOf(film).length === 1 || low > high) return null;
  const to = Math.min(high, Math.max(low, Math.round(frame)));
  if (to === film.view.at[k] && !isFree(film, k)) return to;
  pinAround(film, k);
  keysOf(film)[k].at = film.view.at[k] = to;
  return to;
}

// --- more and fewer -------------------------------------------------------------------------------------------------

function place(film, index, key, frame, id, thumb = null) {
  keysOf(film).splice(index, 0, { ...key, at: frame });
  film.view.at.splice(index, 0, frame);
  film.view.thumbs.splice(index, 0, thumb);
  film.ids.splice(index, 0, id);
  pinAround(film, index);
}

// A keyframe midway between `k` and the next; at the end of an open film, the last. false: there is no frame left for it.
function insertAfter(film, k, key, id, thumb) {
  const { at, there } = film.view;
  const [hold, end, last] = [holdOf(key), endOf(film, k), k === keysOf(film).length - 1];
  if (last && !isCycle(film)) return end + hold < there - 1 ? append(film, k, key, id, thumb) : insertAtEnd(film, k, key, id, thumb);
  const next = last ? at[0] + there : at[k + 1];
  const frame = Math.min(there - 1, Math.floor((end + next - hold) / 2));
  if (frame <= end || frame + hold >= next) return false;
  place(film, k + 1, key, frame, id, thumb);
  return true;
}

function append(film, k, key, id, thumb) {
  place(film, k + 1, key, film.view.there - 1 - holdOf(key), id, thumb);
  delete keysOf(film)[k + 1].at; // the last one of an open film is at its end by itself
  return true;
}

// The last keyframe gives up its place at the end and goes half of the way back.
function insertAtEnd(film, k, key, id, thumb) {
  const before = k > 0 ? endOf(film, k - 1) : -1;
  const [hold, last] = [holdOf(keysOf(film)[k]), film.view.there - 1 - holdOf(key)];
  const frame = Math.floor((before + last - hold) / 2);
  if (frame <= before || frame + hold >= last) return false;
  append(film, k, key, id, thumb);
  return moveKey(film, k, frame) !== null;
}

function removeKey(film, k) {
  pinAround(film, k);
  for (const list of [keysOf(film), film.view.at, film.view.thumbs, film.ids]) list.splice(k, 1);
  if (keysOf(film).length === 1) for (const name of ["at", "hold", "ease"]) delete keysOf(film)[0][name]; // it walks a circle
}

// Two neighbours change places: the places stay.
function swapKeys(film, k, other) {
  const keys = keysOf(film);
  const [here, there] = [keys[k].at, keys[other].at];
  for (const list of [keys, film.view.thumbs, film.ids]) [list[k], list[other]] = [list[other], list[k]];
  setField(film, k, "at", here);
  setField(film, other, "at", there);
}

function setField(film, k, name, value) {
  if (value === undefined || value === null || value === "") delete keysOf(film)[k][name];
  else keysOf(film)[k][name] = value;
  if (name === "prompt") keysOf(film)[k].prompt = value ?? "";
  if (PICTURE.includes(name)) film.view.thumbs[k] = null;
}
