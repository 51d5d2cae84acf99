// Package sim is a venue in memory: matching, balances, positions, fees, latency and faults.
//
// It has layers, each usable alone:
//
//   - [Engine] is a venue and its accounts as a value: pure, time is an argument. Orders meet one another, and the books that it is given
//     (generated, replayed or live); what an order takes of a book stays taken until that level changes in the books.
//   - [Loop] is virtual time: timed events on one thread.
//   - [Link] is an account of an Engine on a Loop, behind latency and faults: the asynchronous venue of backtests and seed tests.
//   - [Floor] is an Engine that several clients meet, on the machine's clock.
//   - [Exchange] is an account on a Floor behind the blocking ports of package exchange, with real timers.
//   - [Injector] gives each call and each message of a stream its fate, by a script or by chance: [Faults], [Latency].
//
// The packages binancetest, okxtest and bybittest, below the adapters, put the protocols of real venues before a Floor.
//
// All but Floor and Exchange, which run on the machine's clock, are the same to the byte for one seed; 0 is a seed like any other.
//
// [Generator] makes books where there is no recording. What this form does not play: liquidation; and what closing a
// part of a position brings can be spent when the position is flat (see [Engine.Realised]).
package sim
