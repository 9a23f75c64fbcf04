// A frame from the sandbox's own origin. It is spoken to over a port that only this script and the frame hold.

const HANDSHAKE_MS = 10_000;

class Frame {
  static #made = 0;
  /** Whether it could not be loaded, or was removed. */
  broken = false;
  #port;
  #answers = new Map();
  #asked = 0;

  /** Adds nothing to the page yet: `element` is the iframe. `onEvent(name, detail)` gets what the frame reports. */
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
    Frame.#made += 1;
    this.element.name = `__privateStripeFrame${Frame.#made}`;
    this.element.addEventListener("load", () => this.#greet(channel.port2), { once: true });
  }

  /** Call one of the frame's functions; `ports` go along. Null when the frame could not be loaded. */
  ask(method, params = {}, ports = []) {
    if (this.broken) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#asked += 1;
      this.#answers.set(this.#asked, resolve);
      this.#port.postMessage({ id: this.#asked, method, params }, ports);
    });
  }

  /** Take it off the page; what was asked and not yet answered gets null. */
  remove() {
    clearTimeout(this.handshake);
    // What the frame has posted before may still be waiting for its turn, and nobody is there for it any more.
    this.#port.onmessage = null;
    this.element.remove();
    this.#giveUp();
  }

  #greet(port) {
    this.handshake = setTimeout(() => this.#giveUp(), HANDSHAKE_MS);
    this.element.contentWindow.postMessage("stripe_js", SANDBOX, [port]);
  }

  #settle(id, answer) {
    this.#answers.get(id)?.(answer);
    this.#answers.delete(id);
  }

  #giveUp() {
    this.broken = true;
    for (const id of [...this.#answers.keys()]) this.#settle(id, null);
  }
}
