// bybit-api, by the test's commands: orders over REST, or over WebSocket where settings.socket says so.
import bybit from 'bybit-api';
import { Ladder, Refusal, flood, serve, settings, tell } from './rpc.mjs';

const { endpoints, key, secret, market: symbol, category, socket } = settings;
const rest = new bybit.RestClientV5({ key, secret, baseUrl: endpoints.rest, recv_window: 20000 });
const api = socket && new bybit.WebsocketAPIClient({ key, secret, wsUrl: endpoints.trade + '/v5/trade', attachEventListeners: false });

// ask makes what the venue refuses a refusal: the library hands it over like any answer of REST, and throws it where it came over the socket.
async function ask(promise) {
  const { retCode, retMsg, result, data } = await promise.catch((e) => (typeof e?.retCode === 'number' ? e : Promise.reject(e)));
  if (retCode !== 0) throw new Refusal(retCode, retMsg);
  return result ?? data; // over REST, over the socket
}

// send changes something.
const send = (restName, socketName, o) => ask(api ? api[socketName]({ category, symbol, ...o }) : rest[restName]({ category, symbol, ...o }));

const state = (o) => {
  const [[feeAsset, fee] = ['', '0']] = Object.entries(o.cumFeeDetail);
  return {
    id: o.orderLinkId, venueID: o.orderId, side: o.side, kind: `${o.orderType} ${o.timeInForce}`, status: o.orderStatus,
    price: o.price, quantity: o.qty, filled: o.cumExecQty, spent: o.cumExecValue, fee, feeAsset,
  };
};

const fill = (f) => ({
  tradeID: f.execId, venueID: f.orderId, clientID: f.orderLinkId, side: f.side, price: f.execPrice, quantity: f.execQty,
  fee: f.execFee, feeAsset: f.feeCurrency, maker: f.isMaker, time: f.execTime,
});

// What spot orders hold is locked, and what others hold is margin of orders. They have eight places at most.
const sum = (...all) => all.reduce((n, s) => n + BigInt(Math.round(Number(s) * 1e8)), 0n);
const text = (n) => `${n / 100000000n}.${String(n % 100000000n).padStart(8, '0')}`;
const purse = (c) => {
  const orders = sum(c.locked, c.totalOrderIM);
  return { asset: c.coin, total: c.walletBalance, free: text(sum(c.walletBalance) - orders - sum(c.totalPositionIM)), orders: text(orders) };
};

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
    return list.flatMap((l) => l.coin).map(purse);
  },
  place: async ({ id, side, kind, price, quantity }) => {
    const o = { side: side === 'buy' ? 'Buy' : 'Sell', orderType: 'Limit', qty: quantity, orderLinkId: id };
    if (kind === 'market') Object.assign(o, { orderType: 'Market', marketUnit: 'baseCoin' });
    else Object.assign(o, { price, timeInForce: { limit: 'GTC', ioc: 'IOC', 'post-only': 'PostOnly' }[kind] });
    const { orderId } = await send('submitOrder', 'submitNewOrder', o);
    return { venueID: orderId };
  },
  amend: ({ id, price, quantity }) => send('amendOrder', 'amendOrder', { orderLinkId: id, price, qty: quantity }),
  cancel: ({ id }) => send('cancelOrder', 'cancelOrder', { orderLinkId: id }),
  query: async ({ id }) => {
    const [o] = await orders({ orderLinkId: id });
    if (!o) throw new Error(`no order ${id}`);
    return o;
  },
  open: () => orders({}),
  fills: async () => (await ask(rest.getExecutionList({ category, symbol, limit: 100 }))).list.map(fill),
  followAccount: () =>
    new Promise((subscribed, failed) => {
      const ws = new bybit.WebsocketClient({ key, secret, wsUrl: endpoints.private + '/v5/private' });
      ws.on('update', ({ topic, data }) => {
        if (topic === 'order') data.forEach((o) => tell('orders', state(o)));
        if (topic === 'execution') data.forEach((f) => tell('fills', fill(f)));
        if (topic === 'wallet') data.flatMap((w) => w.coin).forEach((c) => tell('purses', purse(c)));
      });
      ws.on('response', (e) => e.op === 'subscribe' && subscribed());
      ws.on('exception', (e) => failed(new Error(e.ret_msg ?? String(e))));
      ws.subscribeV5(['order', 'execution', 'wallet'], category);
    }),
  flood: () => flood(200, '10006', () => orders({})),
});
