import "@mantine/core/styles.css";
import { createTheme, MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { StripeProvider } from "../../src";
import { getToken } from "./server";
import { Shop } from "./Shop";

// Mantine's own blue is too light for white text on it (WCAG 1.4.3).
const THEME = createTheme({ primaryShade: 8 });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root.");

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={THEME} defaultColorScheme="auto">
      <StripeProvider getToken={getToken}>
        <Shop />
      </StripeProvider>
    </MantineProvider>
  </StrictMode>,
);
