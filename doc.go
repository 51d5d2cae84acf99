// Package bothlegs is the root of a library for cross-exchange crypto arbitrage: both legs, or neither.
//
// It finds price differences between venues and trades them so that two orders on two venues behave as one. It is a library, not a
// bot: programs wire its packages together, as examples/engine does.
//
//   - exchange: the vocabulary and the ports; adapters for Binance, OKX and Bybit, and venues in memory, live below it
//   - feed: streams and order books that say when they cannot be trusted; replay of recordings
//   - arb: signals, each with its arithmetic, each rejection with its reason
//   - order: the coordinator that makes two orders one
//   - pnl: the ledger
//
// Data flows one way: a venue's socket, a book, a feed, a scanner, a coordinator, a venue's order entry, fills, the ledger. The
// packages in the middle do not know one another; what one needs of another it asks for as a small interface of its own.
//
// This root package has no code.
package bothlegs
