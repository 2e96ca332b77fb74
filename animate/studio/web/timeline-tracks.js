// The tracks under the ruler: each a curve over the frames, with points to drag.

const lanes = new Map(); // name -> its row

function newTrack(name) {
  const row = make("div", { class: "track", role: "group", "aria-label": `${name} over time`, "data-track": name });
  const line = drawn("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" });
  const parts = (row.parts = { line, curve: drawn("path", { class: "curve" }), back: drawn("path", { class: "curve back" }), dots: make("div", { class: "dots" }) });
  if (CAMERA.includes(PLACES[name][0])) line.append(drawn("path", { class: "middle", d: "M0 50 H1000" })); // where nothing moves
  line.append(parts.back, parts.curve);
  parts.lane = make("div", { class: "lane", tabindex: 0, role: "group", "aria-label": `${name}: Enter adds a point` }, line, parts.dots);
  parts.wrong = make("p", { class: "wrong", id: `wrong-${name.replace(" ", "-")}`, hidden: true });
  row.append(newHead(name, parts), parts.lane, parts.wrong);
  parts.lane.addEventListener("dblclick", (event) => event.target.closest(".dot") || addAt(name, event));
  parts.lane.addEventListener("keydown", (event) => event.target === parts.lane && event.key === "Enter" && end(event, () => addMidway(name), () => {}));
  return row;
}

function newHead(name, parts) {
  parts.top = make("span", { class: "limits" });
  parts.value = make("input", { type: "text", spellcheck: "false", autocomplete: "off", "aria-label": `${name}, value or expression` });
  editable(parts.value, (text) => setValue(name, text), () => parts.lane.focus());
  const add = button("Add point", `add a point to ${name}`, () => addMidway(name), { class: "plain" });
  const turn = button("Make points", `turn the expression of ${name} into points`, () => turnIntoPoints(name), { class: "plain" });
  const gone = name.startsWith("pan") ? "pan" : name;
  const drop = button("×", `remove ${gone}`, () => dropTrack(name), { class: "plain drop" });
  Object.assign(parts, { add, turn });
  return make("div", { class: "head" }, make("span", { class: "title" }, name), parts.value, parts.top, make("span", { class: "space" }), add, turn, drop);
}

// --- edits ----------------------------------------------------------------------------------------------------------

const pointWords = (name, { frame, value }) => `${name} ${value} at frame ${frame}`;
const frameIn = (film, x) => Math.min(film.view.there - 1, Math.max(0, Math.round(x * span(film))));

function addAt(name, event) {
  const { x, y } = placeIn(lanes.get(name).parts.lane, event);
  change((film) => added(film, name, frameIn(film, x), valueOf(scaleOf(film, name), y)));
  focusDot(name, state.points[name]);
}

function addMidway(name) {
  change((film) => {
    const frame = emptiest(film, name);
    if (isFormula(trackOf(film, name))) return refused("an expression has no points; “Make points” turns it into some");
    return frame === null ? refused("there is a point on every frame") : added(film, name, frame, valueAt(film, name, frame));
  });
  focusDot(name, state.points[name]);
}

function added(film, name, frame, value) {
  const index = addPoint(film, name, frame, value);
  if (index < 0) return refused(`${name} takes no further point on frame ${frame}`);
  state.points[name] = index;
  return `added: ${pointWords(name, pointsOf(film, name)[index])}`;
}

function setValue(name, text) {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : numeric(text);
  if (value === undefined) return render();
  change((film) => {
    const [points, index] = [pointsOf(film, name), state.points[name] ?? 0];
    if (points.length > 1 && typeof value === "number") return pointWords(name, movePoint(film, name, index, points[index].frame, value));
    if (points.length > 1) return refused("an expression takes the place of all points: remove them first");
    setTrack(film, name, value);
    return `${name} ${value}`;
  });
}

function turnIntoPoints(name) {
  change((film) => {
    sampled(film, name);
    return `${name}: ${pointsOf(film, name).length} points`;
  });
  focusDot(name, 0);
}

function dropTrack(name) {
  const next = tracksOf(state.film).find((other) => other !== name);
  change((film) => {
    removeTrack(film, name);
    return `${name} removed`;
  });
  (lanes.get(next)?.parts.lane ?? find(".adds button"))?.focus();
}

function dropPoint(name, index) {
  change((film) => {
    if (pointsOf(film, name).length < 2) return refused(`${name} keeps its last point; × removes the track`);
    removePoint(film, name, index);
    state.points[name] = Math.max(0, index - 1);
    return `point of ${name} removed`;
  });
  focusDot(name, state.points[name]);
}

function dotKey(event, name, index) {
  const [point, far] = [pointsOf(state.film, name)[index], event.shiftKey ? 10 : 1];
  const across = { ArrowLeft: -far, ArrowRight: far }[event.key] ?? 0;
  const up = { ArrowUp: far, ArrowDown: -far }[event.key] ?? 0;
  if (event.key === "Delete" || event.key === "Backspace") return end(event, () => dropPoint(name, index), () => {});
  if (!across && !up) return;
  const move = (film) => pointWords(name, movePoint(film, name, index, point.frame + across, rounded(name, point.value + up * STEPS[name])));
  end(event, () => change(move, `point ${name} ${index}`), () => {});
}

