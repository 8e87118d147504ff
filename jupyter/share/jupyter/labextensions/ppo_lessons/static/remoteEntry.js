// What the course asks of JupyterLab itself. Written by hand as the federated module that JupyterLab loads: no build.
(() => {
  const HERE = new URL(".", document.currentScript.src);
  const MODE = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}").ppoLessons; // by start.py
  const ZOOM = MODE === "projector" ? 1.4 : 1;

  function addStyle(name) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(name, HERE).href }));
  }

  // A replay's PNG carries its frames, as zlib-compressed JSON in a zTXt chunk (PNG specification, 11.3.3.3).
  async function framesIn(address) {
    const text = atob(address.split(",")[1]), bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    for (let at = 8; at < bytes.length; at += view.getUint32(at) + 12) {
      if (text.slice(at + 4, at + 16) !== "zTXtboards\0\0") continue;
      const packed = new Blob([bytes.slice(at + 16, at + 8 + view.getUint32(at))]);
      return new Response(packed.stream().pipeThrough(new DecompressionStream("deflate"))).json();
    }
    return null;
  }

  async function play(picture) {
    const [{ mount }, boards] = await Promise.all([import(new URL("theatre.js", HERE).href), framesIn(picture.src)]);
    if (!boards || !picture.isConnected) return;
    const stage = document.createElement("div");
    picture.hidden = true;
    picture.style.display = "none"; // JupyterLab's own rule for images is stronger than `hidden`
    picture.after(stage);
    mount(stage, picture.alt, boards, { autoplay: picture.classList.contains("ppo-autoplay") });
  }

  function see(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    const pictures = node.matches("img.ppo-picture") ? [node] : node.querySelectorAll("img.ppo-picture");
    for (const picture of pictures) {
      if (ZOOM > 1 && picture.getAttribute("width")) picture.style.width = `${ZOOM * picture.getAttribute("width")}px`;
      if (picture.classList.contains("ppo-moving")) play(picture).catch(console.warn); // then the moving picture stays
    }
  }

  function activate(app) {
    ["controls.css", "lab.css"].forEach(addStyle);
    document.documentElement.style.setProperty("--ppo-zoom", ZOOM);
    new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(see)))
      .observe(document.body, { childList: true, subtree: true });
    see(document.body);
    if (!MODE) return; // somebody's own JupyterLab is left as it is
    app.restored.then(() => {
      if (MODE === "course") return app.shell.activateById("table-of-contents");
      app.shell.presentationMode = true;
      app.shell.collapseLeft();
      app.shell.collapseRight();
    });
  }

  const plugin = { id: "ppo_lessons:extension", autoStart: true, activate };
  const modules = { "./extension": { __esModule: true, default: plugin } };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.ppo_lessons = { init: () => {}, get: async (name) => () => modules[name] };
})();
