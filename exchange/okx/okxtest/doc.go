// Package okxtest is OKX in a box, as net/http/httptest is a web server: it speaks the venue's protocol (API v5, as documented in 2026) over a
// [sim.Engine], on 127.0.0.1 or in memory, for tests and simulations. Every OKX client can trade there; nothing of this library's adapter
// is in it.
//
// What it plays, on three hosts (see [Server.URL]):
//
//   - REST, with signatures, times and permissions checked, and the venue's limits: public time, instruments, mark prices, books (to 400 and
//     to 5000 levels), tickers; account configuration, balances, positions, fees, instruments, leverage, order rate; orders placed, canceled and
//     amended, one or up to twenty at a time, queried, listed (working, ended, archived), their fills, the dead man's switch.
//   - Public WebSocket: books, books5, bbo-tbt, books50-l2-tbt, books-l2-tbt, tickers. Books are chained by seqId and prevSeqId; their checksum is 0,
//     as it is since June 2026; after a minute without a change they are told once more.
//   - Private WebSocket: login; orders, fills, account, positions, balance_and_position; and order entry, where a market goes by its instIdCode.
//
// Answers to orders are acknowledgements, as they are there: a post-only order that would take is taken, and then canceled with
// cancelSource 31; what became of an amendment is told on the channel orders. Sizes of swaps are in contracts. A client order id may be used
// again when its order has ended. Text pings are answered, thirty silent seconds end a connection. An account has one level (see
// [Level]); spot is traded with tdMode cash or cross as that wants it.
//
// What it does not play: other kinds of instruments, margin loans, isolated margin and leverage other than 10, hedge mode beyond its
// refusal, price bands, algo orders, amendments of attached orders, trades and candles of the public, the business host, sub-account limits beyond
// the number of orders, liquidation, fees in points, a largest market order in USDT (maxMktSz of spot is in base). Volumes and prices of 24 hours
// are made up.
//
// Requests and messages meet the faults of [Config], and those added to [Server.Injector]. Where the venue has no words for one, it says
// what comes nearest: refused orders are 51022, an overload is 50013, a failure without a word about the outcome 50004, 50001 or 50026.
// Its rate limits have no headers.
package okxtest
