package bybittest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"hash"
	"io"
	"strconv"
	"sync"
	"time"
)

// verifier checks the signatures of one key: HMAC-SHA256 in lowercase hex, or RSA with SHA-256 and PKCS #1 v1.5 in base64.
type verifier struct {
	key    Key
	public *rsa.PublicKey // nil: HMAC

	mu  sync.Mutex // guards mac
	mac hash.Hash  // keyed
}

func newVerifier(k Key) (*verifier, error) {
	switch {
	case k.Key == "":
		return nil, fmt.Errorf("bybittest: a Key without Key")
	case (k.Secret == "") == (k.PublicKey == ""):
		return nil, fmt.Errorf("bybittest: key %.8q: want one of Secret and PublicKey", k.Key)
	case k.Secret != "":
		return &verifier{key: k, mac: hmac.New(sha256.New, []byte(k.Secret))}, nil
	}
	block, _ := pem.Decode([]byte(k.PublicKey))
	if block == nil {
		return nil, fmt.Errorf("bybittest: key %.8q: PublicKey is no PEM", k.Key)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		if parsed, err = x509.ParsePKCS1PublicKey(block.Bytes); err != nil {
			return nil, fmt.Errorf("bybittest: key %.8q: PublicKey is neither PKIX nor PKCS #1: %w", k.Key, err)
		}
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("bybittest: key %.8q: PublicKey is no RSA key: the venue takes no other", k.Key)
	}
	return &verifier{key: k, public: public}, nil
}

// accepts reports whether signature is that of head and body.
func (v *verifier) accepts(signature, head string, body []byte) bool {
	if v.public == nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.mac.Reset()
		_, _ = io.WriteString(v.mac, head)
		v.mac.Write(body)
		var sum [sha256.Size]byte
		var want [2 * sha256.Size]byte
		hex.Encode(want[:], v.mac.Sum(sum[:0]))
		return hmac.Equal(want[:], []byte(signature))
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	sum := sha256.Sum256(append([]byte(head), body...))
	return rsa.VerifyPKCS1v15(v.public, crypto.SHA256, sum[:], raw) == nil
}

// defaultWindow is for how long a request is valid that does not say it.
const defaultWindow = 5 * time.Second

// timely checks that a request reaches the gateway in its time: server - window <= stamp < server + 1 s.
func timely(now time.Time, stamp, window string) *refusal {
	from, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return refuse(codeParams, "params error: timestamp")
	}
	length := defaultWindow.Milliseconds()
	if window != "" {
		if length, err = strconv.ParseInt(window, 10, 64); err != nil || length < 0 {
			return refuse(codeParams, "params error: recv_window")
		}
	}
	server := now.UnixMilli()
	if from < server-length || from >= server+1000 {
		return untimely(server, from, length)
	}
	return nil
}

func untimely(server, from, length int64) *refusal {
	const text = "invalid request, please check your server timestamp or recv_window param. "
	return refuse(codeTime, text+"req_timestamp[%d],server_timestamp[%d],recv_window[%d]", from, server, length)
}
