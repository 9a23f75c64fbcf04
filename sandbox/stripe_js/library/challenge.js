// The dialog for 3-D Secure at the customer's bank.

/** Show the bank's page until the customer has completed or canceled it; the intent has the result. */
function challenge(url) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    const frame = document.createElement("iframe");
    dialog.setAttribute("aria-label", "3D Secure authentication");
    frame.title = "3D Secure authentication";
    frame.name = "stripe-challenge-frame";
    frame.src = url;
    // Properties, because the page's Content-Security-Policy may forbid style attributes and external style sheets.
    Object.assign(dialog.style, { padding: "0", border: "0", borderRadius: "8px", width: "min(90vw, 480px)" });
    Object.assign(frame.style, { display: "block", width: "100%", height: "min(80vh, 300px)", border: "0" });
    dialog.append(frame);

    const onMessage = ({ source, origin, data }) => {
      if (source !== frame.contentWindow || origin !== SANDBOX || data !== "three_d_secure_answered") return;
      dialog.close();
    };
    window.addEventListener("message", onMessage);
    dialog.addEventListener("close", () => {
      window.removeEventListener("message", onMessage);
      dialog.remove();
      resolve();
    });
    // Escape presses the Cancel button in the frame, which notifies the bank.
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      frame.contentWindow.postMessage("three_d_secure_cancel", SANDBOX);
    });
    frame.addEventListener("load", () => frame.focus());
    document.body.append(dialog);
    dialog.showModal();
  });
}
