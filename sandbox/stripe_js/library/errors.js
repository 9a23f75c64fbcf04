// Errors as in Stripe.js. A programming error of the page is thrown; an error of the payment is returned as `error`.

class IntegrationError extends Error {
  constructor(message) {
    super(message);
    this.name = "IntegrationError";
  }
}

const NO_CONNECTION = {
  type: "api_connection_error",
  message: "We are experiencing issues connecting to our payments provider. Please check your internet connection " +
    "and try again.",
};
const UNEXPECTED_ERROR = { type: "api_error", message: "An unexpected error occurred. Please try again." };

/** Stripe.js's message for the customer after a failed 3-D Secure, in place of the API's text for developers. */
function authenticationFailure(intent) {
  const error = intent.last_payment_error;
  const failedAuthentication = error?.code === "payment_intent_authentication_failure";
  return {
    type: "invalid_request_error",
    ...error,
    payment_intent: intent,
    ...(failedAuthentication && {
      message: "We are unable to authenticate your payment method. Please choose a different payment method and try " +
        "again.",
    }),
  };
}

/** The intent's id, which is the start of its client secret. Throws for an invalid client secret. */
function idOf(clientSecret, caller) {
  const match = /^(pi_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/.exec(clientSecret ?? "");
  if (!match) {
    throw new IntegrationError(
      `Invalid value for ${caller}: the client secret of a PaymentIntent (pi_…_secret_…) is expected.`,
    );
  }
  return match[1];
}
