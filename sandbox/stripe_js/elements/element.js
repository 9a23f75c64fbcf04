// A Payment Element or a Card Element, in its frame.

import { brandOf } from "./cards.js";
import { countries, hasPostalCode } from "./countries.js";
import { FIELDS, MESSAGES, digits, expiry } from "./fields.js";
import { listen } from "./host.js";
import { LABELS, build } from "./layout.js";
import { dress } from "./appearance.js";

const report = listen({ show, check, collect, focus, blur, clear });
let fields = null;
let type = null;
let focused = null;
let inside = false;
// The state that the page knows of.
let told = "";
// Fields that have been left, whose faults may be shown; a fault while somebody still types is no fault.
const left = new Set();

/** Build the form, or dress it anew. */
function show({ type: wanted, options, appearance, locale }) {
  if (!fields) {
    type = wanted;
    fields = build(type, options, countries(locale));
    for (const [name, field] of Object.entries(fields)) attach(name, field);
    document.addEventListener("keydown", onKey);
    new ResizeObserver(() => report("height", Math.ceil(document.body.getBoundingClientRect().height))).observe(
      document.body,
    );
    changed(true);
  }
  for (const { input } of Object.values(fields)) input.disabled = Boolean(options.disabled ?? options.readOnly);
  dress(type, appearance, options.style);
  return true;
}

function attach(name, field) {
  field.input.addEventListener("input", ({ inputType }) => {
    write(name, inputType?.startsWith("delete"));
    changed();
  });
  field.input.addEventListener("focus", () => {
    if (!inside) report("focus");
    inside = true;
    focused = name;
  });
  field.input.addEventListener("blur", () => {
    if (field.input.value) left.add(name);
    focused = null;
    changed();
    // Going to the next field of the same frame is not leaving the Element.
    setTimeout(() => {
      if (focused || !inside) return;
      inside = false;
      report("blur");
    });
  });
}

/** Rewrite a field as it should look. */
function write(name, deleting) {
  const { input } = fields[name];
  if (input.tagName === "SELECT") return;
  const text = FIELDS[name].write(input.value, deleting, values());
  if (text === input.value) return;
  const atEnd = input.selectionStart === input.value.length;
  const before = digits(input.value.slice(0, input.selectionStart)).length;
  input.value = text;
  // Keep the cursor behind the digit that it stood behind.
  let at = text.length;
  if (!atEnd) for (at = 0; at < text.length && digits(text.slice(0, at)).length < before; ) at += 1;
  input.setSelectionRange(at, at);
}

function onKey(event) {
  if (event.key === "Escape") report("escape");
  if (event.key === "Enter" && event.target.tagName === "INPUT") report("enter");
}

const values = () => Object.fromEntries(Object.entries(fields).map(([name, { input }]) => [name, input.value]));

/** The code of what is wrong with a field; null when nothing is. */
function fault(name) {
  const form = values();
  return FIELDS[name].wrong(form[name], form);
}

/** Show what is known by now, and tell the page. */
function changed(quietly = false) {
  const form = values();
  const postal = fields.postalCode?.row;
  if (postal && fields.country) postal.hidden = !hasPostalCode(form.country);
  const names = Object.keys(fields);
  const wrong = names.filter(fault);
  const shown = wrong.filter((name) => left.has(name) || early(fault(name), form[name]));
  for (const name of names) mark(name, shown.includes(name) ? MESSAGES[fault(name)] : "");
  const state = {
    complete: wrong.length === 0,
    empty: ["number", "expiry", "cvc"].every((name) => !form[name]),
    brand: brandOf(digits(form.number)).brand,
    postalCode: form.postalCode ?? "",
    error: shown.length ? problem(fault(shown[0])) : undefined,
  };
  if (!quietly && JSON.stringify(state) !== told) report("change", state);
  told = JSON.stringify(state);
}

/** A full field that is wrong is told at once; an incomplete one only when it is left. */
const early = (code, text) => Boolean(text) && code.startsWith("invalid");

const problem = (code) => ({ type: "validation_error", code, message: MESSAGES[code] });

function mark(name, message) {
  const { input, note } = fields[name];
  input.classList.toggle("Input--invalid", Boolean(message));
  input.setAttribute("aria-invalid", String(Boolean(message)));
  if (note.textContent !== message) note.textContent = message;
}

/** Show every fault and go to the first. */
function check() {
  for (const name of Object.keys(fields)) left.add(name);
  changed();
  const first = Object.keys(fields).find(fault);
  if (!first) return { error: null };
  fields[first].input.focus();
  return { error: problem(fault(first)) };
}

/** Hand the card to the controller's frame, under the names that the API takes. */
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
  left.clear();
  changed();
}
