// The hidden frame that speaks to the API, with the card that an Element's frame hands over past the page.

import { listen } from "./host.js";

listen({ send });

/** `{status, body}`, where status 0 means no connection; a body that is not JSON is null. */
async function send({ method, path, body }, cardPort) {
  const form = new URLSearchParams(body);
  if (cardPort) {
    // What the page says of the customer goes before what the form asked for.
    for (const [name, value] of await received(cardPort)) if (!form.has(name)) form.append(name, value);
  }
  try {
    const reading = method === "GET";
    const answer = await fetch(reading ? `${path}?${form}` : path, { method, body: reading ? undefined : form });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  } catch {
    return { status: 0, body: null };
  }
}

function received(port) {
  return new Promise((resolve) => {
    port.onmessage = ({ data }) => resolve(data);
  });
}
