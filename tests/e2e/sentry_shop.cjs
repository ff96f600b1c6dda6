// A shop behind a balancer with a real Sentry SDK: one request in 500 brings an error that is known for long; with
// BROKEN=1 one in 100 brings another one besides. Customers see a 200 in both cases.
//
// usage: PORT=N DSN=... RELEASE=... [BROKEN=1] NODE_PATH=... node sentry_shop.cjs
//        DSN=... RELEASE=... NODE_PATH=... node sentry_shop.cjs once: an exception, a message and a session, and ends
'use strict';
const http = require('http');
const Sentry = require('@sentry/node');

Sentry.init({dsn: process.env.DSN, release: process.env.RELEASE, environment: 'production', serverName: 'web-1'});

function declined(order) {
  throw new Error(`card declined for order ${order}`);
}

function priceOf(cart) {
  return cart.lines[0].price;
}

function caught(work) {
  try {
    work();
  } catch (error) {
    Sentry.captureException(error);
  }
}

async function once() {
  caught(() => declined(1001));
  Sentry.captureMessage('stock is low', 'warning');
  Sentry.startSession();
  Sentry.captureSession();
  Sentry.endSession();
  await Sentry.flush(5000);
}

function serve() {
  let requests = 0;
  http.createServer((request, response) => {
    requests += 1;
    if (requests % 500 === 0) caught(() => declined(requests));
    if (process.env.BROKEN && requests % 100 === 0) caught(() => priceOf({lines: []}));
    response.end('ok\n');
  }).listen(Number(process.env.PORT), '127.0.0.1');
}

if (process.argv[2] === 'once') {
  once();
} else {
  serve();
}
