// Command assert reads the last line of a file as a JSON object and holds conditions against it: "completed > 0", "gaps == 0",
// "ledger_imbalance == 0". Numbers in strings count as numbers. Exit 1 names each condition that does not hold.
package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: assert FILE 'field op number' ...")
		os.Exit(2)
	}
	raw, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	last := lines[len(lines)-1]
	var object map[string]any
	d := json.NewDecoder(strings.NewReader(last))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		fmt.Fprintf(os.Stderr, "the last line of %s is no JSON object: %v\n%s\n", os.Args[1], err, last)
		os.Exit(1)
	}
	failed := false
	for _, c := range os.Args[2:] {
		if err := hold(object, c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
		}
	}
	fmt.Println(last)
	if failed {
		os.Exit(1)
	}
}

func hold(object map[string]any, condition string) error {
	f := strings.Fields(condition)
	if len(f) != 3 {
		return fmt.Errorf("condition %q: want 'field op number'", condition)
	}
	v, ok := object[f[0]]
	if !ok {
		return fmt.Errorf("no field %q", f[0])
	}
	got, ok1 := new(big.Rat).SetString(fmt.Sprint(v))
	want, ok2 := new(big.Rat).SetString(f[2])
	if !ok1 || !ok2 {
		return fmt.Errorf("%s: %v is no number", condition, v)
	}
	c := got.Cmp(want)
	if !map[string]bool{"==": c == 0, "!=": c != 0, ">": c > 0, ">=": c >= 0, "<": c < 0, "<=": c <= 0}[f[1]] {
		return fmt.Errorf("does not hold: %s (it is %v)", condition, v)
	}
	return nil
}
