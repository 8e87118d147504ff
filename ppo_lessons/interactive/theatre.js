// Replays side by side on one clock. All frames are here; nothing is asked of Python while they play.
// `mount` needs no kernel: the course's JupyterLab extension plays stored replays with it.
const BLUE = "#0072b2", ORANGE = "#c25200", GREEN = "#007f5f", GREY = "#707070", DARK = "#282828";
const CELL = 36, PIXELS = 2, STEPS_PER_SECOND = 4; // CSS pixels; device pixels of each

function make(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

const between = (a, b, share) => a + (b - a) * share;

function drawBoard(pen, board, t, numbered) {
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
    drawDetective(pen, x, y, numbered ? a : "", health / board.health);
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
  pen.font = `bold ${Math.round(0.31 * CELL)}px sans-serif`;
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
  Object.assign(canvas, { width: (side + 1) * PIXELS, height: (side + 1) * PIXELS });
  canvas.style.maxWidth = `calc(${side + 1}px * var(--ppo-zoom, 1))`;
  canvas.setAttribute("role", "img");
  const pen = canvas.getContext("2d");
  pen.scale(PIXELS, PIXELS);
  const figure = make("figure", {}, make("strong", { textContent: board.title }), canvas, text);
  figure.style.flexBasis = `calc(${side + 1}px * var(--ppo-zoom, 1))`;
  const show = (t) => {
    drawBoard(pen, board, t, canvas.clientWidth > 0.99 * side); // on a smaller board nobody could read the numbers
    const said = say(board, t);
    if (said !== text.textContent) {
      text.textContent = said;
      canvas.setAttribute("aria-label", `${board.title}: ${said}`);
    }
  };
  return [figure, show];
}

function labelled(text, node) {
  return make("div", { className: "ppo-knob" }, make("label", {}, make("span", {}, text), node));
}

function bar() {
  const scrub = make("input", { type: "range", min: 0, step: 1 }), readout = make("output", {});
  const speed = make("select", {}, ...[0.5, 1, 2, 4, 8].map((x) => make("option", { value: x, textContent: `${x} ×` })));
  speed.value = 1;
  const [play, back, on] = ["", "◀ Step", "Step ▶"].map((textContent) => make("button", { type: "button", textContent }));
  const row = make("div", { className: "ppo-bar" }, play, back, on, labelled("step", scrub), readout, labelled("speed", speed));
  return { row, play, back, on, scrub, readout, speed };
}

// Puts a player into an element. It begins to play by itself if asked to, unless the reader wants less motion.
export function mount(el, title, boards, { autoplay = false, told = () => {} } = {}) {
  el.classList.add("ppo-theatre");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", title);
  el.addEventListener("focusin", (event) => (event.target.dataset.lmSuppressShortcuts = "true")); // for Notebook 7
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches; // then step without gliding
  const { row: controls, play, back, on, scrub, readout, speed } = bar();
  const row = make("div", { className: "ppo-boards" });
  controls.classList.add("ppo-controls");
  let shows = [], last = 0, t = 0, playing = false, before = 0, request = 0;
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
  const pause = (value) => {
    playing = !value;
    play.textContent = playing ? "❚❚ Pause" : "▶ Play";
    cancelAnimationFrame(request);
    if (playing) {
      if (t >= last) t = 0;
      before = performance.now();
      request = requestAnimationFrame(advance);
    } else told(Math.floor(t));
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
  const go = (step) => { pause(true); t = Math.max(0, Math.min(last, step)); show(); told(Math.floor(t)); };
  play.addEventListener("click", () => pause(playing));
  scrub.addEventListener("input", () => go(Number(scrub.value)));
  back.addEventListener("click", () => go(Math.ceil(t) - 1));
  on.addEventListener("click", () => go(Math.floor(t) + 1));
  const set = (boards, step) => {
    const stages = boards.map(stage);
    row.replaceChildren(...stages.map(([figure]) => figure));
    shows = stages.map(([, draw]) => draw);
    last = Math.max(0, ...boards.map((board) => board.detectives.length - 1));
    scrub.max = last;
    t = Math.min(step, last);
    show();
  };
  const watch = new ResizeObserver(show);
  el.replaceChildren(row, controls);
  pause(true);
  set(boards, 0);
  watch.observe(row);
  if (autoplay && !still) requestAnimationFrame(() => pause(false)); // as soon as it is in the page
  const move = (step) => { if (!playing && step !== Math.floor(t)) { t = step; show(); } };
  const end = () => { cancelAnimationFrame(request); watch.disconnect(); };
  return { set, move, end };
}

function render({ model, el }) {
  const told = (step) => {
    if (model.get("step") === step) return;
    model.set("step", step);
    model.save_changes();
  };
  const player = mount(el, model.get("title"), model.get("boards"), { autoplay: model.get("autoplay"), told });
  const set = () => player.set(model.get("boards"), model.get("step")), move = () => player.move(model.get("step"));
  player.move(model.get("step"));
  model.on("change:boards", set);
  model.on("change:step", move);
  return () => { player.end(); model.off("change:boards", set); model.off("change:step", move); };
}

export default { render };
