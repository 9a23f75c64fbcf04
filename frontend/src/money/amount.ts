import currencies from "./currency-decimals.json";
import { PaydeskError } from "../api/errors";

/** JSON numbers of up to 15 digits are exact decimals for browser and service. */
const MAX_DIGITS = 15;

/**
 * The number of decimals of a currency: 0, 2 or 3.
 *
 * `Intl` differs from the service for some currencies (LBP, ISK and others). The amount on the page must be the amount
 * that is charged, so the table is the service's. A test of the service compares the two.
 */
export function currencyDecimals(currency: string): number {
  const code = currency.toLowerCase();
  if (currencies["0"].includes(code)) return 0;
  return currencies["3"].includes(code) ? 3 : 2;
}

/**
 * The amount as decimal text with exactly the decimals of its currency: `"99.99"`, `"100"`, `"1.230"`.
 *
 * Noise of binary arithmetic (0.1 + 0.2) is dropped. A real digit too many is refused, not rounded.
 *
 * @param amount in major units
 * @throws PaydeskError `amount_invalid`
 */
export function exactAmount(amount: number | string, currency: string): string {
  const decimals = currencyDecimals(currency);
  const text = typeof amount === "number" ? withoutNoise(amount) : amount.trim();
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  const whole = match?.[1]?.replace(/^0+(?=\d)/, "");
  const fraction = (match?.[2] ?? "").replace(/0+$/, "");
  if (whole === undefined || /^0*$/.test(whole + fraction)) throw invalid("The amount must be a number above zero.");
  if (fraction.length > decimals) {
    const allowed = decimals === 0 ? "no decimals" : `${decimals} decimals`;
    throw invalid(`${currency.toUpperCase()} has ${allowed}; this amount has more.`);
  }
  if (whole.length + decimals > MAX_DIGITS) throw invalid("The amount is larger than can be charged.");
  return decimals === 0 ? whole : `${whole}.${fraction.padEnd(decimals, "0")}`;
}

/**
 * The amount as people read it, such as `$99.99`, `¥100` or `KWD 1.230`.
 *
 * @param locale BCP 47; the browser's when left out
 */
export function formatAmount(amount: number | string, currency: string, locale?: string): string {
  const digits = currencyDecimals(currency);
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(Number(amount));
}

/** Twelve significant digits. Digits beyond them come from binary arithmetic and not from a price. */
function withoutNoise(amount: number): string {
  const rounded = Number(amount.toPrecision(12));
  return Number.isFinite(rounded) && rounded < 1e15 ? decimalText(rounded) : "";
}

/** Decimal text without the exponent that `String` gives small numbers. */
function decimalText(value: number): string {
  return String(value).includes("e") ? value.toFixed(20) : String(value);
}

function invalid(message: string): PaydeskError {
  return new PaydeskError("amount_invalid", message);
}
