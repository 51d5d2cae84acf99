// bybit-api, by the test's commands: orders over REST, or over WebSocket where settings.socket says so.
import bybit from 'bybit-api';
import { Ladder, Refusal, flood, serve, settings, tell } from './rpc.mjs';

const { endpoints, key, secret, market: symbol, category, socket } = settings;
const rest = new bybit.RestClientV5({ key, secret, baseUrl: endpoints.rest });
const api = socket && new bybit.WebsocketAPIClient({ key, secret, wsUrl: endpoints.trade + '/v5/trade', attachEventListeners: false });

// ask makes what the venue refuses a refusal: the library hands it over like any answer of REST, and throws it where it came over the socket.
async function ask(promise) {
  const { retCode, retMsg, result } = await promise.catch((e) => (typeof e?.retCode === 'number' ? e : Promise.reject(e)));
  if (retCode !== 0) throw new Refusal(retCode, retMsg);
  return result;
}

// send changes something.
const send = (restName, socketName, o) => ask(api ? api[socketName]({ category, symbol, ...o }) : rest[restName]({ category, symbol, ...o }));

const state = (o) => ({ id: o.orderLinkId, status: o.orderStatus, price: o.price, quantity: o.qty, filled: o.cumExecQty });

async function orders(more) {
  return (await ask(rest.getActiveOrders({ category, symbol, ...more }))).list.map(state);
}

serve({
  instruments: async () => {
    const { list } = await ask(rest.getInstrumentsInfo({ category }));
    return list.map((i) => ({ name: i.symbol, tick: i.priceFilter.tickSize, lot: i.lotSizeFilter.qtyStep ?? i.lotSizeFilter.basePrecision }));
  },
  book: async () => {
    const { b, a } = await ask(rest.getOrderbook({ category, symbol, limit: 200 }));
    return new Ladder().change(b, a);
  },
  followBook: () => {
    const ws = new bybit.WebsocketClient({ wsUrl: `${endpoints.stream}/v5/public/${category}` });
    let book, last;
    ws.on('update', ({ type, data }) => {
      if (type === 'snapshot') book = new Ladder();
      else if (data.u !== last + 1) throw new Error(`a gap: ${data.u} after ${last}`);
      last = data.u;
      tell('book', book.change(data.b, data.a));
    });
    ws.subscribeV5(`orderbook.50.${symbol}`, category);
  },
  balances: async () => {
    const { list } = await ask(rest.getWalletBalance({ accountType: 'UNIFIED' }));
    return Object.fromEntries(list.flatMap((l) => l.coin).map((c) => [c.coin, [c.walletBalance]]));
  },
  place: ({ id, side, kind, price, quantity }) => {
    const o = { side: side === 'buy' ? 'Buy' : 'Sell', orderType: 'Limit', qty: quantity, orderLinkId: id };
    if (kind === 'market') Object.assign(o, { orderType: 'Market', marketUnit: 'baseCoin' });
    else Object.assign(o, { price, timeInForce: { limit: 'GTC', ioc: 'IOC', 'post-only': 'PostOnly' }[kind] });
    return send('submitOrder', 'submitNewOrder', o);
  },
  amend: ({ id, price, quantity }) => send('amendOrder', 'amendOrder', { orderLinkId: id, price, qty: quantity }),
  cancel: ({ id }) => send('cancelOrder', 'cancelOrder', { orderLinkId: id }),
  query: async ({ id }) => {
    const [o] = await orders({ orderLinkId: id });
    if (!o) throw new Error(`no order ${id}`);
    return o;
  },
  open: () => orders({}),
  fills: async () => (await ask(rest.getExecutionList({ category, symbol, limit: 100 }))).list.map((f) => ({ price: f.execPrice, quantity: f.execQty })),
  followOrders: () =>
    new Promise((subscribed, failed) => {
      const ws = new bybit.WebsocketClient({ key, secret, wsUrl: endpoints.private + '/v5/private' });
      ws.on('update', ({ topic, data }) => topic === 'order' && data.forEach((o) => tell('orders', state(o))));
      ws.on('response', (e) => e.op === 'subscribe' && subscribed());
      ws.on('exception', (e) => failed(new Error(e.ret_msg ?? String(e))));
      ws.subscribeV5('order', category);
    }),
  flood: () => flood(200, () => orders({})),
});
