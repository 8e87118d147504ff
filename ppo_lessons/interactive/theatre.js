// Replays side by side on one clock. All frames are here; nothing is asked of Python while they play.
const BLUE = "#0072b2", ORANGE = "#d55e00", GREEN = "#009e73", GREY = "#8c8c8c", DARK = "#282828";
const CELL = 36, STEPS_PER_SECOND = 4;

function make(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

const between = (a, b, share) => a + (b - a) * share;

function drawBoard(pen, board, t) {
  const last = board.detectives.length - 1;
  const now = Math.min(Math.floor(t), last), next = Math.min(now + 1, last), share = next > now ? t - now : 0;
  const side = board.size * CELL;
  pen.fillStyle = "#fafaf7";
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = "#d6d6d0";
  pen.lineWidth = 1;
  for (let i = 0; i <= board.size; i++) {
    pen.strokeRect(0, i * CELL, side, 0);
    pen.strokeRect(i * CELL, 0, 0, side);
  }
  board.spirits[now].forEach(([row, col, gone], s) => {
    const [nextRow, nextCol, goneNext] = board.spirits[next][s];
    if (gone) return;
    const x = (between(col, nextCol, share) + 0.5) * CELL, y = (between(row, nextRow, share) + 0.5) * CELL;
    drawSpirit(pen, x, y, board.toughness[s]);
    if (goneNext && share > 0) drawRing(pen, x, y, (0.5 + share) * CELL, ORANGE); // banished in this step
  });
  board.detectives[now].forEach(([row, col, health], a) => {
    const [nextRow, nextCol, nextHealth] = board.detectives[next][a];
    const x = (between(col, nextCol, share) + (a % 2 ? 0.75 : 0.25)) * CELL;
    const y = (between(row, nextRow, share) + (a % 4 < 2 ? 0.27 : 0.73)) * CELL;
    drawDetective(pen, x, y, a, health / board.health);
    if (nextHealth < health && share > 0) drawRing(pen, x, y, 0.3 * CELL, DARK); // drained in this step
  });
}

function drawSpirit(pen, x, y, toughness) {
  const r = 0.42 * CELL;
  pen.fillStyle = ORANGE;
  pen.beginPath();
  for (const [dx, dy] of [[0, -r], [r, 0], [0, r], [-r, 0]]) pen.lineTo(x + dx, y + dy);
  pen.fill();
  pen.fillStyle = "white";
  for (let i = 0; i < toughness; i++) disc(pen, x + 0.15 * CELL * (i - (toughness - 1) / 2), y, 0.055 * CELL);
}

function drawDetective(pen, x, y, number, health) {
  const r = 0.19 * CELL; // so that the bar of a mate above in the same cell stays free
  if (health <= 0) {
    pen.strokeStyle = GREY;
    pen.lineWidth = 3;
    pen.beginPath();
    for (const [from, to] of [[[-1, -1], [1, 1]], [[-1, 1], [1, -1]]]) {
      pen.moveTo(x + 0.6 * r * from[0], y + 0.6 * r * from[1]);
      pen.lineTo(x + 0.6 * r * to[0], y + 0.6 * r * to[1]);
    }
    return pen.stroke();
  }
  pen.fillStyle = "white";
  disc(pen, x, y, r + 1);
  pen.fillStyle = BLUE;
  disc(pen, x, y, r);
  pen.fillStyle = "white";
  pen.font = `bold ${Math.round(0.25 * CELL)}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(number, x, y);
  pen.fillStyle = DARK;
  pen.fillRect(x - r, y + r - 1, 2 * r, 3);
  pen.fillStyle = GREEN;
  pen.fillRect(x - r, y + r - 1, 2 * r * health, 3);
}

function disc(pen, x, y, r) {
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.fill();
}

function drawRing(pen, x, y, r, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.stroke();
}

function say(board, t) {
  const f = Math.min(Math.floor(t), board.detectives.length - 1);
  const health = board.detectives[f].map((d) => d[2]), standing = health.filter((h) => h > 0).length;
  const left = board.spirits[f].filter((s) => !s[2]).length;
  const end = f === board.detectives.length - 1 ? ` · ${board.outcome}` : "";
  return `step ${f} · ${standing} of ${health.length} standing · health ${health.join(" ")} · ` +
    `${left} spirit${left === 1 ? "" : "s"} left${end}`;
}

function stage(board) {
  const canvas = make("canvas", {}), text = make("figcaption", {}), side = board.size * CELL;
  const ratio = window.devicePixelRatio || 1;
  Object.assign(canvas, { width: (side + 1) * ratio, height: (side + 1) * ratio });
  Object.assign(canvas.style, { width: `${side + 1}px`, height: `${side + 1}px` });
  canvas.setAttribute("role", "img");
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const figure = make("figure", {}, make("strong", { textContent: board.title }), canvas, text);
  const show = (t) => {
    drawBoard(pen, board, t);
    const said = say(board, t);
    if (said !== text.textContent) {
      text.textContent = said;
      canvas.setAttribute("aria-label", `${board.title}: ${said}`);
    }
  };
  return [figure, show];
}

function render({ model, el }) {
  el.classList.add("ppo-theatre", "ppo-controls");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", model.get("title"));
  el.dataset.lmSuppressShortcuts = "true";
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches; // then step without gliding
  let shows = [], last = 0, t = 0, playing = false, before = 0, request = 0;
  const row = make("div", { className: "ppo-boards" });
  const play = make("button", { type: "button" }), scrub = make("input", { type: "range", min: 0, step: 1 });
  const speed = make("select", {}, ...[0.5, 1, 2, 4, 8].map((x) => make("option", { value: x, textContent: `${x} ×` })));
  speed.value = 1;
  const readout = make("output", {});
  const show = () => {
    shows.forEach((draw) => draw(still ? Math.floor(t) : t));
    const step = Math.floor(t);
    if (Number(scrub.value) !== step) scrub.value = step;
    const said = `step ${step} of ${last}`;
    if (readout.textContent !== said) {
      readout.textContent = said;
      scrub.setAttribute("aria-valuetext", said);
    }
    el.dataset.drawn = Number(el.dataset.drawn || 0) + 1;
  };
  const tell = () => {
    if (model.get("step") === Math.floor(t)) return;
    model.set("step", Math.floor(t));
    model.save_changes();
  };
  const pause = (value) => {
    playing = !value;
    play.textContent = playing ? "❚❚ Pause" : "▶ Play";
    cancelAnimationFrame(request);
    if (playing) {
      if (t >= last) t = 0;
      before = performance.now();
      request = requestAnimationFrame(advance);
    } else tell();
  };
  const advance = (now) => {
    if (!el.isConnected) return pause(true);
    const seconds = Math.max(0, now - before) / 1000; // the first frame may have begun before the click
    t = Math.min(last, t + seconds * STEPS_PER_SECOND * Number(speed.value));
    before = now;
    show();
    if (t >= last) return pause(true);
    request = requestAnimationFrame(advance);
  };
  const go = (step) => { pause(true); t = Math.max(0, Math.min(last, step)); show(); tell(); };
  play.addEventListener("click", () => pause(playing));
  scrub.addEventListener("input", () => go(Number(scrub.value)));
  const set = () => {
    const stages = model.get("boards").map(stage);
    row.replaceChildren(...stages.map(([figure]) => figure));
    shows = stages.map(([, draw]) => draw);
    last = Math.max(0, ...model.get("boards").map((board) => board.detectives.length - 1));
    scrub.max = last;
    t = Math.min(model.get("step"), last);
    show();
  };
  const move = () => { if (!playing && model.get("step") !== Math.floor(t)) { t = model.get("step"); show(); } };
  model.on("change:boards", set);
  model.on("change:step", move);
  const label = (text, node) => make("div", { className: "ppo-knob" }, make("label", {}, make("span", {}, text), node));
  const back = make("button", { type: "button", textContent: "◀ Step" }), on = make("button", { type: "button", textContent: "Step ▶" });
  back.addEventListener("click", () => go(Math.ceil(t) - 1));
  on.addEventListener("click", () => go(Math.floor(t) + 1));
  const bar = make("div", { className: "ppo-bar" }, ...[play, back, on].map((node) => make("div", { className: "ppo-knob" }, node)),
    label("step", scrub), readout, label("speed", speed));
  el.replaceChildren(row, bar);
  pause(true);
  set();
  return () => { cancelAnimationFrame(request); model.off("change:boards", set); model.off("change:step", move); };
}

export default { render };
