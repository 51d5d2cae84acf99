// okx-api, by the test's commands: orders over REST, or over WebSocket where settings.socket says so. Sizes are the venue's: contracts of swaps.
import { RestClient, WebsocketAPIClient, WebsocketClient } from 'okx-api';
import { Ladder, Refusal, flood, serve, settings, tell } from './rpc.mjs';

const { endpoints, key, secret, passphrase, market, socket } = settings;
const instType = market.endsWith('-SWAP') ? 'SWAP' : 'SPOT';
const tdMode = instType === 'SWAP' ? 'cross' : 'cash';
const rest = new RestClient({ apiKey: key, apiSecret: secret, apiPass: passphrase, baseUrl: endpoints.rest });
const accounts = [{ apiKey: key, apiSecret: secret, apiPass: passphrase }];
const wsUrl = endpoints.private + '/ws/v5/private';
const api = socket && new WebsocketAPIClient({ wsUrl, accounts, attachEventListeners: false });

// ask makes what the library throws for the venue a refusal: of orders, the order's own code.
async function ask(promise) {
  try {
    return await promise;
  } catch (e) {
    const one = e?.data?.[0];
    if (one?.sCode && one.sCode !== '0') throw new Refusal(one.sCode, one.sMsg);
    if (/^\d+$/.test(e?.code)) throw new Refusal(e.code, e.msg);
    throw e;
  }
}

// send changes something: over the socket the market goes by its number.
let instIdCode;
async function send(restName, socketName, o) {
  if (!api) return ask(rest[restName]({ instId: market, ...o }));
  instIdCode ??= (await ask(rest.getInstruments({ instType, instId: market })))[0].instIdCode;
  return ask(api[socketName]({ instIdCode, ...o }));
}

// What is paid is negative here.
const paid = (fee) => (fee.startsWith('-') ? fee.slice(1) : Number(fee) === 0 ? fee : `-${fee}`);

const state = (o) => ({
  id: o.clOrdId, venueID: o.ordId, side: o.side, kind: o.ordType, status: o.state,
  price: o.px, quantity: o.sz, filled: o.accFillSz, average: o.avgPx, fee: paid(o.fee), feeAsset: o.feeCcy,
});

const fill = (f, fee, feeAsset) => ({
  tradeID: f.tradeId, venueID: f.ordId, clientID: f.clOrdId, side: f.side, price: f.fillPx, quantity: f.fillSz,
  fee: paid(fee), feeAsset, maker: f.execType === 'M', time: f.fillTime,
});

const purse = (d) => ({ asset: d.ccy, total: d.cashBal, free: d.availBal, orders: d.ordFrozen });

serve({
  instruments: async () => (await ask(rest.getInstruments({ instType }))).map((i) => ({ name: i.instId, tick: i.tickSz, lot: i.lotSz })),
  book: async () => {
    const [b] = await ask(rest.getOrderBook({ instId: market, sz: '400' }));
    return new Ladder().change(b.bids, b.asks);
  },
  followBook: () => {
    const ws = new WebsocketClient({ wsUrl: endpoints.stream + '/ws/v5/public' });
    let book, seq;
    ws.on('update', ({ arg, action, data: [b] }) => {
      if (arg.channel !== 'books') return;
      if (action === 'snapshot') book = new Ladder();
      else if (b.prevSeqId !== seq) throw new Error(`a gap: ${b.prevSeqId} after ${seq}`);
      seq = b.seqId;
      tell('book', book.change(b.bids, b.asks));
    });
    ws.subscribe({ channel: 'books', instId: market });
  },
  balances: async () => {
    const [a] = await ask(rest.getBalance());
    return a.details.map(purse);
  },
  place: async ({ id, side, kind, price, quantity }) => {
    const ordType = kind === 'post-only' ? 'post_only' : kind;
    const o = { tdMode, side, ordType, sz: quantity, clOrdId: id };
    if (kind !== 'market') o.px = price;
    else if (instType === 'SPOT') o.tgtCcy = 'base_ccy';
    const a = await send('submitOrder', 'submitNewOrder', o);
    return { venueID: (a.data ?? a)[0].ordId };
  },
  amend: ({ id, price, quantity }) => send('amendOrder', 'amendOrder', { clOrdId: id, newPx: price, newSz: quantity }),
  cancel: ({ id }) => send('cancelOrder', 'cancelOrder', { clOrdId: id }),
  query: async ({ id }) => state((await ask(rest.getOrderDetails({ instId: market, clOrdId: id })))[0]),
  open: async () => (await ask(rest.getOrderList({ instType, instId: market }))).map(state),
  fills: async () => (await ask(rest.getFills({ instType, instId: market }))).map((f) => fill(f, f.fee, f.feeCcy)),
  followAccount: () =>
    new Promise((subscribed, failed) => {
      const ws = new WebsocketClient({ wsUrl, accounts });
      ws.on('update', ({ arg, data }) => {
        if (arg.channel === 'account') return data.flatMap((a) => a.details).forEach((d) => tell('purses', purse(d)));
        for (const o of data) {
          tell('orders', state(o));
          if (o.tradeId) tell('fills', fill(o, o.fillFee, o.fillFeeCcy));
        }
      });
      let channels = 2;
      ws.on('response', (e) => e.event === 'subscribe' && --channels === 0 && subscribed());
      ws.on('exception', (e) => failed(new Refusal(e.code, e.msg)));
      ws.subscribe([{ channel: 'orders', instType }, { channel: 'account' }]);
    }),
  flood: () => flood(120, '50011', () => ask(rest.getOrderBook({ instId: market, sz: '1' }))),
});
