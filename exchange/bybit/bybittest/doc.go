// Package bybittest plays Bybit: a server that speaks the venue's API v5, for spot and linear perpetuals of unified accounts, over an engine of
// package sim. It is to exchange/bybit, and to anybody else's client, what net/http/httptest is to an HTTP client. No code of the adapter
// is in it: signatures, codes and payloads are read and written by code of its own, after the venue's documentation (docs v5, 2026-07).
//
// # What it plays
//
// REST: market/time, instruments-info with pages, orderbook, tickers; order/create, amend, cancel, cancel-all, realtime, history,
// disconnected-cancel-all; execution/list and position/list with pages; account/wallet-balance, fee-rate, info; user/query-api; set-leverage,
// switch-mode and set-margin-mode, of which each has one value: others are refused.
//
// Sockets: v5/public/spot and v5/public/linear with orderbook.1, 50, 200 and 1000, tickers and publicTrade; v5/private with order, execution,
// execution.fast, position and wallet, all-in-one or by category, and dcp; v5/trade with order.create, order.amend and order.cancel. Requests are
// acknowledged, spot and linear each in its own words; pings are the client's to send; a socket that is silent on both sides is cut after 10
// minutes, or what max_active_time asks for.
//
// Signatures (HMAC and RSA), the time window, rights of keys, rates by account and path with their headers, and rates by address, beyond which the
// address is refused with HTTP 403 for ten minutes. The rules of instruments, in the venue's order and codes, which differ between spot and
// linear. An order's acknowledgement is the gateway's: post-only orders that would take, IOC and FOK orders that find nothing are acknowledged,
// and end on the order stream. Order links are good for one order for ever. Market orders are in base or in quote. A position that closes in
// parts shows its entry price, and has in the wallet what was realised. With Config.Band spot refuses prices out of the band, and linear moves them
// to its edge.
//
// Faults of package sim become the venue's: an address that is shut out is HTTP 403, too many requests are 10006 with headers, a
// clock that differs is 10002, an overload is HTTP 429 with 10429, an answer that does not say what happened is 10000 or 10016. The venue never
// says with certainty that something failed inside: sim.Failed503 is HTTP 503 with 10016, of which no client can tell that nothing was done.
//
// # What it does not play
//
// Conditional orders, take-profit and stop-loss, RPI, batches, borrowing (isLeverage is kept and does nothing), hedge mode, portfolio margin,
// inverse contracts, options, dated futures, spreads, transfers, klines (they answer with empty lists), funding on the execution stream, liquidation,
// maintenance margin. Public trades are those of the engine's accounts only, and tickers have no history. The u of a book counts the messages of one
// subscription, without a gap; that of the REST answer is the engine's number, in which seq counts too: none of them can be compared with another
// subscription's u, seq can.
package bybittest
