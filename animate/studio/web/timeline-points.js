// Values over time: a number, an expression, or points {frame: value}. A film is {story, view, ids}; knows nothing of the page.

const PLACES = {
  feedback: ["feedback"], guidance: ["sampling", "guidance"], zoom: ["zoom"],
  "pan right": ["pan", 0], "pan down": ["pan", 1], rotate: ["rotate"],
};
const STEPS = { feedback: 0.01, guidance: 0.1, zoom: 0.001, "pan right": 0.1, "pan down": 0.1, rotate: 0.1 };
const ADDABLE = { feedback: ["feedback"], guidance: ["guidance"], zoom: ["zoom"], pan: ["pan right", "pan down"], rotate: ["rotate"] };
const CAMERA = ["zoom", "pan", "rotate"]; // fields that move the picture before, so that there has to be feedback
const MOST_SAMPLED = 9; // points that an expression becomes

function trackOf(film, name) {
  const [field, part] = PLACES[name];
  const value = film.story[field];
  return part === undefined ? value : value?.[part];
}

function setTrack(film, name, value) {
  const [field, part] = PLACES[name];
  if (part === undefined) film.story[field] = value;
  else if (field === "pan") film.story.pan = Object.assign([0, 0], film.story.pan, { [part]: value });
  else film.story[field] = { ...film.story[field], [part]: value };
}

const tracksOf = (film) => Object.keys(PLACES).filter((name) => trackOf(film, name) !== undefined && trackOf(film, name) !== null);
const isMapping = (value) => typeof value === "object" && value !== null;
const isFormula = (value) => typeof value === "string";
const rounded = (name, value) => Number((Math.round(value / STEPS[name]) * STEPS[name]).toFixed(4));

function within(film, name, value) {
  const [low, high] = film.view.ranges[name];
  return Math.min(high, Math.max(low, rounded(name, value)));
}

// A pair of tracks comes and goes together: a camera that pans has both ways.
function addTrack(film, choice) {
  if (CAMERA.includes(choice) && (film.story.feedback ?? null) === null) setTrack(film, "feedback", film.view.start.feedback);
  for (const name of ADDABLE[choice]) setTrack(film, name, film.view.start[name]);
}

function removeTrack(film, name) {
  const [field, part] = PLACES[name];
  if (field === "sampling") delete film.story.sampling[part];
  else delete film.story[field];
  if (field === "feedback") for (const moved of CAMERA) delete film.story[moved];
}

// --- points ---------------------------------------------------------------------------------------------------------

// In order of time: {key: as the storyboard writes its moment, frame, value, raw: what the storyboard says there}. A number is one point.
function pointsOf(film, name) {
  const value = trackOf(film, name);
  if (isFormula(value)) return [];
  if (!isMapping(value)) return [{ key: "0", frame: 0, value: Number(value), raw: value }];
  const known = film.view.points[name] ?? [];
  const points = known.length === Object.keys(value).length && known.every(({ key }) => key in value) ? known : numbered(value);
  return points.map((point) => ({ ...point, raw: value[point.key] }));
}

function numbered(value) {
  const whole = Object.entries(value).filter(([key, one]) => /^\d+$/.test(key) && Number.isFinite(Number(one)));
  return whole.map(([key, one]) => ({ key, frame: Number(key), value: Number(one) })).sort((a, b) => a.frame - b.frame);
}

function setPoints(film, name, points) {
  const sorted = [...points].sort((a, b) => a.frame - b.frame);
  setTrack(film, name, sorted.length === 1 ? sorted[0].raw : Object.fromEntries(sorted.map(({ key, raw }) => [key, raw])));
  film.view.points[name] = sorted.map(({ key, frame, value }) => ({ key, frame, value }));
}

// The frames between which a point may be moved.
function pointBounds(film, name, index) {
  const points = pointsOf(film, name);
  return [(points[index - 1]?.frame ?? -1) + 1, Math.min(film.view.there, points[index + 1]?.frame ?? film.view.there) - 1];
}

