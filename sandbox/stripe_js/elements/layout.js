// The layout of the form: one field per line for the Payment Element, one line for the Card Element.

export const LABELS = {
  number: "Card number",
  expiry: "Expiration date",
  cvc: "Security code",
  country: "Country",
  postalCode: "ZIP or postal code",
};
const HINTS = { number: "1234 1234 1234 1234", expiry: "MM / YY", cvc: "CVC", postalCode: "12345" };
const AUTOFILL = {
  number: "cc-number",
  expiry: "cc-exp",
  cvc: "cc-csc",
  country: "billing country",
  postalCode: "billing postal-code",
};
// The names of the inputs in Stripe's own Elements.
const NAMES = {
  payment: { number: "number", expiry: "expiry", cvc: "cvc", country: "country", postalCode: "postalCode" },
  card: { number: "cardnumber", expiry: "exp-date", cvc: "cvc", postalCode: "postal" },
};

/** `{name: {input, note, row}}` of the fields that the options include, in their order. */
export function build(type, options, countries) {
  document.body.className = type;
  const fields = {};
  for (const name of Object.keys(NAMES[type]).filter((name) => includes(type, options, name))) {
    fields[name] = createField(type, name, countries);
    document.body.append(fields[name].row);
  }
  const address = options.defaultValues?.billingDetails?.address ?? {};
  if (fields.country) fields.country.input.value = address.country ?? "US";
  if (fields.postalCode) fields.postalCode.input.value = address.postal_code ?? options.value?.postalCode ?? "";
  if (type === "card") sharedNote(fields);
  return fields;
}

function includes(type, options, name) {
  if (type === "card") return name !== "postalCode" || !options.hidePostalCode;
  const billing = options.fields?.billingDetails;
  const address = billing?.address ?? billing;
  return !["country", "postalCode"].includes(name) || (address?.[name] ?? address) !== "never";
}

function createField(type, name, countries) {
  const row = document.createElement("div");
  const label = document.createElement("label");
  const input = document.createElement(name === "country" ? "select" : "input");
  const note = document.createElement("p");
  row.className = `Field Field--${name}`;
  label.className = "Label";
  input.className = "Input";
  note.className = "Error";
  input.id = `${type}-${name}Input`;
  note.id = `${input.id}-error`;
  note.setAttribute("role", "alert");
  label.htmlFor = input.id;
  label.textContent = LABELS[name];
  input.name = NAMES[type][name];
  input.autocomplete = AUTOFILL[name];
  input.setAttribute("aria-describedby", note.id);
  if (name === "country") for (const [code, text] of countries) input.add(new Option(text, code));
  else Object.assign(input, { type: "text", placeholder: HINTS[name], spellcheck: false });
  if (["number", "expiry", "cvc"].includes(name)) input.inputMode = "numeric";
  row.append(label, input, note);
  return { input, note, row };
}

/** The Card Element has no room for errors: the page shows the one in the `change` event. */
function sharedNote(fields) {
  for (const { note } of Object.values(fields)) note.classList.add("unseen");
}
