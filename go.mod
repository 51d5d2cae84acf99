module github.com/bothlegs/bothlegs

go 1.26.0

require (
	github.com/cenkalti/backoff/v4 v4.3.0
	github.com/cockroachdb/apd/v3 v3.2.3
	github.com/gorilla/websocket v1.5.3
	golang.org/x/time v0.16.0
)
