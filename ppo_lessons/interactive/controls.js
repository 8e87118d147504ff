// Native inputs: labels, focus, keyboard and screen readers come with the browser.
function make(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function slider(knob, settings, set) {
  const input = make("input", { type: "range", min: 0, max: knob.texts.length - 1, step: 1 });
  const readout = make("output", {});
  const show = () => {
    input.value = settings()[knob.name];
    readout.textContent = knob.texts[input.value];
    input.setAttribute("aria-valuetext", readout.textContent);
  };
  input.addEventListener("input", () => set(knob.name, Number(input.value)));
  const row = make("div", { className: "ppo-knob" }, make("label", {}, make("span", {}, knob.label), input), readout);
  if (knob.play) row.append(player(knob, settings, set));
  return [row, show];
}

function player(knob, settings, set) {
  const button = make("button", { type: "button", textContent: "▶" });
  const label = (verb) => button.setAttribute("aria-label", `${verb} ${knob.label}`);
  let timer = 0;
  const stop = () => { clearInterval(timer); timer = 0; button.textContent = "▶"; label("Play"); };
  const step = () => {
    const at = settings()[knob.name], last = knob.texts.length - 1;
    if (!button.isConnected || at >= last) return stop();
    set(knob.name, at + 1);
    if (at + 1 === last) stop();
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (settings()[knob.name] >= knob.texts.length - 1) set(knob.name, 0);
    timer = setInterval(step, knob.play);
    button.textContent = "❚❚";
    label("Pause");
  });
  stop();
  return button;
}

function toggle(knob, settings, set) {
  const input = make("input", { type: "checkbox" });
  input.addEventListener("change", () => set(knob.name, input.checked));
  const row = make("div", { className: "ppo-knob" }, make("label", {}, make("span", {}, knob.label), input));
  return [row, () => { input.checked = settings()[knob.name]; }];
}

function choice(knob, settings, set) {
  const options = knob.texts.map((text, value) => make("option", { value, textContent: text }));
  const input = make("select", {}, ...options);
  input.addEventListener("change", () => set(knob.name, Number(input.value)));
  const row = make("div", { className: "ppo-knob" }, make("label", {}, make("span", {}, knob.label), input));
  return [row, () => { input.value = settings()[knob.name]; }];
}

function button(knob, settings, set, press) {
  const input = make("button", { type: "button", textContent: knob.label });
  input.addEventListener("click", () => press(knob.name));
  return [input, () => {}];
}

const KINDS = { slider, toggle, choice, button };

const PATIENCE = 4000; // milliseconds
const NO_ANSWER = "No answer from the kernel yet. If no cell is running ([*]), run this cell again: then the figure follows its knobs.";
const GONE = "The kernel was restarted, and this figure stands still. Run this cell again (after those above it) and it follows its knobs.";

// A kernel that has gone says nothing, so it is asked whether it follows.
function listener(model) {
  const notice = make("div", { className: "ppo-notice", hidden: true });
  notice.setAttribute("role", "status");
  let timer = 0, gone = false;
  const say = (text) => { notice.textContent = text; notice.hidden = !text; };
  const ask = () => {
    if (timer || gone) return;
    timer = setTimeout(() => say(NO_ANSWER), PATIENCE);
    try { model.send({ ping: true }); } catch { say(NO_ANSWER); }
  };
  const answered = (message) => {
    if (!message?.pong) return;
    clearTimeout(timer);
    timer = 0;
    if (!gone) say("");
  };
  const left = () => { gone = true; clearTimeout(timer); say(GONE); };
  model.on("msg:custom", answered);
  model.on("comm_live_update", left); // by the widget manager, when the kernel restarts
  const end = () => { clearTimeout(timer); model.off("msg:custom", answered); model.off("comm_live_update", left); };
  return { notice, ask, end };
}

function render({ model, el }) {
  el.classList.add("ppo-controls");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", model.get("title"));
  // Keys belong to the controls: else x would cut the cell. Notebook 7 asks the element that has the focus, and it alone.
  el.addEventListener("focusin", (event) => (event.target.dataset.lmSuppressShortcuts = "true"));
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const settings = () => model.get("settings");
  const { notice, ask, end } = listener(model);
  const set = (name, value) => {
    model.set("settings", { ...settings(), [name]: value });
    model.save_changes(); // while the kernel is at work, newer values replace waiting ones
    ask();
  };
  const press = (name) => { model.send({ pressed: name }); ask(); };
  const rows = model.get("knobs").map((knob) => KINDS[knob.kind](knob, settings, set, press));
  const isButton = ([row]) => row.matches("button"), nodes = (some) => some.map(([row]) => row);
  const buttons = make("div", { className: "ppo-buttons" }, ...nodes(rows.filter(isButton)));
  el.replaceChildren(...nodes(rows.filter((row) => !isButton(row))), buttons, notice);
  const show = () => rows.forEach(([, update]) => update());
  model.on("change:settings", show);
  show();
  ask();
  return () => { model.off("change:settings", show); end(); };
}

export default { render };
