export type { GetToken, Payment } from "./api/client";
export { PaydeskError, type ErrorWord, type Failure } from "./api/errors";
export { StripeContext, useStripe, type StripeState } from "./context/StripeContext";
export { StripeProvider, type StripeProviderProps } from "./context/StripeProvider";
export { formatAmount } from "./money/amount";
export { returnedOrderId } from "./payment/redirect";
export { StripePaymentModal, type StripePaymentModalProps } from "./payment/StripePaymentModal";
