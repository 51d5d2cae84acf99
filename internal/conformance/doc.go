// Package conformance lets client libraries that other people wrote trade on this project's simulated venues: what those take for
// Binance, OKX or Bybit is near enough to the real thing. There is nothing to import: it is tests, in a module of their own, so that the
// foreign libraries are nobody else's dependencies. The script run installs what is needed and runs them.
package conformance
