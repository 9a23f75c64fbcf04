// A shop's checkout with Stripe's own packages. The query says what is paid and how: see checkout.py.

import React from "react";
import { CardElement, Elements, PaymentElement, useElements, useStripe } from "@stripe/react-stripe-js";
import { loadStripe } from "@stripe/stripe-js";

const { createElement: h, useState } = React;
const asked = Object.fromEntries(new URLSearchParams(location.search));
const returnUrl = `${location.origin}/thanks.html`;
// For tests that call it themselves.
window.stripe = loadStripe(asked.key);

const note = (name) => (event) => {
  const item = document.createElement("li");
  item.className = name;
  item.textContent = [event.elementType, event.error?.code].filter(Boolean).join(" ");
  document.getElementById("events").append(item);
};
const listeners = Object.fromEntries(
  ["Ready", "Change", "Focus", "Blur", "Escape", "LoadError", "LoaderStart"].map((name) => [`on${name}`, note(name)]),
);

async function pay(stripe, elements) {
  if (asked.method) {
    const card = elements.getElement("card");
    const { error, paymentMethod } = await stripe.createPaymentMethod(card ? { type: "card", card } : { elements });
    return error ? { error } : stripe.confirmCardPayment(asked.secret, { payment_method: paymentMethod.id });
  }
  if (asked.element === "card") {
    const card = elements.getElement(CardElement);
    return stripe.confirmCardPayment(asked.secret, {
      payment_method: { card, billing_details: { name: "Ada Lovelace" } },
    });
  }
  if (asked.deferred) {
    const { error } = await elements.submit();
    if (error) return { error };
  }
  return stripe.confirmPayment({
    elements,
    clientSecret: asked.deferred && asked.secret,
    confirmParams: { return_url: returnUrl, payment_method_data: { billing_details: { name: "Ada Lovelace" } } },
    redirect: asked.redirect ?? "if_required",
  });
}

function Checkout() {
  const [stripe, elements] = [useStripe(), useElements()];
  const [result, setResult] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setResult("");
    setResult(JSON.stringify(await pay(stripe, elements).catch((error) => ({ thrown: String(error) }))));
    setBusy(false);
  };
  const field = asked.element === "card" ? CardElement : PaymentElement;
  return h(
    "form",
    { onSubmit: submit },
    h(field, listeners),
    h("button", { disabled: busy || !stripe }, "Pay"),
    h("output", { id: "result" }, result),
  );
}

function Page() {
  const [open, setOpen] = useState(true);
  const looks = asked.appearance && {
    locale: "de",
    appearance: {
      theme: asked.appearance,
      variables: { borderRadius: "12px" },
      rules: { ".Label": { textTransform: "uppercase" } },
    },
  };
  const options = asked.deferred ? { mode: "payment", amount: 1000, currency: "usd" } : { clientSecret: asked.secret };
  return h(
    React.Fragment,
    null,
    open && h(Elements, { stripe: window.stripe, options: asked.element === "card" ? {} : { ...options, ...looks } }, h(Checkout)),
    h("button", { type: "button", onClick: () => setOpen(!open) }, open ? "Close" : "Open"),
  );
}

const page = h(Page);
window.ReactDOM.createRoot(document.getElementById("root")).render(asked.loose ? page : h(React.StrictMode, null, page));
