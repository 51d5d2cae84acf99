// Package bothlegs is the root of a library for cross-exchange crypto arbitrage: both legs, or neither.
package bothlegs
