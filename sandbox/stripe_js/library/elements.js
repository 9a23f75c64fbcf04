// A set of Elements that belong to one payment.

const TERMINAL = ["succeeded", "canceled", "requires_capture"];

class Elements {
  #elements = new Map();
  #intent = null;
  #submitted = false;

  constructor(key, options) {
    if (options.clientSecret !== undefined) idOf(options.clientSecret, "elements(): clientSecret");
    this._key = key;
    this._options = options;
  }

  create(type, options = {}) {
    if (!(type in TITLES)) {
      throw new IntegrationError(
        `The sandbox has no Element of the type ${type}; it has ${Object.keys(TITLES).join(" and ")}.`,
      );
    }
    if (this.#elements.has(type)) {
      throw new IntegrationError(`Can only create one Element of type ${type} through elements() at a time.`);
    }
    if (type === "payment" && !this._options.clientSecret && !this._options.mode) {
      throw new IntegrationError(
        "In order to create a payment element, you must pass a clientSecret or mode when creating the Elements group.",
      );
    }
    const element = new Element(this, type, options);
    this.#elements.set(type, element);
    return element;
  }

  /** The Element of a type. react-stripe-js passes a component instead of a name. */
  getElement(type) {
    return this.#elements.get(type?.__elementType ?? type) ?? null;
  }

  update(options) {
    this._options = { ...this._options, ...options };
    for (const element of this.#elements.values()) element._refresh();
  }

  async fetchUpdates() {
    this.#intent = null;
    const { error } = await this._loaded("payment");
    return error ? { error } : {};
  }

  /** Check the form before the page requests an intent from its server. */
  async submit() {
    const error = await this._payment()._check();
    if (error) return { error };
    this.#submitted = true;
    return { selectedPaymentMethod: "card" };
  }

  /** The client secret to confirm: the one of these Elements, or the one that follows `submit()`. */
  _secret(clientSecret) {
    if (!this._options.clientSecret && !this.#submitted) {
      throw new IntegrationError("elements.submit() must be called before stripe.confirmPayment().");
    }
    return clientSecret ?? this._options.clientSecret;
  }

  _payment() {
    const element = this.#elements.get("payment");
    if (!element) throw new IntegrationError("elements should have a mounted Payment Element.");
    return element;
  }

  /** `{error}` when an Element cannot be shown: a Payment Element needs an intent that can still be paid. */
  async _loaded(type) {
    const { clientSecret } = this._options;
    if (type !== "payment" || !clientSecret) return {};
    this.#intent ??= retrieve(this._key, clientSecret, "elements(): clientSecret");
    const { error, object } = await this.#intent;
    if (error) return { error };
    if (!TERMINAL.includes(object.status)) return {};
    return {
      error: {
        type: "invalid_request_error",
        code: "payment_intent_unexpected_state",
        message: `This PaymentIntent is in a terminal state (${object.status}) and cannot be used to initialize Elements.`,
        payment_intent: object,
      },
    };
  }

  _forget(element) {
    if (this.#elements.get(element._type) === element) this.#elements.delete(element._type);
  }
}
