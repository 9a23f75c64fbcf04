// The countries of the Payment Element's list; the browser has their names.

const CODES = (
  "AE AR AT AU BE BG BR CA CH CL CN CO CY CZ DE DK EE EG ES FI FR GB GR HK HR HU ID IE IL IN IS IT JP KE KR KW LI LT LU " +
  "LV MA MT MX MY NG NL NO NZ PE PH PK PL PT RO SA SE SG SI SK TH TR TW UA US VN ZA"
).split(" ");

/** [code, name] sorted by name; in English when the browser does not support the locale. */
export function countries(requestedLocale) {
  const locale = isSupported(requestedLocale) ? requestedLocale : "en";
  const names = new Intl.DisplayNames([locale, "en"], { type: "region" });
  return CODES.map((code) => [code, names.of(code)]).sort(([, one], [, other]) => one.localeCompare(other, locale));
}

/** Stripe asks for the postal code where banks check it. */
export function hasPostalCode(country) {
  return ["US", "CA", "GB"].includes(country);
}

function isSupported(locale) {
  try {
    return Intl.DisplayNames.supportedLocalesOf(locale ?? []).length > 0;
  } catch {
    return false;
  }
}
