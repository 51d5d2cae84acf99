package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// manifestName is the file in a recording's folder that says what its files are recordings of:
//
//	{"streams": [{"files": "spot_btcusdt*.gz", "address": "wss://stream.binance.com:9443/stream",
//	              "rest": "https://api.binance.com/api/v3/depth?symbol=BTCUSDT"}]}
//
// files is a pattern of path.Match; address is the connection's, for files that do not tell it themselves (form A); rest is the URL that
// the inline REST bodies of such a file were answers to.
const manifestName = "manifest.json"

type manifest struct {
	Streams []manifestStream `json:"streams"`
}

type manifestStream struct {
	Files   string `json:"files"`
	Address string `json:"address"`
	Rest    string `json:"rest"`
}

func readManifest(dir string) (m manifest, err error) {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, &ReplayError{File: manifestName, Err: err}
	}
	for _, s := range m.Streams {
		if _, err := path.Match(s.Files, ""); err != nil || s.Files == "" || s.Address == "" {
			return m, &ReplayError{File: manifestName, Err: fmt.Errorf("stream %q needs a pattern of files and an address", s.Files)}
		}
	}
	return m, nil
}

// origin is where the frames of a file without addresses of its own come from: the manifest says, or, in a folder named binance_*, the
// file's prefix. The symbol in the frames does not tell: "BTCUSDT" is spot and perpetual.
func (m manifest) origin(dir, file string) (manifestStream, bool) {
	for _, s := range m.Streams {
		if ok, _ := path.Match(s.Files, file); ok {
			return s, true
		}
	}
	if !strings.HasPrefix(filepath.Base(dir), "binance_") {
		return manifestStream{}, false
	}
	market, symbol, _ := strings.Cut(streamName(file), "_")
	symbol = strings.ToUpper(symbol)
	switch market {
	case "spot":
		return manifestStream{Address: "wss://stream.binance.com:9443/stream", Rest: "https://api.binance.com/api/v3/depth?symbol=" + symbol}, true
	case "usdm":
		return manifestStream{Address: "wss://fstream.binance.com/stream", Rest: "https://fapi.binance.com/fapi/v1/depth?symbol=" + symbol}, true
	}
	return manifestStream{}, false
}

// listed reports whether a pattern of the manifest names the file.
func (m manifest) listed(file string) bool {
	for _, s := range m.Streams {
		if ok, _ := path.Match(s.Files, file); ok {
			return true
		}
	}
	return false
}

// streamName is a file's name without extensions and part number: parts of one stream are one connection.
func streamName(file string) string {
	name, _ := splitPart(file)
	return name
}

// splitPart takes the part number off "x_part2.gz"; 0 is none.
func splitPart(file string) (stream string, part int) {
	stream = strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".jsonl")
	i := strings.LastIndex(stream, "_part")
	if i < 0 {
		return stream, 0
	}
	digits, rest := leadingDigits([]byte(stream[i+len("_part"):]))
	if len(digits) == 0 || len(digits) > 6 || len(rest) > 0 {
		return stream, 0
	}
	for _, d := range digits {
		part = part*10 + int(d-'0')
	}
	return stream[:i], part
}
