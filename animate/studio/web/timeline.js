// Starts the timeline: what is above this in the script are its parts, this puts them to work.

function render() {
  renderCards();
  renderRuler();
  renderTracks();
  renderBar();
  renderFault();
  layOut();
}

// What belongs to no keyframe and no track that is shown.
function renderFault() {
  const [fault, error] = [find(".fault"), shown().view.error];
  const placed = error && (error.keyframe !== null ? !isCrowded() : tracksOf(shown()).includes(error.field));
  const crowd = isCrowded() ? `${state.film.ids.length} keyframes are too many to be shown as cards (up to ${MOST_CARDS}); change them in the storyboard’s text` : "";
  say(fault, error && !placed ? error.line : crowd);
  fault.hidden = !fault.textContent;
  find(".bar").hidden = isCrowded();
}

makeBar();
element.addEventListener("keydown", undoKey);
watch("value", () => receive(props.value));
state.edit = props.value?.edit ?? 0;
receive(props.value);
new ResizeObserver(() => state.film === EMPTY || render()).observe(find(".stage"));
