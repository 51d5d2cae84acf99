// Package sim is a venue in memory: matching, balances, positions, fees, latency and faults.
//
// It has four layers, each usable alone:
//
//   - [Engine] is one account at one venue as a value: pure, time is an argument. Its liquidity follows the books that it is given
//     (generated, replayed or live); what an order takes stays taken until that level changes in the books.
//   - [Loop] is virtual time: timed events on one thread.
//   - [Link] is an Engine on a Loop, behind latency and faults: the asynchronous venue of backtests and seed tests.
//   - [Exchange] is an Engine behind the blocking ports of package exchange, with real timers.
//
// All but Exchange, which runs on the machine's clock, are the same to the byte for one seed; 0 is a seed like any other.
//
// [Generator] makes books where there is no recording. What this form does not play: several accounts at one engine, trades
// between orders of one account (they only meet the books), liquidation and funding.
package sim
