// A frame from the sandbox's own origin. This script and the frame communicate over a private port.

const HANDSHAKE_MS = 10_000;

class Frame {
  static #count = 0;
  /** True when it could not be loaded or was removed. */
  broken = false;
  #port;
  #pending = new Map();
  #lastId = 0;

  /** The caller adds the iframe, `element`, to the page. `onEvent(name, detail)` receives the events of the frame. */
  constructor(page, title, onEvent = () => {}) {
    const channel = new MessageChannel();
    this.#port = channel.port1;
    this.#port.onmessage = ({ data }) => {
      if (data.event === "hello") clearTimeout(this.handshake);
      else if (data.event) onEvent(data.event, data.detail);
      else this.#settle(data.id, data.answer);
    };
    this.element = document.createElement("iframe");
    this.element.src = `${SANDBOX}/v3/elements/${page}.html?host=${encodeURIComponent(location.origin)}`;
    this.element.title = title;
    Frame.#count += 1;
    this.element.name = `__privateStripeFrame${Frame.#count}`;
    this.element.addEventListener("load", () => this.#greet(channel.port2), { once: true });
  }

  /** Call one of the frame's functions and transfer `ports`. Resolves to null when the frame could not be loaded. */
  ask(method, params = {}, ports = []) {
    if (this.broken) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#lastId += 1;
      this.#pending.set(this.#lastId, resolve);
      this.#port.postMessage({ id: this.#lastId, method, params }, ports);
    });
  }

  /** Remove it from the page; pending calls resolve to null. */
  remove() {
    clearTimeout(this.handshake);
    // Messages that the frame posted before may still be queued, and nothing can receive them any more.
    this.#port.onmessage = null;
    this.element.remove();
    this.#giveUp();
  }

  #greet(port) {
    this.handshake = setTimeout(() => this.#giveUp(), HANDSHAKE_MS);
    this.element.contentWindow.postMessage("stripe_js", SANDBOX, [port]);
  }

  #settle(id, answer) {
    this.#pending.get(id)?.(answer);
    this.#pending.delete(id);
  }

  #giveUp() {
    this.broken = true;
    for (const id of [...this.#pending.keys()]) this.#settle(id, null);
  }
}
