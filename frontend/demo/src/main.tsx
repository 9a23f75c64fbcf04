import "@mantine/core/styles.css";
import { MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { StripeProvider } from "../../src";
import { getToken } from "./server";
import { Shop } from "./Shop";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root.");

createRoot(root).render(
  <StrictMode>
    <MantineProvider defaultColorScheme="auto">
      <StripeProvider getToken={getToken}>
        <Shop />
      </StripeProvider>
    </MantineProvider>
  </StrictMode>,
);
