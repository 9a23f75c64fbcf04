// `Stripe()`, which is window.Stripe on the page.

function Stripe(key, options = {}) {
  if (typeof key !== "string" || !key) {
    throw new IntegrationError("Missing value for Stripe(): apiKey should be a string.");
  }
  if (!key.startsWith("pk_test_")) {
    throw new IntegrationError("The sandbox accepts only publishable test keys (pk_test_…).");
  }
  return {
    elements: (elementsOptions = {}) => new Elements(key, { locale: options.locale, ...elementsOptions }),
    confirmPayment: (data) => confirmPayment(key, data),
    confirmCardPayment: (secret, data, settings) => confirmCardPayment(key, secret, data, settings),
    createPaymentMethod: (data) => createPaymentMethod(key, data),
    retrievePaymentIntent: (secret) => retrievePaymentIntent(key, secret),
    handleNextAction: (data) => handleNextAction(key, data),
    // react-stripe-js checks that it exists. The sandbox has no tokens, because Stripe advises against them.
    createToken: async () => {
      throw new IntegrationError("The sandbox has no tokens; use createPaymentMethod.");
    },
    // Both packages identify themselves; nothing here depends on it.
    registerAppInfo: () => {},
    _registerWrapper: () => {},
  };
}

// @stripe/stripe-js compares this with its own release, and warns when they differ.
Stripe.version = RELEASE === "v3" ? 3 : RELEASE;

if (window.Stripe) {
  console.warn("It looks like Stripe.js was loaded more than one time. Please only load it once per page.");
} else {
  window.Stripe = Stripe;
}
