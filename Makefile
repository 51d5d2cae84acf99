# Development shortcuts. CI runs .ci/run, which installs what it needs; these expect Go and golangci-lint on the machine.
.PHONY: check fmt vet lint test race fuzz bench examples

FUZZTIME ?= 5s

check: fmt vet lint race fuzz examples

fmt:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "not formatted: run gofmt -w ."; exit 1; }

vet:
	go vet ./... ./examples/engine/...

lint:
	golangci-lint run ./...
	cd examples/engine && GOWORK=off golangci-lint run --config ../../.golangci.yml ./...

test:
	go test ./... ./examples/engine/...

race:
	go test -race -count=1 ./... ./examples/engine/...

fuzz:
	.ci/fuzz $(FUZZTIME)

bench:
	go test -run '^$$' -bench . -benchmem ./...

examples:
	go build -o /dev/null ./examples/quickstart
	cd examples/engine && GOWORK=off go build -o /dev/null .
