module github.com/bothlegs/bothlegs/examples/engine

go 1.26.0

require github.com/bothlegs/bothlegs v0.0.0

require (
	github.com/cenkalti/backoff/v4 v4.3.0 // indirect
	github.com/cockroachdb/apd/v3 v3.2.3 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace github.com/bothlegs/bothlegs => ../..
