// Starts the timeline: what is above this in the script are its parts, this puts them to work.

function render() {
  renderCards();
  renderRuler();
  renderTracks();
  renderBar();
  renderFault();
  layOut();
}

// An error that belongs to no keyframe and no track that is shown.
function renderFault() {
  const [fault, error] = [find(".fault"), shown().view.error];
  const placed = error && (error.keyframe !== null || tracksOf(shown()).includes(error.field));
  fault.hidden = !error || placed;
  say(fault, error && !placed ? error.line : "");
}

makeBar();
element.addEventListener("keydown", undoKey);
watch("value", () => receive(props.value));
state.edit = props.value?.edit ?? 0;
receive(props.value);
new ResizeObserver(() => state.film === EMPTY || render()).observe(find(".stage"));
