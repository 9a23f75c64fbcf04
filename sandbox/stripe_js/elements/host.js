// The way from a frame to the page that holds it: one port, taken from that page and from nobody else.

/**
 * Answer what the page asks with `handlers[method](params, port)`. Returns `report(event, detail)`, which tells the
 * page something by itself.
 */
export function listen(handlers) {
  const host = new URLSearchParams(location.search).get("host");
  let port = null;
  window.addEventListener("message", (event) => {
    if (port || event.source !== parent || event.origin !== host || event.data !== "stripe_js") return;
    port = event.ports[0];
    port.onmessage = async ({ data, ports }) => {
      const answer = await handlers[data.method](data.params, ports[0]);
      port.postMessage({ id: data.id, answer });
    };
    port.postMessage({ event: "hello" });
  });
  return (event, detail) => port?.postMessage({ event, detail });
}
