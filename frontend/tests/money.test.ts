import { describe, expect, it } from "vitest";
import { currencyDecimals, exactAmount, formatAmount } from "../src/money/amount";
import { PaydeskError } from "../src";
import { requestOf } from "../src/payment/order";

describe("exactAmount", () => {
  it.each([
    [99.99, "usd", "99.99"],
    [100, "usd", "100.00"],
    ["099.9", "USD", "99.90"],
    [0.1 + 0.2, "usd", "0.30"],
    [3 * 33.33, "usd", "99.99"],
    [100, "jpy", "100"],
    ["100.00", "jpy", "100"],
    [1.23, "kwd", "1.230"],
    ["1.230", "KWD", "1.230"],
    [999999.99, "usd", "999999.99"],
    [500, "isk", "500"],
  ])("%s %s is %s", (amount, currency, exact) => {
    expect(exactAmount(amount, currency)).toBe(exact);
  });

  it.each([
    [10.005, "usd", "USD has 2 decimals; this amount has more."],
    [99.5, "jpy", "JPY has no decimals; this amount has more."],
    [1.2345, "kwd", "KWD has 3 decimals; this amount has more."],
    [1e-7, "usd", "USD has 2 decimals; this amount has more."],
    [0, "usd", "The amount must be a number above zero."],
    [-5, "usd", "The amount must be a number above zero."],
    [NaN, "usd", "The amount must be a number above zero."],
    [Infinity, "usd", "The amount must be a number above zero."],
    ["1e3", "usd", "The amount must be a number above zero."],
    ["12,50", "eur", "The amount must be a number above zero."],
    ["12345678901234.00", "usd", "The amount is larger than can be charged."],
  ])("%s %s is refused", (amount, currency, message) => {
    expect(() => exactAmount(amount, currency)).toThrow(new PaydeskError("amount_invalid", message));
  });

  it.each([["99.99", "usd", "99.99"], ["100", "jpy", "100"], ["1.230", "kwd", "1.23"], ["0.29", "usd", "0.29"]])(
    "%s %s is sent as the JSON number %s",
    (amount, currency, wire) => {
      const request = requestOf({ orderId: "o", customerId: "c", amount, currency });
      expect(JSON.stringify(request)).toContain(`"amount":${wire},`);
    },
  );
});

describe("formatAmount", () => {
  it.each([
    ["99.9", "usd", "en-US", "$99.90"],
    [100, "jpy", "en-US", "¥100"],
    [1.23, "kwd", "en-US", "KWD 1.230"],
    [1234.5, "eur", "de-DE", "1.234,50 €"],
    // Intl would show no decimals, but two are charged.
    [99.99, "lbp", "en-US", "LBP 99.99"],
    [500, "ugx", "en-US", "UGX 500"],
  ])("%s %s in %s is %s", (amount, currency, locale, text) => {
    expect(formatAmount(amount, currency, locale).replace(/\u00a0/g, " ")).toBe(text);
  });
});

it("assumes two decimals for an unknown currency, and leaves it to the service", () => {
  expect(currencyDecimals("xyz")).toBe(2);
});
