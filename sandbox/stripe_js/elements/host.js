// The connection between a frame and its page: one port, accepted from that page only.

/**
 * Answer the page's calls with `handlers[method](params, port)`. Returns `report(event, detail)`, which sends the page
 * an event.
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
