import { useComputedColorScheme, useMantineTheme } from "@mantine/core";
import type { Appearance } from "@stripe/stripe-js";
import { useMemo } from "react";

/** The ERP's appearance, or one like the Mantine theme. Stripe's frames cannot read the page's CSS variables. */
export function useAppearance(appearance: Appearance | undefined): Appearance {
  const theme = useMantineTheme();
  const scheme = useComputedColorScheme("light");
  return useMemo(() => {
    if (appearance) return appearance;
    const shade = theme.primaryShade;
    const primary = theme.colors[theme.primaryColor]?.[typeof shade === "number" ? shade : shade[scheme]];
    return {
      theme: scheme === "dark" ? "night" : "stripe",
      variables: { fontFamily: theme.fontFamily, ...(primary && { colorPrimary: primary }) },
    };
  }, [appearance, theme, scheme]);
}
