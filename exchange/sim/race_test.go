//go:build race

package sim_test

// The race detector makes everything ten times slower: long runs are shorter under it.
const underRace = true
