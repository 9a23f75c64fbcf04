import decimalsOf from "./currency-decimals.json";
import { PaydeskError } from "../api/errors";

/** JSON numbers of up to 15 digits are exact decimals on both sides. */
const MOST_DIGITS = 15;

/**
 * How many decimals people write in a currency: 0, 2 or 3.
 *
 * `Intl` has its own idea of some currencies (LBP, ISK and others), and what is shown must be what the service charges,
 * so the table is the service's; a test of the service compares the two.
 */
export function currencyDecimals(currency: string): number {
  const code = currency.toLowerCase();
  if (decimalsOf["0"].includes(code)) return 0;
  return decimalsOf["3"].includes(code) ? 3 : 2;
}

/**
 * The amount as decimal text with exactly the decimals of its currency: `"99.99"`, `"100"`, `"1.230"`.
 *
 * What binary arithmetic leaves behind (0.1 + 0.2) is dropped; a real digit too many is not rounded away.
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
    const has = decimals === 0 ? "no decimals" : `${decimals} decimals`;
    throw invalid(`${currency.toUpperCase()} has ${has}; this amount has more.`);
  }
  if (whole.length + decimals > MOST_DIGITS) throw invalid("The amount is larger than can be charged.");
  return decimals === 0 ? whole : `${whole}.${fraction.padEnd(decimals, "0")}`;
}

/**
 * The amount for people, such as `$99.99`, `¥100` or `KWD 1.230`.
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

/** Twelve significant digits: what is beyond them comes from binary arithmetic and not from a price. */
function withoutNoise(amount: number): string {
  const rounded = Number(amount.toPrecision(12));
  return Number.isFinite(rounded) && rounded < 1e15 ? decimalText(rounded) : "";
}

/** Without an exponent, which small numbers get from `String`. */
function decimalText(value: number): string {
  return String(value).includes("e") ? value.toFixed(20) : String(value);
}

function invalid(message: string): PaydeskError {
  return new PaydeskError("amount_invalid", message);
}
