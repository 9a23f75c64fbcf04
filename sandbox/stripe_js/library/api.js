// Calls to the API. A hidden frame makes them, so that they outlive the form and this script never sees a card number.

let controller = null;

/**
 * One call with a publishable key. `card` is `{element, at}`: the Element whose card to send, and its parameter name.
 * Resolves to `{object}` or `{error}`, and never throws.
 */
async function call(key, method, path, params, card = null) {
  if (!controller || controller.broken) {
    controller?.remove();
    controller = new Frame("controller", "Stripe controller");
    controller.element.hidden = true;
    (document.body ?? document.documentElement).append(controller.element);
  }
  const body = form({ ...params, key }).toString();
  const ports = [];
  if (card) {
    const channel = new MessageChannel();
    if (!(await card.element._collect(card.at, channel.port1))) return { error: NO_CONNECTION };
    ports.push(channel.port2);
  }
  const response = await controller.ask("send", { method, path, body }, ports);
  if (!response?.status) return { error: NO_CONNECTION };
  if (response.status === 200) return { object: response.body };
  return { error: response.body?.error ?? UNEXPECTED_ERROR };
}

function retrieve(key, clientSecret, caller) {
  const path = `/v1/payment_intents/${idOf(clientSecret, caller)}`;
  return call(key, "GET", path, { client_secret: clientSecret });
}

/** A nested object as form fields with Stripe's brackets, without undefined and null values. */
function form(value, name = "", fields = new URLSearchParams()) {
  if (value === undefined || value === null) return fields;
  if (typeof value !== "object") {
    fields.append(name, value);
    return fields;
  }
  for (const [key, child] of Object.entries(value)) form(child, name ? `${name}[${key}]` : key, fields);
  return fields;
}
