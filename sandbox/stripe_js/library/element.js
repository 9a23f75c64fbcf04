// One Element: its container on the page, its frame, and its events.

const TITLES = { payment: "Secure payment input frame", card: "Secure card payment input frame" };

class Element {
  #handlers = new Map();
  #frame = null;
  #container = null;
  #state = { complete: false, empty: true };

  /** Created by `elements.create`. Names with an underscore are internal to this script. */
  constructor(elements, type, options) {
    this._elements = elements;
    this._type = type;
    this._options = options;
  }

  mount(target) {
    if (this._destroyed) throw new IntegrationError("This Element has already been destroyed. Please create a new one.");
    const container = typeof target === "string" ? document.querySelector(target) : target;
    if (!(container instanceof HTMLElement)) {
      throw new IntegrationError(`The selector you specified (${target}) applies to no DOM elements on your page.`);
    }
    if (container === this.#container) return this;
    this.unmount();
    this.#container = container;
    this.#frame = new Frame("element", TITLES[this._type], (name, detail) => this.#receive(name, detail));
    const { element } = this.#frame;
    Object.assign(element.style, { display: "block", width: "100%", height: "0", border: "0" });
    container.replaceChildren(element);
    container.classList.add("StripeElement");
    this.#load(this.#frame);
    return this;
  }

  unmount() {
    if (!this.#frame) return this;
    this.#frame.remove();
    this.#container.classList.remove("StripeElement", ...STATES.map((state) => `StripeElement--${state}`));
    this.#frame = this.#container = null;
    this.#state = { complete: false, empty: true };
    return this;
  }

  destroy() {
    this.unmount();
    this._destroyed = true;
    this._elements._forget(this);
  }

  on(event, handler) {
    if (typeof handler !== "function") throw new IntegrationError(`Invalid handler for the event ${event}.`);
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler]);
    return this;
  }

  once(event, handler) {
    const only = (detail) => {
      this.off(event, only);
      handler(detail);
    };
    return this.on(event, only);
  }

  off(event, handler) {
    const remaining = handler ? (this.#handlers.get(event) ?? []).filter((one) => one !== handler) : [];
    this.#handlers.set(event, remaining);
    return this;
  }

  update(options) {
    this._options = { ...this._options, ...options };
    this._refresh();
    return this;
  }

  focus() {
    this.#frame?.element.focus();
    this.#frame?.ask("focus");
    return this;
  }

  blur() {
    this.#frame?.ask("blur");
    return this;
  }

  clear() {
    this.#frame?.ask("clear");
    return this;
  }

  collapse() {
    return this;
  }

  /** Check the fields and show their errors. Resolves to null or a validation_error. */
  async _check() {
    if (!this.#frame) {
      throw new IntegrationError(
        "We could not retrieve data from the specified Element. Please make sure the Element you are attempting to " +
          "use is still mounted.",
      );
    }
    const answer = await this.#frame.ask("check");
    return answer ? answer.error : NO_CONNECTION;
  }

  /** Send the card to the other end of the port. False without a frame. */
  async _collect(at, port) {
    return Boolean(await this.#frame?.ask("collect", { at }, [port]));
  }

  _refresh() {
    this.#frame?.ask("show", this.#presentation());
  }

  #presentation() {
    const { appearance, locale } = this._elements._options;
    return { type: this._type, options: plain(this._options), appearance: plain(appearance), locale };
  }

  async #load(frame) {
    setTimeout(() => frame === this.#frame && this.#emit("loaderstart", { elementType: this._type }));
    const [loaded, rendered] = await Promise.all([this._elements._loaded(this._type), frame.ask("show", this.#presentation())]);
    if (frame !== this.#frame) return;
    const error = loaded.error ?? (rendered ? null : NO_CONNECTION);
    if (error) this.#emit("loaderror", { elementType: this._type, error });
    else this.#emit("ready", { elementType: this._type });
  }

  #receive(name, detail) {
    if (name === "height") this.#frame.element.style.height = `${detail}px`;
    else if (name === "enter") this.#container.closest("form")?.requestSubmit();
    else if (name === "change") this.#change(detail);
    else {
      if (name === "focus" || name === "blur") this.#container.classList.toggle("StripeElement--focus", name === "focus");
      this.#emit(name, { elementType: this._type });
    }
  }

  #change(state) {
    this.#state = state;
    const classes = { complete: state.complete, empty: state.empty, invalid: Boolean(state.error) };
    for (const [name, on] of Object.entries(classes)) this.#container.classList.toggle(`StripeElement--${name}`, on);
    const { error, brand, postalCode, ...common } = state;
    const own =
      this._type === "card"
        ? { brand, error, value: { postalCode } }
        : { collapsed: false, value: { type: "card" } };
    this.#emit("change", { elementType: this._type, ...common, ...own });
  }

  #emit(name, detail) {
    for (const handler of this.#handlers.get(name) ?? []) handler(detail);
  }
}

const STATES = ["complete", "empty", "focus", "invalid"];

/** A copy without functions, which cannot be posted to a frame. */
function plain(options) {
  return JSON.parse(JSON.stringify(options ?? {}));
}
