// Package arb finds arbitrages: prices at which buying in one market and selling in another leaves a profit after every cost.
//
// It is pure: it does no I/O, starts no goroutine, reads no clock and draws no random number. Time comes with the books, so that a
// replay decides exactly as live trading did.
//
// Two things live here. The functions on [Costs] and [Walk] answer one question about given prices or books, in
// [exchange.Decimal]; with a zero Costs they are the textbook inequality. A [Scanner] watches many pairs of markets, tick by tick,
// in integers; it sizes what it finds, makes a plan of it, and says of everything else which term ruled it out.
package arb
