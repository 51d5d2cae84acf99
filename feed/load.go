package feed

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// loader fills a Replay from its folder.
type loader struct {
	r        *Replay
	dir      string
	manifest manifest
	left     int64 // bytes that may still be read
	conns    map[connKey]int32
	answers  map[connKey]int32 // by stream and URL
}

// connKey names a connection: files that are parts of one stream share its connections.
type connKey struct{ stream, name string }

func newLoader(r *Replay) *loader {
	return &loader{r: r, left: r.cfg.MaxBytes, conns: map[connKey]int32{}, answers: map[connKey]int32{}}
}

func (l *loader) load() (err error) {
	if l.dir, err = filepath.Abs(l.r.cfg.Dir); err != nil {
		return fmt.Errorf("feed: replay: %w", err)
	}
	if l.manifest, err = readManifest(l.dir); err != nil {
		return err
	}
	files, err := l.list()
	if err != nil {
		return err
	}
	for _, f := range files {
		l.r.files = append(l.r.files, f)
		if err := l.file(f); err != nil {
			return err
		}
	}
	l.route()
	byTime := func(a, b record) int { return cmp.Compare(a.at, b.at) }
	if !slices.IsSortedFunc(l.r.records, byTime) {
		slices.SortStableFunc(l.r.records, byTime)
	}
	if len(l.r.records) == 0 {
		return &ReplayError{File: files[0], Err: errors.New("nothing was received in it")}
	}
	return nil
}

// list is the recordings, by stream and part.
func (l *loader) list() (files []string, err error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("feed: replay: %w", err)
	}
	for _, e := range entries {
		n := e.Name()
		if !e.IsDir() && n != manifestName && (strings.HasSuffix(n, ".gz") || strings.HasSuffix(n, ".jsonl") || l.manifest.listed(n)) {
			files = append(files, n)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("feed: replay: no *.gz or *.jsonl file in %s, nor one that its manifest.json names: %w", l.r.cfg.Dir, exchange.ErrInvalid)
	}
	slices.SortFunc(files, func(a, b string) int {
		as, ap := splitPart(a)
		bs, bp := splitPart(b)
		return cmp.Or(cmp.Compare(as, bs), cmp.Compare(ap, bp), cmp.Compare(a, b))
	})
	for i, f := range files[1:] {
		s, p := splitPart(f)
		if before, q := splitPart(files[i]); s == before && p != q+1 {
			return nil, &ReplayError{File: f, Err: fmt.Errorf("part %d follows part %d of its stream", p, q)}
		}
	}
	return files, nil
}

// read unpacks a file whole: gzip's checksum is known good only at its end. Lines read before damage tell where it is.
func (l *loader) read(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(l.dir, name))
	if err != nil {
		return nil, fmt.Errorf("feed: replay: %w", err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, &ReplayError{File: name, Line: 1, Err: fmt.Errorf("no gzip file, or truncated: %w", err)}
		}
		in = z
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(io.LimitReader(in, l.left+1))
	line := 1 + bytes.Count(b.Bytes(), []byte("\n"))
	if err != nil {
		return nil, &ReplayError{File: name, Line: line, Err: fmt.Errorf("truncated or damaged: %w", err)}
	}
	if l.left -= int64(b.Len()); l.left < 0 {
		return nil, &ReplayError{File: name, Line: line, Err: fmt.Errorf("the recording has more than MaxBytes = %d", l.r.cfg.MaxBytes)}
	}
	if b.Len() == 0 {
		return nil, &ReplayError{File: name, Err: errors.New("empty")}
	}
	if _, zipped := in.(*gzip.Reader); !zipped && b.Bytes()[b.Len()-1] != '\n' { // no checksum tells
		return nil, &ReplayError{File: name, Line: line, Err: errors.New("truncated: the last line does not end")}
	}
	return b.Bytes(), nil
}

func (l *loader) file(name string) error {
	text, err := l.read(name)
	if err != nil {
		return err
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	parse := lineParser(first)
	for n := int32(1); len(text) > 0; n++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		if len(line) == 0 {
			continue // some recorders end with one
		}
		x, err := parse(line)
		if err == nil {
			err = l.add(name, n, x)
		}
		if err != nil {
			return &ReplayError{File: name, Line: int(n), Err: err}
		}
	}
	return nil
}

