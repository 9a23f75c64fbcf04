// Confirming a payment, and the actions that may follow.

/** A promise that never resolves, for a page that is about to be left. */
const LEAVING = new Promise(() => {});

/** Confirm with `params` and, optionally, the card of an Element. */
async function confirm(key, secret, params, card, { caller, handleActions = true }) {
  const path = `/v1/payment_intents/${idOf(secret, caller)}/confirm`;
  const body = { ...params, client_secret: secret, use_stripe_sdk: true };
  const { error, object } = await call(key, "POST", path, body, card);
  if (error) return { error };
  return handleActions ? followUp(key, secret, object) : { paymentIntent: object };
}

/** Handle the intent's next action: the 3-D Secure dialog, or a redirect to the bank's own page. */
async function followUp(key, secret, intent) {
  const action = intent.status === "requires_action" ? intent.next_action : null;
  if (!action) return { paymentIntent: intent };
  if (action.type === "redirect_to_url") {
    location.assign(action.redirect_to_url.url);
    return LEAVING;
  }
  await challenge(action.use_stripe_sdk.stripe_js);
  const { error, object } = await retrieve(key, secret, "stripe.handleNextAction()");
  if (error) return { error };
  return object.status === "requires_payment_method" ? { error: authenticationFailure(object) } : { paymentIntent: object };
}

/** The return URL of a finished payment, with the parameters that Stripe adds. */
function returnLocation(returnUrl, intent) {
  const url = new URL(returnUrl);
  url.searchParams.set("payment_intent", intent.id);
  url.searchParams.set("payment_intent_client_secret", intent.client_secret);
  url.searchParams.set("redirect_status", intent.status === "processing" ? "pending" : "succeeded");
  return url.href;
}

async function confirmPayment(key, { elements, clientSecret, confirmParams = {}, redirect = "always" }) {
  const caller = "stripe.confirmPayment()";
  if (redirect !== "always" && redirect !== "if_required") {
    throw new IntegrationError(`Invalid value for ${caller}: redirect should be 'always' or 'if_required'.`);
  }
  if (redirect === "always" && !confirmParams.return_url) {
    throw new IntegrationError(`${caller} needs confirmParams.return_url unless redirect is 'if_required'.`);
  }
  const secret = elements instanceof Elements ? elements._secret(clientSecret) : clientSecret;
  idOf(secret, caller);
  let params = confirmParams;
  let card = null;
  if (elements instanceof Elements) {
    const element = elements._payment();
    const error = await element._check();
    if (error) return { error };
    params = { ...params, payment_method_data: { ...params.payment_method_data, type: "card" } };
    card = { element, at: "payment_method_data" };
  }
  const result = await confirm(key, secret, params, card, { caller });
  if (result.error || redirect === "if_required") return result;
  location.assign(returnLocation(confirmParams.return_url, result.paymentIntent));
  return LEAVING;
}

async function confirmCardPayment(key, secret, data = {}, options = {}) {
  const caller = "stripe.confirmCardPayment()";
  idOf(secret, caller);
  const { payment_method: method, ...params } = data;
  const settings = { caller, ...options };
  if (method === undefined || typeof method === "string") {
    return confirm(key, secret, { ...params, payment_method: method }, null, settings);
  }
  const { card: element, ...details } = method;
  const methodData = { ...details, type: "card" };
  if (!(element instanceof Element)) {
    return confirm(key, secret, { ...params, payment_method_data: { ...methodData, card: element } }, null, settings);
  }
  const error = await element._check();
  if (error) return { error };
  const card = { element, at: "payment_method_data" };
  return confirm(key, secret, { ...params, payment_method_data: methodData }, card, settings);
}

async function createPaymentMethod(key, data) {
  const element = data.elements ? data.elements._payment() : data.card;
  const { elements, card, params, ...rest } = data;
  const methodData = { ...rest, ...params, type: "card" };
  const isElement = element instanceof Element;
  const error = isElement ? await element._check() : null;
  if (error) return { error };
  const result = isElement
    ? await call(key, "POST", "/v1/payment_methods", methodData, { element, at: "" })
    : await call(key, "POST", "/v1/payment_methods", { ...methodData, card });
  return result.error ? { error: result.error } : { paymentMethod: result.object };
}

async function retrievePaymentIntent(key, secret) {
  const { error, object } = await retrieve(key, secret, "stripe.retrievePaymentIntent()");
  return error ? { error } : { paymentIntent: object };
}

async function handleNextAction(key, { clientSecret }) {
  const { error, paymentIntent } = await retrievePaymentIntent(key, clientSecret);
  return error ? { error } : followUp(key, clientSecret, paymentIntent);
}
