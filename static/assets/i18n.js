// Texts in the language of the browser. The pages are written in English; another language replaces their texts.

const LANGUAGES = ["en", "de"];

/** The language of the page. */
export const language = choose(navigator.languages ?? []);

// The pages of the account have many texts that the sign-in need not wait for.
const parts = location.pathname.startsWith("/account") ? ["", "account-"] : [""];
const catalogues = await Promise.all(parts.map((part) => import(`./i18n/${part}${language}.js`)));
const texts = Object.assign({}, ...catalogues.map((catalogue) => catalogue.default));
const rules = new Intl.PluralRules(language);

document.documentElement.lang = language;
if (language !== "en") {
  translate(document);
  document.title = `${document.querySelector("h1").textContent} · twostep`;
}

function choose(tags) {
  const known = tags.map((tag) => tag.split("-")[0].toLowerCase());
  return known.find((tag) => LANGUAGES.includes(tag)) ?? LANGUAGES[0];
}

/** The text of `key`, with `{name}` replaced by the value of that name. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The text of `key.one`, `key.other` … for `n` things. */
export function plural(key, n) {
  const form = `${key}.${rules.select(n)}`;
  return t(form in texts ? form : `${key}.other`, { n });
}

/** The first of these keys that has a text, or nothing. */
export function known(...keys) {
  return keys.find((key) => key in texts);
}

/** Writes the texts of everything in `root` that names one. */
function translate(root) {
  for (const part of root.querySelectorAll("[data-t]")) part.textContent = t(part.dataset.t);
  for (const part of root.querySelectorAll("[data-t-label]")) part.ariaLabel = t(part.dataset.tLabel);
  for (const part of root.querySelectorAll("[data-t-alt]")) part.alt = t(part.dataset.tAlt);
}
