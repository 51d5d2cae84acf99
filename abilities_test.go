package bothlegs_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/okx"
)

var update = flag.Bool("update", false, "write the README's table of abilities")

const (
	tableBegin = "<!-- abilities: go test -run TestReadmeShowsTheAbilities -update . -->\n"
	tableEnd   = "<!-- end of abilities -->\n"
)

// abilities is the README's table: every adapter has a line for everything that one of them has a line for.
func abilities(t *testing.T) string {
	venues := [][]exchange.Ability{binance.Abilities(), okx.Abilities(), bybit.Abilities()}
	var b strings.Builder
	b.WriteString("\n| | Binance | OKX | Bybit |\n|---|---|---|---|\n")
	for i, row := range venues[0] {
		fmt.Fprintf(&b, "| %s |", row.Name)
		for _, v := range venues {
			if i >= len(v) || v[i].Name != row.Name || len(v) != len(venues[0]) {
				t.Fatalf("the adapters' abilities are not the same list: line %d, %q", i, row.Name)
			}
			fmt.Fprintf(&b, " %s |", cell(v[i]))
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

func cell(a exchange.Ability) string {
	var kinds []string
	if a.Spot {
		kinds = append(kinds, "spot")
	}
	if a.Perp {
		kinds = append(kinds, "perp")
	}
	s := strings.Join(kinds, ", ")
	if s == "" {
		s = "no"
	}
	if a.Note != "" {
		s += ": " + a.Note
	}
	return s
}

// What the README says of the venues is what their adapters say.
func TestReadmeShowsTheAbilities(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, table := string(readme), abilities(t)
	before, rest, found := strings.Cut(text, tableBegin)
	shown, after, closed := strings.Cut(rest, tableEnd)
	if !found || !closed {
		t.Fatal("README.md has no place for the table of abilities")
	}
	if shown == table {
		return
	}
	if !*update {
		t.Fatalf("README.md shows another table of abilities; run\n\tgo test -run TestReadmeShowsTheAbilities -update .\nIt should be\n%s", table)
	}
	if err := os.WriteFile("README.md", []byte(before+tableBegin+table+tableEnd+after), 0o644); err != nil { //nolint:gosec // as it was
		t.Fatal(err)
	}
}