function focusDot(name, index) {
  lanes.get(name)?.parts.dots.children[index ?? 0]?.focus();
}

// --- as they are now ------------------------------------------------------------------------------------------------

function renderTracks() {
  const [film, list] = [shown(), find(".tracks")];
  const names = tracksOf(film);
  for (const [name, row] of lanes) if (!names.includes(name)) lanes.delete(name) && row.remove();
  names.forEach((name, i) => {
    if (!lanes.has(name)) lanes.set(name, newTrack(name));
    if (list.children[i] !== lanes.get(name)) settle(list, lanes.get(name), list.children[i] ?? null);
    renderTrack(name, film);
  });
  renderAdds(film);
}

function renderTrack(name, film) {
  const [parts, points, scale] = [lanes.get(name).parts, pointsOf(film, name), scaleOf(state.film, name)];
  const formula = isFormula(trackOf(film, name));
  const index = Math.min(state.points[name] ?? 0, Math.max(0, points.length - 1));
  write(parts.value, formula ? trackOf(film, name) : (points[index]?.raw ?? ""));
  put(parts.value, "class", formula ? "long" : null);
  const where = formula ? "an expression of t, f, n, x" : points.length > 1 ? `at frame ${points[index].frame}` : "throughout";
  say(parts.top, `${where} · drawn from ${scale.map((limit) => Number(limit.toPrecision(3))).join(" to ")}`);
  parts.add.hidden = formula;
  parts.turn.hidden = !formula;
  renderLine(parts, film, name, scale);
  renderDots(parts.dots, film, name, points, scale);
  const error = film.view.error?.keyframe === null && film.view.error.field === name ? film.view.error.line : "";
  parts.wrong.hidden = !error;
  say(parts.wrong, error);
  put(parts.value, "aria-invalid", error ? "true" : null);
  put(parts.value, "aria-describedby", error ? parts.wrong.id : null);
}

const heightOf = ([low, high], value) => Math.min(100, Math.max(0, (100 * (high - value)) / (high - low)));
const valueOf = ([low, high], y) => high - Math.min(1, Math.max(0, y)) * (high - low);

function renderLine(parts, film, name, scale) {
  const line = lineOf(film, name);
  const path = (corners) => corners.map(([x, y], i) => `${i ? "L" : "M"}${(10 * percent(film, x)).toFixed(1)} ${heightOf(scale, y).toFixed(2)}`).join(" ");
  put(parts.curve, "d", path(line));
  put(parts.back, "d", film.story.loop === "bounce" ? path(line.map(([frame, value]) => [film.view.frames - frame, value])) : "");
}

function renderDots(list, film, name, points, scale) {
  const dots = fill(list, points.length, (index) => newDot(name, index));
  const [low, high] = film.view.ranges[name];
  points.forEach((point, i) => {
    dots[i].style.left = `${percent(film, point.frame)}%`;
    dots[i].style.top = `${heightOf(scale, point.value)}%`;
    put(dots[i], "aria-label", `${name}, frame ${point.frame}`);
    for (const [at, value] of [["min", low], ["max", high], ["now", point.value], ["text", `${point.value} at frame ${point.frame}`]]) {
      put(dots[i], `aria-value${at}`, value);
    }
  });
}

function newDot(name, index) {
  const dot = make("button", { type: "button", role: "slider", "aria-orientation": "vertical", class: "dot" });
  dot.addEventListener("keydown", (event) => dotKey(event, name, index));
  dot.addEventListener("focus", () => { state.points[name] = index; renderTrack(name, shown()); });
  dot.addEventListener("pointerdown", (event) => {
    const scale = scaleOf(state.film, name);
    dot.focus();
    follow(event, lanes.get(name).parts.lane, (film, { x, y }) => pointWords(name, movePoint(film, name, index, frameIn(film, x), valueOf(scale, y))));
  });
  return dot;
}

function renderAdds(film) {
  const choices = Object.keys(ADDABLE).filter((choice) => !ADDABLE[choice].some((name) => tracksOf(film).includes(name)));
  const list = find(".adds");
  list.hidden = !choices.length;
  const [title, ...chips] = fill(list, choices.length + 1, (i) => (i ? newChip() : make("span", { class: "title" }, "Add a track")));
  chips.forEach((chip, i) => {
    chip.choice = choices[i];
    say(chip, choices[i]);
    put(chip, "aria-label", `add ${choices[i]}`);
    put(chip, "title", CAMERA.includes(choices[i]) ? "moves the picture before, so that feedback comes with it" : null);
  });
  return title;
}

function newChip() {
  const chip = make("button", { type: "button", class: "chip" });
  chip.addEventListener("click", () => {
    const { choice } = chip;
    change((film) => {
      addTrack(film, choice);
      return `${choice} added`;
    });
    lanes.get(ADDABLE[choice][0])?.parts.lane.focus();
  });
  return chip;
}
