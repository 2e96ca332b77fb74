// The keyframes as cards: a picture, the prompt, and what else a keyframe says.

const NUMBERS = [["guidance", "0 to 100"], ["strength", "0 to 1"]];
const TYPES = "image/png,image/jpeg,image/webp";
const cardOf = (id) => [...find(".cards").children].find((card) => card.dataset.id === id);
const indexOf = (card) => state.film.ids.indexOf(card.dataset.id);

function newCard(id) {
  const card = make("li", { class: "card", role: "listitem", "data-id": id });
  const parts = (card.parts = { ...pictureParts(), ...fieldParts(card), more: moreParts(card), wrong: make("p", { class: "wrong", hidden: true }) });
  const { picture, prompt, fields, more, wrong } = parts;
  card.append(picture, prompt, fields, more.fold, wrong);
  card.addEventListener("focusin", () => choose(id));
  card.addEventListener("pointerdown", (event) => event.target.closest("input, textarea, select, button, summary") || card.focus());
  card.addEventListener("keydown", (event) => cardKey(event, card));
  picture.addEventListener("pointerdown", (event) => dragCard(event, card));
  return card;
}

function pictureParts() {
  const [number, words] = [make("span", { class: "number" }), make("span", { class: "words" })];
  const image = make("img", { alt: "", draggable: "false", hidden: true });
  return { picture: make("div", { class: "picture", "aria-hidden": "true" }, image, words, number), image, words, number };
}

function fieldParts(card) {
  const prompt = make("textarea", { class: "prompt", rows: 2, "aria-label": "prompt", spellcheck: "false" });
  const frame = make("input", { type: "number", min: 0, step: 1 });
  const hold = make("input", { type: "number", min: 0, step: 1 });
  const seed = make("input", { type: "text", inputmode: "numeric", placeholder: "film’s" });
  const ease = make("select");
  editable(prompt, (text) => setOne(card, "prompt", text.replace(/\s+/g, " ")), () => card.focus());
  editable(frame, (text) => moveTo(card, Number(text)), () => card.focus());
  editable(hold, (text) => setOne(card, "hold", text === "0" ? undefined : numeric(text)), () => card.focus());
  editable(seed, (text) => setOne(card, "seed", numeric(text)), () => card.focus());
  ease.addEventListener("change", () => setOne(card, "ease", ease.value));
  const die = button("", "draw a random seed", () => setOne(card, "seed", randomSeed()), { class: "die" });
  die.append(dieFace());
  const fields = make("div", { class: "fields" });
  fields.append(labelled("frame", frame), labelled("hold", hold), labelled("seed", seed, die), labelled("ease", ease));
  return { prompt, frame, hold, seed, ease, die, fields };
}

function labelled(name, field, ...others) {
  put(field, "aria-label", name); // without what is chosen in it
  const label = make("label", {}, make("span", {}, name), field);
  return others.length ? make("div", { class: "pair" }, label, ...others) : label;
}

