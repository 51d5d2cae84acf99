package simwire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Field is one header of an answer, the name as the venue spells it.
type Field struct{ Name, Value string }

// Answer is what is said to a request.
type Answer struct {
	Status  int // default 200
	Headers []Field
	Body    []byte
	Type    string // content type; default JSON
}

// JSON is an answer with v as its body; <, > and & stay as they are. It panics when v cannot be written.
func JSON(status int, v any, headers ...Field) Answer {
	return Answer{Status: status, Headers: headers, Body: Encode(v)}
}

// Encode is v as JSON, <, > and & as they are. It panics when v cannot be written.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("simwire: %T as JSON: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Write sends a.
func (a Answer) Write(w http.ResponseWriter) {
	a.head(w)
	_, _ = w.Write(a.Body)
}

func (a Answer) head(w http.ResponseWriter) {
	h := w.Header()
	kind := a.Type
	if kind == "" {
		kind = "application/json;charset=UTF-8"
	}
	h["Content-Type"] = []string{kind}
	h["Content-Length"] = []string{strconv.Itoa(len(a.Body))}
	for _, f := range a.Headers {
		h[f.Name] = append(h[f.Name], f.Value)
	}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	w.WriteHeader(a.Status)
}
