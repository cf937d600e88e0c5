// Elements.

/** A new element with these properties and children; texts are only ever set as text. */
export function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** Shows one of these elements and hides the others. */
export function showOnly(shown, ...others) {
  for (const other of others) other.hidden = true;
  shown.hidden = false;
}
