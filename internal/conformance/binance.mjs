// @binance/spot, by the test's commands: orders over REST, or over the WebSocket API where settings.socket says so.
import { Spot } from '@binance/spot';
import { Ladder, Refusal, serve, settings, tell } from './rpc.mjs';

const { endpoints, key, secret, market: symbol, socket } = settings;
const spot = new Spot({
  configurationRestAPI: { apiKey: key, apiSecret: secret, basePath: endpoints.spotrest, retries: 0, timeout: 5000 },
  configurationWebsocketAPI: { apiKey: key, apiSecret: secret, wsURL: endpoints.spotapi + '/ws-api/v3' },
  configurationWebsocketStreams: { wsURL: endpoints.spotstream },
});
const rest = spot.restAPI;
let connection;
const api = async () => (connection ??= await spot.websocketAPI.connect());

// ask makes what the library throws for the venue a refusal, and takes what was asked for out of its wrapping.
async function ask(promise) {
  try {
    const { data } = await promise;
    return typeof data === 'function' ? await data() : data;
  } catch (e) {
    if (typeof e?.code === 'number') throw new Refusal(e.code, e.message ?? e.msg);
    throw e;
  }
}

// call is a method of the REST client, or the one of the socket that does the same.
async function call(restName, socketName, args) {
  return ask(socket ? (await api())[socketName](args) : rest[restName](args));
}

const state = (o) => ({
  id: o.clientOrderId, venueID: String(o.orderId), side: o.side, kind: `${o.type} ${o.timeInForce}`, status: o.status,
  price: o.price, quantity: o.origQty, filled: o.executedQty, spent: o.cummulativeQuoteQty,
});

const fill = (f) => ({
  tradeID: String(f.id), venueID: String(f.orderId), clientID: '?', side: f.isBuyer ? 'BUY' : 'SELL', price: f.price, quantity: f.qty,
  fee: f.commission, feeAsset: f.commissionAsset, maker: f.isMaker, time: String(f.time),
});

// execution tells of an order, and of a fill where it is one.
function execution(e) {
  const id = e.x === 'CANCELED' ? e.C : e.c; // of a cancellation, c is its own id
  const order = { id, venueID: String(e.i), side: e.S, kind: `${e.o} ${e.f}`, status: e.X, price: e.p, quantity: e.q, filled: e.z, spent: e.Z };
  tell('orders', order);
  if (e.x !== 'TRADE') return;
  const what = { price: e.L, quantity: e.l, fee: e.n, feeAsset: e.N, maker: e.m, time: String(e.T) };
  tell('fills', { tradeID: String(e.t), venueID: order.venueID, clientID: id, side: e.S, ...what });
}

const depth = (limit) => ask(rest.depth({ symbol, limit }));

serve({
  instruments: async () => {
    const { symbols } = await ask(rest.exchangeInfo());
    const rule = (s, type) => s.filters.find((f) => f.filterType === type);
    return symbols.map((s) => ({ name: s.symbol, tick: rule(s, 'PRICE_FILTER').tickSize, lot: rule(s, 'LOT_SIZE').stepSize }));
  },
  book: async () => {
    const b = await depth(1000);
    return new Ladder().change(b.bids, b.asks);
  },
  followBook: async () => {
    const stream = (await spot.websocketStreams.connect()).diffBookDepth({ symbol, updateSpeed: '100ms' });
    let book, last, waiting = [];
    const apply = (e) => {
      if (e.u <= last) return;
      if (e.U > last + 1) throw new Error(`a gap: ${e.U} after ${last}`);
      last = e.u;
      book.change(e.b, e.a);
    };
    stream.on('message', (e) => {
      if (!book) return waiting.push(e);
      apply(e);
      tell('book', book);
    });
    do {
      const b = await depth(1000);
      if (waiting.length && b.lastUpdateId < waiting[0].U - 1) continue; // older than the stream
      last = b.lastUpdateId;
      book = new Ladder().change(b.bids, b.asks);
    } while (!book);
    waiting.forEach(apply);
    tell('book', book);
  },
  balances: async () => {
    const { balances } = await call('getAccount', 'accountStatus', {});
    return balances.map(({ asset, free, locked }) => ({ asset, free, locked }));
  },
  place: async ({ id, side, kind, price, quantity }) => {
    const o = { symbol, side: side.toUpperCase(), type: 'LIMIT', quantity, price, newClientOrderId: id };
    if (kind === 'market') Object.assign(o, { type: 'MARKET', price: undefined });
    else if (kind === 'post-only') o.type = 'LIMIT_MAKER';
    else o.timeInForce = kind === 'ioc' ? 'IOC' : 'GTC';
    const a = await call('newOrder', 'orderPlace', o);
    const brief = (f) => ({
      brief: true, tradeID: String(f.tradeId), clientID: '?',
      price: f.price, quantity: f.qty, fee: f.commission, feeAsset: f.commissionAsset
    });
    return { venueID: String(a.orderId), state: a.side && state(a), fills: a.fills?.map(brief) };
  },
  // Less of it at the same price is all that the venue lets an order keep its place with.
  amend: ({ id, quantity }) =>
    call('orderAmendKeepPriority', 'orderAmendKeepPriority', { symbol, origClientOrderId: id, newClientOrderId: id, newQty: quantity }),
  cancel: ({ id }) => call('deleteOrder', 'orderCancel', { symbol, origClientOrderId: id }),
  query: async ({ id }) => state(await call('getOrder', 'orderStatus', { symbol, origClientOrderId: id })),
  open: async () => (await call('getOpenOrders', 'openOrdersStatus', { symbol })).map(state),
  fills: async () => (await call('myTrades', 'myTrades', { symbol })).map(fill),
  followAccount: async () => {
    const { stream } = await (await api()).userDataStreamSubscribeSignature();
    stream.on('message', (e) => {
      if (e.e === 'executionReport') execution(e);
      else if (e.e === 'outboundAccountPosition') e.B.forEach((b) => tell('purses', { asset: b.a, free: b.f, locked: b.l }));
    });
  },
  flood: async () => {
    for (let i = 0; i < 100; i++) await depth(5000);
    throw new Error('the venue never had enough');
  },
});
