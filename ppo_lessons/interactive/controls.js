// Native inputs: labels, focus, keyboard and screen readers come with the browser.
function make(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function slider(knob, model, settings, set) {
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

function toggle(knob, model, settings, set) {
  const input = make("input", { type: "checkbox" });
  input.addEventListener("change", () => set(knob.name, input.checked));
  const row = make("div", { className: "ppo-knob" }, make("label", {}, input, make("span", {}, knob.label)));
  return [row, () => { input.checked = settings()[knob.name]; }];
}

function choice(knob, model, settings, set) {
  const options = knob.texts.map((text, value) => make("option", { value, textContent: text }));
  const input = make("select", {}, ...options);
  input.addEventListener("change", () => set(knob.name, Number(input.value)));
  const row = make("div", { className: "ppo-knob" }, make("label", {}, make("span", {}, knob.label), input));
  return [row, () => { input.value = settings()[knob.name]; }];
}

function button(knob, model) {
  const input = make("button", { type: "button", textContent: knob.label });
  input.addEventListener("click", () => model.send({ pressed: knob.name }));
  return [make("div", { className: "ppo-knob" }, input), () => {}];
}

const KINDS = { slider, toggle, choice, button };

function render({ model, el }) {
  el.classList.add("ppo-controls");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", model.get("title"));
  el.dataset.lmSuppressShortcuts = "true"; // keys belong to the controls: in JupyterLab, x would cut the cell
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const settings = () => model.get("settings");
  const set = (name, value) => {
    model.set("settings", { ...settings(), [name]: value });
    model.save_changes(); // while the kernel is at work, newer values replace waiting ones
  };
  const rows = model.get("knobs").map((knob) => KINDS[knob.kind](knob, model, settings, set));
  el.replaceChildren(...rows.map(([row]) => row));
  const show = () => rows.forEach(([, update]) => update());
  model.on("change:settings", show);
  show();
  return () => model.off("change:settings", show);
}

export default { render };
