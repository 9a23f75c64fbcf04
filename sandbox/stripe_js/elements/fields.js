// The fields of a card form: how each formats its text, and its errors.

import { brandOf, passesLuhn } from "./cards.js";
import { hasPostalCode } from "./countries.js";

export const digits = (text) => text.replace(/\D/g, "");

/** The expiry as [month, year], with a four-digit year. */
export function expiry(text) {
  const [month, year] = text.split(" / ");
  return [Number(month), 2000 + Number(year)];
}

/**
 * `format(text, deleting, form)` is the text to display; `error(text, form)` is a code of MESSAGES, or null.
 * `form` has the texts of all fields.
 */
export const FIELDS = {
  number: {
    format(text) {
      const brand = brandOf(digits(text));
      let rest = digits(text).slice(0, Math.max(...brand.lengths));
      const groups = [];
      for (const size of brand.groups) {
        if (rest) groups.push(rest.slice(0, size));
        rest = rest.slice(size);
      }
      return groups.join(" ");
    },
    error(text) {
      const number = digits(text);
      const { lengths } = brandOf(number);
      if (number.length < lengths[0]) return "incomplete_number";
      if (lengths.includes(number.length) && passesLuhn(number)) return null;
      return number.length < lengths.at(-1) ? "incomplete_number" : "invalid_number";
    },
  },
  expiry: {
    format(text, deleting) {
      let typed = digits(text.replace(/^\s*(\d)\s*\//, "0$1/"));
      if (/^[2-9]/.test(typed)) typed = `0${typed}`;
      // A four-digit year, as browsers fill it in.
      if (/^\d\d20\d\d/.test(typed)) typed = typed.slice(0, 2) + typed.slice(4);
      const [month, year] = [typed.slice(0, 2), typed.slice(2, 4)];
      if (year) return `${month} / ${year}`;
      return month.length === 2 && !deleting ? `${month} / ` : month;
    },
    error(text) {
      if (digits(text).length < 4) return "incomplete_expiry";
      const [month, year] = expiry(text);
      if (month < 1 || month > 12) return "invalid_expiry_month";
      const today = new Date();
      if (year < today.getFullYear()) return "invalid_expiry_year_past";
      if (year > today.getFullYear() + 50) return "invalid_expiry_year";
      return year === today.getFullYear() && month <= today.getMonth() ? "invalid_expiry_month_past" : null;
    },
  },
  cvc: {
    format: (text, _, form) => digits(text).slice(0, brandOf(digits(form.number)).cvc),
    error: (text, form) => (text.length === brandOf(digits(form.number)).cvc ? null : "incomplete_cvc"),
  },
  country: { format: (text) => text, error: () => null },
  postalCode: {
    format: (text) => text.slice(0, 16),
    error(text, form) {
      if (form.country && !hasPostalCode(form.country)) return null;
      const enough = form.country === "US" || !form.country ? 5 : 3;
      return text.trim().length < enough ? "incomplete_zip" : null;
    },
  },
};

/** Messages for the customer; the codes are those of Stripe.js. */
export const MESSAGES = {
  incomplete_number: "Your card number is incomplete.",
  invalid_number: "Your card number is invalid.",
  incomplete_expiry: "Your card’s expiration date is incomplete.",
  invalid_expiry_month: "Your card’s expiration date is invalid.",
  invalid_expiry_month_past: "Your card’s expiration date is in the past.",
  invalid_expiry_year: "Your card’s expiration year is invalid.",
  invalid_expiry_year_past: "Your card’s expiration year is in the past.",
  incomplete_cvc: "Your card’s security code is incomplete.",
  incomplete_zip: "Your postal code is incomplete.",
};
