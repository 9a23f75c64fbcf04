// `Stripe()`: what a page gets as window.Stripe.

function Stripe(key, options = {}) {
  if (typeof key !== "string" || !key) {
    throw new IntegrationError("Missing value for Stripe(): apiKey should be a string.");
  }
  if (!key.startsWith("pk_test_")) {
    throw new IntegrationError("The sandbox takes publishable test keys (pk_test_…) and no other.");
  }
  return {
    elements: (given = {}) => new Elements(key, { locale: options.locale, ...given }),
    confirmPayment: (given) => confirmPayment(key, given),
    confirmCardPayment: (secret, data, how) => confirmCardPayment(key, secret, data, how),
    createPaymentMethod: (data) => createPaymentMethod(key, data),
    retrievePaymentIntent: (secret) => retrievePaymentIntent(key, secret),
    handleNextAction: (given) => handleNextAction(key, given),
    // react-stripe-js looks whether there is one. The sandbox has no tokens, as Stripe advises against them.
    createToken: async () => {
      throw new IntegrationError("The sandbox makes no tokens; use createPaymentMethod.");
    },
    // Both packages say who they are; nothing here depends on it.
    registerAppInfo: () => {},
    _registerWrapper: () => {},
  };
}

// @stripe/stripe-js compares this with the release that it was made for, and warns when they differ.
Stripe.version = RELEASE === "v3" ? 3 : RELEASE;

if (window.Stripe) {
  console.warn("It looks like Stripe.js was loaded more than one time. Please only load it once per page.");
} else {
  window.Stripe = Stripe;
}