function movePoint(film, name, index, frame, value) {
  const points = pointsOf(film, name);
  const point = points[index];
  const [low, high] = pointBounds(film, name, index);
  const to = Math.min(high, Math.max(low, frame));
  if (points.length > 1 && frame !== point.frame && low <= high) Object.assign(point, { key: String(to), frame: to });
  const amount = within(film, name, value);
  if (value !== point.value) Object.assign(point, { value: amount, raw: amount });
  setPoints(film, name, points);
  return point;
}

// Returns its index; -1 where there is one on that frame already.
function addPoint(film, name, frame, value) {
  const points = pointsOf(film, name);
  if (isFormula(trackOf(film, name)) || points.some((point) => point.frame === frame)) return -1;
  const amount = within(film, name, value);
  setPoints(film, name, [...points, { key: String(frame), frame, value: amount, raw: amount }]);
  return pointsOf(film, name).findIndex((point) => point.frame === frame);
}

function removePoint(film, name, index) {
  setPoints(film, name, pointsOf(film, name).filter((point, i) => i !== index));
}

// The middle of the longest stretch without a point; null where every frame has one.
function emptiest(film, name) {
  const frames = [...pointsOf(film, name).map(({ frame }) => frame), film.view.there - 1];
  const gaps = frames.slice(1).map((frame, i) => [frame - frames[i], Math.ceil((frame + frames[i]) / 2)]);
  const [length, middle] = gaps.reduce((best, gap) => (gap[0] > best[0] ? gap : best), [0, null]);
  return length > 0 ? middle : null;
}

function sampled(film, name) {
  const count = Math.min(MOST_SAMPLED, film.view.there);
  const frames = Array.from({ length: count }, (_, i) => Math.round((i * (film.view.there - 1)) / Math.max(1, count - 1)));
  const points = [...new Set(frames)].map((frame) => [frame, within(film, name, valueAt(film, name, frame))]);
  setPoints(film, name, points.map(([frame, value]) => ({ key: String(frame), frame, value, raw: value })));
}

// --- as a line ------------------------------------------------------------------------------------------------------

// The corners of the curve, on the way there: [frame, value].
function lineOf(film, name) {
  const points = pointsOf(film, name).map(({ frame, value }) => [frame, value]);
  const end = isCycle(film) ? film.view.there : film.view.there - 1;
  if (!points.length) return curveLine(film, name, end);
  const [first, last] = [points[0], points.at(-1)];
  if (!isCycle(film) || points.length === 1) return [[0, first[1]], ...points, [end, last[1]]];
  const seam = first[0] === 0 ? first[1] : between([last[0] - end, last[1]], first, 0);
  return [[0, seam], ...points, [end, last[0] === end ? last[1] : seam]];
}

function curveLine(film, name, end) {
  const values = film.view.curves[name] ?? [];
  const corners = values.map((value, i) => [(i * (film.view.there - 1)) / Math.max(1, values.length - 1), value]);
  return isCycle(film) && values.length ? [...corners, [end, values[0]]] : corners;
}

const between = ([a, from], [b, to], frame) => (b === a ? from : from + ((to - from) * (frame - a)) / (b - a));

function valueAt(film, name, frame) {
  const line = lineOf(film, name);
  const right = Math.max(1, line.findIndex(([at], i) => i > 0 && at >= frame));
  return line.length < 2 ? film.view.start[name] : between(line[right - 1], line[right], frame);
}

// The least and the greatest value that a track is drawn with: close around its curve, for what is allowed is far more.
function scaleOf(film, name) {
  if (name === "feedback") return [0, 1];
  const values = lineOf(film, name).map(([, value]) => value).filter(Number.isFinite);
  if (name === "guidance") return [0, Math.max(10, Math.ceil(1.25 * Math.max(0, ...values)))];
  const [middle, least] = name === "zoom" ? [1, 0.04] : [0, 2];
  const reach = Math.max(least, 1.25 * Math.max(0, ...values.map((value) => Math.abs(value - middle))));
  return [middle - reach, middle + reach];
}
