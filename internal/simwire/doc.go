// Package simwire is what the simulated venues on the wire have in common: hosts and sockets that can fail, accounts of rates, pictures of
// books for delta streams, and what an engine's events become on their way to subscribers. It knows no venue: what is said, and when, is
// for the package of each.
//
// A server is put together from these pieces:
//
//   - [Hosts] are its addresses, on 127.0.0.1 or in memory. Closing them ends every connection and waits for every goroutine.
//   - [Request] is one HTTP request, kept in the order in which it was signed; [Answer] is what is said to it. [Hosts.Meet] lets a request meet
//     its [sim.Fate] between the two. [Calls] keeps what came, for tests.
//   - [Socket] is one WebSocket: a reader, a writer with a bounded queue, the venue's heartbeat and its limits. [Socket.Push] lets a message of
//     a stream meet its fate, [Socket.Meet] a request.
//   - [Meter] counts what was used of each limit, refuses and bans.
//   - [Topics] are the subscriptions of one socket, woken by the floor; in them [Picture] is what a subscriber was shown of a book, [Cursor]
//     where it is in the events of its account, and [Holdings] what it knows of balances and positions. [Format] writes a market's numbers.
//
// All clocks are time.Now, all waits are timers and channels: in a synctest bubble everything happens in virtual time.
package simwire
