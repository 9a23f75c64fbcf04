// A Payment Element or a Card Element, in its frame.

import { brandOf } from "./cards.js";
import { countries, hasPostalCode } from "./countries.js";
import { FIELDS, MESSAGES, digits, expiry } from "./fields.js";
import { listen } from "./host.js";
import { LABELS, build } from "./layout.js";
import { applyAppearance } from "./appearance.js";

const report = listen({ show, check, collect, focus, blur, clear });
let fields = null;
let type = null;
let focused = null;
let inside = false;
// The state that the page has received.
let reported = "";
// Fields that have lost the focus, so that their errors may be shown; not while the customer is still typing.
const touched = new Set();

/** Build the form, or update its appearance. */
function show({ type: elementType, options, appearance, locale }) {
  if (!fields) {
    type = elementType;
    fields = build(type, options, countries(locale));
    for (const [name, field] of Object.entries(fields)) attach(name, field);
    document.addEventListener("keydown", onKey);
    new ResizeObserver(() => report("height", Math.ceil(document.body.getBoundingClientRect().height))).observe(
      document.body,
    );
    changed(true);
  }
  for (const { input } of Object.values(fields)) input.disabled = Boolean(options.disabled ?? options.readOnly);
  applyAppearance(type, appearance, options.style);
  return true;
}

function attach(name, field) {
  field.input.addEventListener("input", ({ inputType }) => {
    format(name, inputType?.startsWith("delete"));
    changed();
  });
  field.input.addEventListener("focus", () => {
    if (!inside) report("focus");
    inside = true;
    focused = name;
  });
  field.input.addEventListener("blur", () => {
    if (field.input.value) touched.add(name);
    focused = null;
    changed();
    // Moving to the next field of the same frame does not leave the Element.
    setTimeout(() => {
      if (focused || !inside) return;
      inside = false;
      report("blur");
    });
  });
}

/** Format the text of a field. */
function format(name, deleting) {
  const { input } = fields[name];
  if (input.tagName === "SELECT") return;
  const text = FIELDS[name].format(input.value, deleting, values());
  if (text === input.value) return;
  const atEnd = input.selectionStart === input.value.length;
  const before = digits(input.value.slice(0, input.selectionStart)).length;
  input.value = text;
  // Keep the cursor after the same digit.
  let at = text.length;
  if (!atEnd) for (at = 0; at < text.length && digits(text.slice(0, at)).length < before; ) at += 1;
  input.setSelectionRange(at, at);
}

function onKey(event) {
  if (event.key === "Escape") report("escape");
  if (event.key === "Enter" && event.target.tagName === "INPUT") report("enter");
}

const values = () => Object.fromEntries(Object.entries(fields).map(([name, { input }]) => [name, input.value]));

/** The code of a field's error; null when it has none. */
function errorCode(name) {
  const form = values();
  return FIELDS[name].error(form[name], form);
}

/** Update the errors, and report the state to the page. */
function changed(quietly = false) {
  const form = values();
  const postal = fields.postalCode?.row;
  if (postal && fields.country) postal.hidden = !hasPostalCode(form.country);
  const names = Object.keys(fields);
  const invalid = names.filter(errorCode);
  const visible = invalid.filter((name) => touched.has(name) || early(errorCode(name), form[name]));
  for (const name of names) mark(name, visible.includes(name) ? MESSAGES[errorCode(name)] : "");
  const state = {
    complete: invalid.length === 0,
    empty: ["number", "expiry", "cvc"].every((name) => !form[name]),
    brand: brandOf(digits(form.number)).brand,
    postalCode: form.postalCode ?? "",
    error: visible.length ? problem(errorCode(visible[0])) : undefined,
  };
  if (!quietly && JSON.stringify(state) !== reported) report("change", state);
  reported = JSON.stringify(state);
}

/** The error of a complete field is shown at once; of an incomplete one only after it has lost the focus. */
const early = (code, text) => Boolean(text) && code.startsWith("invalid");

const problem = (code) => ({ type: "validation_error", code, message: MESSAGES[code] });

function mark(name, message) {
  const { input, note } = fields[name];
  input.classList.toggle("Input--invalid", Boolean(message));
  input.setAttribute("aria-invalid", String(Boolean(message)));
  if (note.textContent !== message) note.textContent = message;
}

/** Show every error and focus the first one. */
function check() {
  for (const name of Object.keys(fields)) touched.add(name);
  changed();
  const first = Object.keys(fields).find(errorCode);
  if (!first) return { error: null };
  fields[first].input.focus();
  return { error: problem(errorCode(first)) };
}

/** Send the card to the controller's frame, with the parameter names of the API. */
function collect({ at }, port) {
  const form = values();
  const [month, year] = expiry(form.expiry);
  const under = (...names) => names.reduce((path, name) => (path ? `${path}[${name}]` : name), at);
  const pairs = [
    [under("card", "number"), digits(form.number)],
    [under("card", "exp_month"), String(month)],
    [under("card", "exp_year"), String(year)],
    [under("card", "cvc"), form.cvc],
  ];
  if (form.country) pairs.push([under("billing_details", "address", "country"), form.country]);
  if (form.postalCode && !fields.postalCode.row.hidden) {
    pairs.push([under("billing_details", "address", "postal_code"), form.postalCode.trim()]);
  }
  port.postMessage(pairs);
  return true;
}

function focus() {
  (Object.values(fields).find(({ input }) => !input.value) ?? fields.number).input.focus();
}

function blur() {
  document.activeElement?.blur();
}

function clear() {
  for (const name of Object.keys(LABELS)) {
    if (fields[name] && name !== "country") fields[name].input.value = "";
  }
  touched.clear();
  changed();
}
