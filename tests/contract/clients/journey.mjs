/**
 * A shop's journey by Stripe's library for Node.js; journey.py is its twin and says more.
 *
 * Arguments: the folder in which the library is installed, then those of journey.py. Prints the same JSON.
 */
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

const [folder, address, version] = process.argv.slice(2)
const Stripe = createRequire(`${folder}/`)('stripe')

const order = { amount: 2000, currency: 'usd', capture_method: 'automatic', metadata: { order_id: 'order-1' } }
if (version < '2026-09-30') {
  order.payment_method_types = ['card']
} else {
  order.allowed_payment_method_types = ['card']
  order.automatic_payment_methods = { enabled: true, allow_redirects: 'never' }
}

function client(key, apiVersion) {
  const { hostname, port } = new URL(address)
  const protocol = 'http'
  return new Stripe(key, { apiVersion, host: hostname, port, protocol, maxNetworkRetries: 0, telemetry: false })
}

async function control(path, body) {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(`${address}/_sandbox/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return answer.json()
}

async function journey() {
  const stripe = client('sk_test_journey', version)
  const intents = stripe.paymentIntents
  const opened = await intents.create(order, { idempotencyKey: 'order-1' })
  const again = await intents.create(order, { idempotencyKey: 'order-1' })
  const changed = await intents.update(opened.id, { metadata: { step: '2' } })
  await control(`payment_intents/${opened.id}/pay`, { card: '4000002760003184' })
  const paid = await intents.retrieve(opened.id, { expand: ['latest_charge', 'payment_method'] })
  const withVisa = { ...order, confirm: true, payment_method: 'pm_card_visa' }
  const confirmed = await intents.create(withVisa)
  const held = await intents.create({ ...withVisa, capture_method: 'manual' })
  const captured = await intents.capture(held.id, { amount_to_capture: 1200 })
  const canceled = await intents.cancel((await intents.create(order)).id)
  const refund = await stripe.refunds.create(
    { payment_intent: opened.id, amount: 500, reason: 'requested_by_customer' },
    { idempotencyKey: 'refund-1' },
  )
  await control('disputes', { payment_intent: confirmed.id })
  const made = [opened, confirmed, held, canceled].map((intent) => intent.id).sort()
  const pages = await intents.list({ limit: 1 }).autoPagingToArray({ limit: 100 })
  const found = await intents.search({ query: "metadata['order_id']:'order-1' AND status:'canceled'" })
  const [dispute] = (await stripe.disputes.list({ payment_intent: confirmed.id })).data
  const endpoint = await stripe.webhookEndpoints.create({
    url: 'https://shop.example.com/stripe',
    enabled_events: ['payment_intent.succeeded'],
    connect: false,
  })
  const disabled = await stripe.webhookEndpoints.update(endpoint.id, { disabled: true })
  const types = ['payment_intent.succeeded', 'charge.dispute.created']
  const events = await stripe.events.list({ types, limit: 100 })
  const customer = await stripe.customers.create({ email: 'ann@example.com' })
  const paidCard = paid.latest_charge.payment_method_details.card
  return {
    created: [opened.status, opened.amount, opened.client_secret.startsWith(opened.id)],
    replayed: again.id === opened.id,
    updated: [changed.metadata.order_id, changed.metadata.step],
    expanded: [paid.status, paidCard.last4, paidCard.three_d_secure.result, paid.payment_method.type],
    has_invoice: 'invoice' in paid,
    confirmed: confirmed.status,
    captured: [held.status, captured.status, captured.amount_received],
    canceled: canceled.status,
    refund: [refund.status, refund.amount, refund.reason, refund.payment_intent === opened.id],
    found: found.data.map((intent) => intent.id === canceled.id),
    paged: JSON.stringify(pages.map((intent) => intent.id).sort()) === JSON.stringify(made),
    dispute: [dispute.status, dispute.amount, dispute.payment_intent === confirmed.id],
    endpoint: [endpoint.secret.startsWith('whsec_'), disabled.status],
    deleted: (await stripe.webhookEndpoints.del(endpoint.id)).deleted,
    events: events.data.map((event) => event.type).sort(),
    event: (await stripe.events.retrieve(events.data[0].id)).type === events.data[0].type,
    account: (await stripe.accounts.retrieveCurrent()).id.startsWith('acct_'),
    customer: (await stripe.customers.retrieve(customer.id)).email,
    bookings: (await stripe.balanceTransactions.list({ limit: 100 })).data.length > 0,
    warnings: (await stripe.radar.earlyFraudWarnings.list({ payment_intent: opened.id })).data,
  }
}

async function refusals() {
  const stripe = client('sk_test_journey', version)
  const intents = stripe.paymentIntents
  const endpoints = stripe.webhookEndpoints
  const declined = { ...order, confirm: true, payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }
  const endpoint = { url: 'https://shop.example.com/stripe' }
  await intents.create(order, { idempotencyKey: 'spent' })
  const open = async () => (await intents.create(order)).id
  const seen = {
    declined: await refusal(() => intents.create(declined)),
    'reused key': await refusal(() => intents.create({ ...order, amount: 1 }, { idempotencyKey: 'spent' })),
    'unknown object': await refusal(() => intents.retrieve('pi_none')),
    'unknown parameter': await refusal(() => intents.create({ ...order, colour: 'red' })),
    'too small': await refusal(() => intents.create({ ...order, amount: 1 })),
    'wrong state': await refusal(async () => intents.capture(await open())),
    'wrong expand': await refusal(async () => intents.retrieve(await open(), { expand: ['colour'] })),
    'wrong key': await refusal(() => client('no_key', version).paymentIntents.list()),
    'live key': await refusal(() => client('sk_live_1', version).paymentIntents.list()),
    'publishable key': await refusal(() => client('pk_test_1', version).paymentIntents.list()),
    'unknown version': await refusal(() => client('sk_test_1', '2017-05-25').paymentIntents.list()),
    wildcard: await refusal(() => endpoints.create({ ...endpoint, enabled_events: ['charge.*'] })),
    'unknown event': await refusal(() => endpoints.create({ ...endpoint, enabled_events: ['a.b'] })),
    'endpoint version': await refusal(() =>
      endpoints.create({ ...endpoint, enabled_events: ['*'], api_version: '2017-05-25' }),
    ),
  }
  for (const effect of ['403', '429', '409', '500']) {
    await control('faults', { effect, times: 1 })
    seen[effect] = await refusal(() => intents.create(order))
  }
  await control('faults', { effect: 'garbage', times: 1 })
  seen.garbage = (await refusal(() => intents.create(order)))[0]
  await control('faults', { effect: 'answer_lost', times: 2 })
  seen.answer_lost = (await refusal(() => intents.create(order)))[0]
  return seen
}

async function refusal(call) {
  try {
    await call()
  } catch (error) {
    const status = error.statusCode ?? null
    return [error.type.replace(/^Stripe/, ''), status, error.code ?? null, error.decline_code ?? null]
  }
  return ['no error']
}

async function webhooks({ secret, deliveries }) {
  const { webhooks } = new Stripe('sk_test_webhooks')
  const events = deliveries.map(([body, signature]) => webhooks.constructEvent(body, signature, secret))
  const [body, signature] = deliveries[0]
  const wrong = async (...words) => (await refusal(async () => webhooks.constructEvent(...words)))[0]
  return {
    types: events.map((event) => event.type).sort(),
    versions: [...new Set(events.map((event) => event.api_version))].sort(),
    'other secret': await wrong(body, signature, 'whsec_other'),
    'other body': await wrong(`${body} `, signature, secret),
    'no signature': await wrong(body, '', secret),
  }
}

const seen =
  address === 'webhooks'
    ? await webhooks(JSON.parse(await text(process.stdin)))
    : { library: Stripe.PACKAGE_VERSION, journey: await journey(), refusals: await refusals() }
console.log(JSON.stringify(seen))
