/** The only way this page makes elements: whatever comes from outside becomes text, never markup. */

export const at = (id) => document.getElementById(id);

/** An element with classes and text. */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function button(className, text, onClick) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

/** Leaves the DOM alone when nothing changed: selections, focus and screen readers stay undisturbed. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
