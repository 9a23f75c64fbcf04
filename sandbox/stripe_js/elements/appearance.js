// The appearance of an Element: Stripe's theme, variables and rules, and the Card Element's style.

const THEMES = {
  stripe: {},
  flat: { colorBackground: "#f5f6f8", borderRadius: "4px" },
  night: { colorBackground: "#30313d", colorText: "#ffffff", colorTextSecondary: "#c9cace", colorDanger: "#fe87a1" },
};
const SELECTOR = /^\.[A-Za-z-]+(?:::?[a-z-]+)*$/;
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];

/** Replace the current appearance. */
export function applyAppearance(type, appearance, style) {
  const root = document.documentElement;
  root.removeAttribute("style");
  const variables = { ...THEMES[appearance.theme], ...appearance.variables };
  for (const [name, value] of Object.entries(variables)) root.style.setProperty(property(`--${name}`), value);
  sheet.replaceSync("");
  for (const [selector, rule] of Object.entries(appearance.rules ?? {})) insert(selector, rule);
  if (type !== "card") return;
  for (const [state, rule] of Object.entries(style ?? {})) {
    const selector = state === "base" ? ".Input" : `.Input--${state}`;
    for (const [name, value] of Object.entries(rule)) {
      if (typeof value === "object") insert(`${selector}${name}`, value);
      else insert(selector, { [name]: value });
    }
  }
}

function insert(selector, rule) {
  if (!SELECTOR.test(selector)) return;
  const { style } = sheet.cssRules[sheet.insertRule(`${selector} {}`, sheet.cssRules.length)];
  for (const [name, value] of Object.entries(rule)) style.setProperty(property(name), value);
}

/** `fontSize` as `font-size`, also in names that begin with `--`. */
function property(name) {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
