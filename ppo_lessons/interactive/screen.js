// A picture, and its numbers in a line above it; tells Python how much room there is.
function make(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function render({ model, el }) {
  el.classList.add("ppo-screen");
  const said = make("div", { className: "ppo-numbers" }), picture = make("img", { className: "ppo-picture" });
  said.setAttribute("aria-live", "polite");
  let address = "", last = "";
  const show = () => {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
    picture.src = address;
    picture.style.width = `calc(${model.get("width")}px * var(--ppo-zoom, 1))`;
  };
  const speak = () => {
    const text = model.get("said");
    said.setAttribute("role", model.get("failed") ? "alert" : "status");
    if (said.textContent !== text) said.textContent = text;
    picture.alt = `${model.get("text")}: ${text}`;
    // What stands below does not jump when a line is longer by a word.
    said.style.minHeight = `${Math.max(parseFloat(said.style.minHeight) || 0, said.offsetHeight)}px`;
  };
  const measure = () => {
    if (!el.clientWidth) return; // behind another tab
    const zoom = parseFloat(getComputedStyle(el).getPropertyValue("--ppo-zoom")) || 1;
    const column = Math.floor(el.clientWidth / zoom), density = window.devicePixelRatio * zoom > 1.1 ? 2 : 1;
    if (last === `${column} ${density}`) return; // another view of the same figure may have told something else
    last = `${column} ${density}`;
    said.style.minHeight = "0";
    el.dataset.column = column;
    el.dataset.density = density;
    model.set("column", column);
    model.set("density", density);
    model.save_changes();
  };
  const watch = new ResizeObserver(measure);
  el.replaceChildren(said, picture);
  model.on("change:png change:width", show);
  model.on("change:said change:failed change:text", speak);
  window.addEventListener("resize", measure); // on a screen with other pixels
  show();
  speak();
  watch.observe(el);
  return () => {
    watch.disconnect();
    window.removeEventListener("resize", measure);
    model.off("change:png change:width", show);
    model.off("change:said change:failed change:text", speak);
  };
}

export default { render };