function dieFace() {
  const face = drawn("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  face.append(drawn("rect", { x: 1.75, y: 1.75, width: 12.5, height: 12.5, rx: 3 }));
  for (const [cx, cy] of [[5, 5], [11, 5], [8, 8], [5, 11], [11, 11]]) face.append(drawn("circle", { cx, cy, r: 1.15 }));
  return face;
}

function moreParts(card) {
  const fold = make("details", { class: "more" }, make("summary", {}, "More"));
  const parts = { fold };
  parts.negative = editable(make("input", { type: "text", placeholder: "film’s" }), (text) => setOne(card, "negative", text), () => card.focus());
  const pairs = make("div", { class: "fields" });
  for (const [name, hint] of NUMBERS) {
    const field = make("input", { type: "text", inputmode: "decimal", placeholder: hint });
    parts[name] = editable(field, (text) => setOne(card, name, numeric(text)), () => card.focus());
    pairs.append(labelled(name, field));
  }
  Object.assign(parts, imageParts(card));
  fold.append(labelled("negative prompt", parts.negative), pairs, parts.row);
  return parts;
}

function imageParts(card) {
  const file = make("input", { type: "file", accept: TYPES, hidden: true, "aria-label": "image of this keyframe" });
  const pick = button("Image…", "show an image in place of a prompt, or redraw one", () => file.click(), { class: "plain" });
  const drop = button("Remove image", "remove the image of this keyframe", () => setOne(card, "image"), { class: "plain", hidden: true });
  const name = make("span", { class: "name" });
  file.addEventListener("change", () => file.files[0] && uploadTo(card, file));
  return { file, pick, drop, name, row: make("div", { class: "row" }, pick, drop, name, file) };
}

async function uploadTo(card, file) {
  try {
    const { path, url } = await upload(file.files[0]);
    change((film) => {
      const k = film.ids.indexOf(card.dataset.id);
      if (k < 0) return refused("the keyframe is gone");
      setField(film, k, "image", path);
      film.view.thumbs[k] = url;
      return `image of ${whereIs(film, k)}`;
    });
  } catch (error) {
    announce(`the image was not taken: ${error instanceof Error ? error.message : error}`);
  }
  file.value = "";
}

function setOne(card, name, value) {
  change((film) => {
    const k = indexOf(card);
    if (k < 0) return refused("the keyframe is gone"); // Python has taken it away meanwhile
    setField(film, k, name, value);
    return `${name} ${value === undefined || value === "" ? "left out" : value}: ${whereIs(film, k)}`;
  });
}

const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

// --- as they are now ------------------------------------------------------------------------------------------------

function renderCards() {
  const [list, film, ids] = [find(".cards"), shown(), idsShown()];
  const had = document.activeElement;
  const cards = new Map([...list.children].map((card) => [card.dataset.id, card]));
  for (const [id, card] of cards) if (!ids.includes(id)) card.remove();
  ids.forEach((id, k) => {
    const card = cards.get(id) ?? newCard(id);
    if (list.children[k] !== card) settle(list, card, list.children[k] ?? null);
    renderCard(card, film, k);
  });
  if (had !== document.activeElement && list.contains(had)) had.focus({ preventScroll: true });
}

// `moveBefore` keeps focus, selection and what is being typed; where a browser has it not, the focus is given back afterwards.
function settle(list, card, before) {
  if (card.isConnected && list.moveBefore) list.moveBefore(card, before);
  else list.insertBefore(card, before);
}

function renderCard(card, film, k) {
  const [key, parts, now] = [keysOf(film)[k], card.parts, card.dataset.id === state.chosen];
  put(card, "aria-label", `Keyframe ${k + 1} of ${film.ids.length}: ${whereIs(film, k)}`);
  put(card, "aria-current", now ? "true" : null);
  put(card, "tabindex", now ? 0 : -1);
  card.style.setProperty("--hue", hueOf(key));
  renderPicture(parts, film, k);
  write(parts.prompt, key.prompt);
  write(parts.frame, film.view.at[k]);
  write(parts.hold, key.hold ?? 0);
  write(parts.seed, key.seed);
  put(parts.seed, "placeholder", `film’s (${film.story.seed ?? 0})`);
  renderEase(parts.ease, film, k);
  renderMore(parts.more, key);
  renderWrong(card, film.view.error, k);
  for (const field of card.querySelectorAll("input, textarea, select, button, summary")) put(field, "tabindex", now ? 0 : -1);
}

function renderPicture({ image, words, number }, film, k) {
  const thumb = film.view.thumbs[k] ?? null;
  put(image, "src", thumb);
  image.hidden = !thumb;
  words.hidden = Boolean(thumb);
  say(words, labelOf(keysOf(film)[k]));
  say(number, String(k + 1));
}

function renderEase(select, film, k) {
  const [own, names] = [keysOf(film)[k].ease ?? "", film.view.eases];
  const all = own && !names.includes(own) ? [...names, own] : names;
  const options = fill(select, all.length + 1, () => make("option"));
  [["", `film’s (${film.story.ease ?? "linear"})`], ...all.map((name) => [name, name])].forEach(([value, text], i) => {
    put(options[i], "value", value);
    say(options[i], text);
  });
  if (select.value !== own) select.value = own;
  select.disabled = film.ids.length === 1 || (k === film.ids.length - 1 && !isCycle(film));
  put(select, "title", select.disabled ? "nothing follows this keyframe" : `the way to keyframe ${((k + 1) % film.ids.length) + 1}`);
}

function renderMore(parts, key) {
  for (const name of ["negative", "guidance", "strength"]) write(parts[name], key[name]);
  parts.drop.hidden = !key.image;
  say(parts.pick, key.image ? "Another…" : "Image…");
  say(parts.name, key.image ? String(key.image).split("/").pop() : "");
}

// An error stands on its keyframe, and its field is marked.
function renderWrong(card, error, k) {
  const [{ wrong, more }, here] = [card.parts, error && error.keyframe === k ? error : null];
  wrong.id = `${card.dataset.id}-wrong`;
  wrong.hidden = !here;
  say(wrong, here?.line ?? "");
  const fields = { ...more, ...card.parts, at: card.parts.frame };
  for (const name of ["prompt", "at", "hold", "seed", "ease", "negative", "guidance", "strength"]) {
    const faulty = Boolean(here) && (here.field ?? "prompt") === name;
    put(fields[name], "aria-invalid", faulty ? "true" : null);
    put(fields[name], "aria-describedby", faulty ? wrong.id : null);
  }
  if (here && ["negative", "guidance", "strength", "image"].includes(here.field)) more.fold.open = true;
}

// The colour of a keyframe without a picture: its own, wherever it stands.
function hueOf(key) {
  let hash = 7;
  for (const letter of `${labelOf(key)} ${key.seed ?? ""}`) hash = (hash * 31 + letter.codePointAt(0)) % 360;
  return hash;
}
