// Package okxtest is OKX in a box: a server that speaks its protocol over a sim.Engine.
package okxtest
