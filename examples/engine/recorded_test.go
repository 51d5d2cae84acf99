package main

import (
	"os"
	"path/filepath"
	"testing"
)

// recorded is a folder of real recorded traffic, which is no part of the repository.
func recorded(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("BOTHLEGS_FIXTURES")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	dir := filepath.Join(root, "streams", name)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if os.Getenv("BOTHLEGS_REQUIRE_FIXTURES") == "1" {
		t.Fatalf("the recording %s is demanded and absent", dir)
	}
	t.Skipf("the recording %s is absent; BOTHLEGS_FIXTURES names the folder that holds it", name)
	return ""
}

// Recorded in 2024: Bitcoin spot and perpetual on Binance. Without fees the perpetual's discount is an arbitrage; with fees it is none.
func TestReplayBinance(t *testing.T) {
	dir := recorded(t, "binance_2024-08-08")
	s := summaryOf(t, "-replay", dir, "-speed", "max", "-fee-bps", "0", "-min-edge-bps", "3")
	balanced(t, s)
	if s.Gaps != 0 || s.Signals == 0 || s.Completed == 0 || !s.Fees.IsZero() || s.NetPnL.Sign() <= 0 {
		t.Errorf("%+v", s)
	}
	if s.Messages != 193526 {
		t.Errorf("%d messages, the three files hold 193526 frames", s.Messages)
	}
	s = summaryOf(t, "-replay", dir, "-speed", "max")
	balanced(t, s)
	if s.Gaps != 0 || s.Completed != 0 || s.Rejected["fees"] == 0 || s.Rejected["skew"] == 0 {
		t.Errorf("with default fees: %+v", s)
	}
}

// Recorded in 2026: spot and linear on Bybit, 44 seconds.
func TestReplayBybit(t *testing.T) {
	s := summaryOf(t, "-replay", recorded(t, "bybit_2026-08-09"), "-speed", "max", "-fee-bps", "0", "-min-edge-bps", "3")
	balanced(t, s)
	if s.Gaps != 0 || s.Completed < 1 {
		t.Errorf("%+v", s)
	}
}
