// Calls to the API. A hidden frame makes them, so that they outlive the form, and card numbers never come by here.

let controller = null;

/**
 * One call with a publishable key. `card` is `{element, at}`: the Element whose card goes along, and under which name.
 * Answers `{object}` or `{error}`, and never throws.
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
  const answer = await controller.ask("send", { method, path, body }, ports);
  if (!answer?.status) return { error: NO_CONNECTION };
  if (answer.status === 200) return { object: answer.body };
  return { error: answer.body?.error ?? NO_SENSE };
}

function retrieve(key, clientSecret, caller) {
  const path = `/v1/payment_intents/${idOf(clientSecret, caller)}`;
  return call(key, "GET", path, { client_secret: clientSecret });
}

/** A nested object as form fields, with Stripe's brackets; what is undefined or null is left out. */
function form(value, name = "", fields = new URLSearchParams()) {
  if (value === undefined || value === null) return fields;
  if (typeof value !== "object") {
    fields.append(name, value);
    return fields;
  }
  for (const [key, child] of Object.entries(value)) form(child, name ? `${name}[${key}]` : key, fields);
  return fields;
}