func (l *loader) add(file string, line int32, x recordedLine) error {
	rec := record{at: x.at, data: x.data, file: int32(len(l.r.files) - 1), line: line, kind: x.kind}
	var err error
	switch x.kind {
	case lineIgnored:
		return nil
	case lineConnect:
		rec.to, err = l.connect(streamName(file), x.conn, x.address)
	case lineFrame:
		rec.to, err = l.frame(file, x.conn)
	case lineAnswer:
		rec.to, err = l.answer(file, x.address)
	}
	l.r.records = append(l.r.records, rec)
	return err
}

// connect finds or makes the connection of that name. Made anew at another address it must still belong to the same protocol: frames do
// not say which address they are from.
func (l *loader) connect(stream, name, address string) (int32, error) {
	owner, err := l.owner(address)
	if err != nil {
		return 0, err
	}
	key := connKey{stream, name}
	if i, ok := l.conns[key]; ok {
		if l.r.conns[i].owner != owner {
			return 0, fmt.Errorf("connection %q goes on at %.80s, which is another market's", name, address)
		}
		return i, nil
	}
	c := &replayConn{stream: stream, owner: owner}
	if owner >= 0 {
		c.decoder = l.r.cfg.Protocols[owner].Decoder(l.r.book)
	}
	i := int32(len(l.r.conns))
	l.r.conns = append(l.r.conns, c)
	l.conns[key] = i
	return i, nil
}

func (l *loader) frame(file, conn string) (int32, error) {
	stream := streamName(file)
	if i, ok := l.conns[connKey{stream, conn}]; ok {
		return i, nil
	}
	if conn != "" {
		return 0, fmt.Errorf("connection %q has frames before its connect record", conn)
	}
	o, ok := l.manifest.origin(l.dir, file)
	if !ok {
		return 0, fmt.Errorf("nothing says which market these frames are of: %s should give the file's address", manifestName)
	}
	return l.connect(stream, conn, o.Address)
}

func (l *loader) answer(file, url string) (int32, error) {
	if url == "" {
		o, ok := l.manifest.origin(l.dir, file)
		if !ok || o.Rest == "" {
			return 0, fmt.Errorf("nothing says which market this REST answer is of: %s should give the file's rest URL", manifestName)
		}
		url = o.Rest
	}
	key := connKey{streamName(file), url}
	if i, ok := l.answers[key]; ok {
		return i, nil
	}
	if _, err := l.owner(url); err != nil {
		return 0, err
	}
	i := int32(len(l.r.answers))
	l.r.answers = append(l.r.answers, replayAnswer{url: url})
	l.answers[key] = i
	return i, nil
}

// route joins answers to connections, once all of them are known: an answer may stand before its connection in the file, or in a file
// of its own; then it goes to all connections of its protocol.
func (l *loader) route() {
	for key, i := range l.answers {
		owner, _ := l.owner(key.name)
		to := l.connsOf(owner, func(c *replayConn) bool { return c.stream == key.stream })
		if len(to) == 0 {
			to = l.connsOf(owner, func(*replayConn) bool { return true })
		}
		l.r.answers[i].conns = to
	}
}

func (l *loader) connsOf(owner int, is func(*replayConn) bool) (r []*replayConn) {
	for _, c := range l.r.conns {
		if c.decoder != nil && c.owner == owner && is(c) {
			r = append(r, c)
		}
	}
	return r
}

// owner is the index of the protocol whose address this is; -1 when there is none and that is allowed.
func (l *loader) owner(address string) (int, error) {
	owner := -1
	for i, p := range l.r.cfg.Protocols {
		if !p.Owns(address) {
			continue
		}
		if owner >= 0 {
			return -1, fmt.Errorf("two protocols own %.80s", address)
		}
		owner = i
	}
	if owner < 0 && !l.r.cfg.SkipUnowned {
		return -1, fmt.Errorf("no protocol owns %.80s", address)
	}
	return owner, nil
}
