// The hidden frame that calls the API. An Element's frame passes it the card directly, bypassing the page.

import { listen } from "./host.js";

listen({ send });

/** `{status, body}`, where status 0 means no connection; a body that is not JSON is null. */
async function send({ method, path, body }, cardPort) {
  const form = new URLSearchParams(body);
  if (cardPort) {
    // The page's own details of the customer take precedence over those of the form.
    for (const [name, value] of await receive(cardPort)) if (!form.has(name)) form.append(name, value);
  }
  try {
    const isGet = method === "GET";
    const response = await fetch(isGet ? `${path}?${form}` : path, { method, body: isGet ? undefined : form });
    return { status: response.status, body: await response.json().catch(() => null) };
  } catch {
    return { status: 0, body: null };
  }
}

function receive(port) {
  return new Promise((resolve) => {
    port.onmessage = ({ data }) => resolve(data);
  });
}
