// What the number of a card reveals: its brand and whether its check digit is right.

// For each brand: the first digits and the lengths of its numbers, and the length of its security code.
const BRANDS = [
  { brand: "amex", begins: /^3[47]/, lengths: [15], cvc: 4, groups: [4, 6, 5] },
  { brand: "diners", begins: /^3(?:0[0-5]|[68])/, lengths: [14, 16], cvc: 3, groups: [4, 4, 4, 4] },
  { brand: "jcb", begins: /^35/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
  { brand: "visa", begins: /^4/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
  { brand: "mastercard", begins: /^(?:5[1-5]|2[2-7])/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
  { brand: "unionpay", begins: /^62/, lengths: [16, 17, 18, 19], cvc: 3, groups: [4, 4, 4, 4, 3] },
  { brand: "discover", begins: /^6/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
];
const UNKNOWN = { brand: "unknown", lengths: [16], cvc: 3, groups: [4, 4, 4, 4] };

/** The brand of a number that may still be incomplete. */
export function brandOf(number) {
  return BRANDS.find(({ begins }) => begins.test(number)) ?? UNKNOWN;
}

/** Whether the check digit is right. */
export function passesLuhn(number) {
  const sum = [...number].reverse().reduce((total, digit, index) => {
    const value = index % 2 ? Number(digit) * 2 : Number(digit);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
