// Living figures and replays on a page without a kernel. Everything shown was drawn when the site was built; here it is
// only chosen. A classic script, and data in scripts: a page opened from a disk may load neither modules nor JSON.
window.ppoLiving = {};
(() => {
  const HERE = new URL(".", document.currentScript.src);
  const WIDTHS = [580, 360]; // CSS pixels of the pictures that there are

  function make(tag, properties, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  function load(name) {
    if (window.ppoLiving[name]) return Promise.resolve();
    return new Promise((done, failed) =>
      document.head.append(make("script", { src: new URL(`living/${name}.js`, HERE).href, onload: done, onerror: failed })));
  }

  // Numbers of tiles, picture after picture, each less that of the picture before.
  async function unpack(data) {
    const packed = Uint8Array.from(atob(data.table), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const view = new DataView(await new Response(stream).arrayBuffer());
    const count = Math.ceil(data.width / data.side) * Math.ceil(data.height / data.side);
    const table = new Uint16Array(view.byteLength / 2);
    for (let i = 0; i < table.length; i++) table[i] = view.getUint16(2 * i, true) + (i < count ? 0 : table[i - count]);
    return (number) => table.subarray(number * count, (number + 1) * count);
  }

  async function open(name) {
    await load(name);
    const data = window.ppoLiving[name], sheet = make("img", { src: new URL(`living/${name}.png`, HERE).href });
    const [tiles] = await Promise.all([unpack(data), sheet.decode()]);
    return { data, sheet, tiles };
  }

  function paint(canvas, { data, sheet, tiles }, number) {
    if (canvas.width !== data.width) Object.assign(canvas, { width: data.width, height: data.height });
    const pen = canvas.getContext("2d"), side = data.side, across = Math.ceil(data.width / side);
    tiles(number).forEach((tile, place) => pen.drawImage(
      sheet, (tile % data.columns) * side, Math.floor(tile / data.columns) * side, side, side,
      (place % across) * side, Math.floor(place / across) * side, side, side));
    canvas.style.width = `${data.width / 2}px`;
  }

  // What the knobs of JupyterLab's figures ask of a kernel's model.
  function modelOf(data, changed) {
    const start = () => Object.fromEntries(
      data.knobs.map((knob) => [knob.name, knob.kind === "toggle" ? Boolean(knob.start) : knob.start]));
    const buttons = [{ kind: "button", name: "reset", label: "Reset" }];
    const state = { title: data.title, knobs: [...data.knobs, ...buttons], settings: start() }, heard = {};
    const tell = (event, ...what) => (heard[event] || []).forEach((ear) => ear(...what));
    const set = (name, value) => { state[name] = value; tell(`change:${name}`); changed(); };
    return {
      get: (name) => state[name],
      set,
      save_changes: () => {},
      on: (event, ear) => { (heard[event] ||= []).push(ear); },
      off: () => {},
      send: ({ ping, pressed }) => { if (ping) tell("msg:custom", { pong: true }); if (pressed) set("settings", start()); },
    };
  }

  const numberOf = (knobs, settings) => knobs.reduce((sum, knob) => sum * knob.number + Number(settings[knob.name]), 0);

  async function bringToLife(figure) {
    const name = figure.dataset.figure, picture = figure.querySelector("img");
    const fitting = () => WIDTHS.find((width) => width <= figure.clientWidth) || WIDTHS[WIDTHS.length - 1];
    let width = fitting(), opened = await open(`${name}_${width}`), player = null, played = "";
    const { data } = opened, canvas = make("canvas", { className: "ppo-living-canvas" });
    const said = make("div", { className: "ppo-numbers" }), controls = make("div", {}), stage = make("div", {});
    canvas.setAttribute("role", "img");
    said.setAttribute("role", "status");
    const show = () => {
      const number = numberOf(data.knobs, model.get("settings"));
      paint(canvas, opened, number);
      if (said.textContent !== data.said[number]) said.textContent = data.said[number];
      canvas.setAttribute("aria-label", `${data.text}: ${data.said[number]}`);
      figure.dataset.shown = number;
      if (!data.boards || played === String(data.played[number])) return;
      played = String(data.played[number]);
      const boards = data.played[number].map((place) => data.boards[place]);
      if (player) player.set(boards, 0);
      else player = window.ppoTheatre.mount(stage, data.theatre, boards);
    };
    const model = modelOf(data, () => show());
    window.ppoControls.render({ model, el: controls });
    picture.replaceWith(controls, said, canvas, ...(data.boards ? [stage] : []));
    show();
    new ResizeObserver(async () => {
      if (!figure.clientWidth || fitting() === width) return;
      width = fitting();
      opened = await open(`${name}_${width}`);
      show();
    }).observe(figure);
  }

  function playReplay(replay) {
    const boards = JSON.parse(replay.querySelector("script").textContent), stage = make("div", {});
    replay.querySelector("img").replaceWith(stage);
    window.ppoTheatre.mount(stage, replay.dataset.title, boards, { autoplay: false });
  }

  // What is wider than the page is moved sideways, by the keyboard too.
  function reachable() {
    for (const node of document.querySelectorAll("article :is(pre, .ppo-equation, .table-wrapper)"))
      if (node.scrollWidth > node.clientWidth) node.tabIndex = 0;
  }

  document.addEventListener("DOMContentLoaded", () => {
    new ResizeObserver(reachable).observe(document.body);
    document.querySelectorAll(".ppo-replay").forEach(playReplay);
    const watch = new IntersectionObserver((seen) => seen.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
      watch.unobserve(target);
      bringToLife(target).catch((error) => console.warn(error)); // then the stored picture stays
    }), { rootMargin: "600px" });
    document.querySelectorAll(".ppo-living").forEach((figure) => watch.observe(figure));
  });
})();
